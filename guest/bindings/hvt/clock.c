// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

solo5_time_t solo5_clock_monotonic(void)
{
    return tick_scale_nsecs(&hvt_guest.ticks, cpu_ticks());
}

solo5_time_t solo5_clock_wall(void)
{
    solo5_time_t now = solo5_clock_monotonic();

    if (wall_clock_is_stale(&hvt_guest.wall, now)) {
        struct hvt_walltime argument = {0};

        cpu_hypercall(HVT_WALLTIME, &argument);
        now = solo5_clock_monotonic();
        hvt_guest.wall = (struct wall_clock){.wall = argument.nsecs, .monotonic = now};
    }
    return wall_clock_at(&hvt_guest.wall, now);
}
