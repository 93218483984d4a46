// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

/* A tender that wakes up too early, for whatever reason, is asked again. */
void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set)
{
    struct hvt_poll argument;
    solo5_time_t now = solo5_clock_monotonic();

    do {
        argument = (struct hvt_poll){.timeout_nsecs = deadline > now ? deadline - now : 0};
        cpu_hypercall(HVT_POLL, &argument);
        now = solo5_clock_monotonic();
    } while (argument.ret == 0 && now < deadline);
    if (ready_set)
        *ready_set = argument.ret > 0 ? argument.ready_set : 0;
}
