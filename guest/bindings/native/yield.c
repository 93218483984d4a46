// SPDX-License-Identifier: ISC
#include <time.h>

#include "guest/bindings/native/native.h"

/* The devices that raised an interrupt, which is taken with this. */
static solo5_handle_set_t take_interrupts(void)
{
    solo5_handle_set_t ready = 0;

    pthread_mutex_lock(&native.lock);
    for (unsigned i = 0; i < native.irqs_count; i++) {
        struct tender_pci_device *device = native.irq_device[i];

        if (native.irq_poll[i].revents != 0 && tender_pci_irq_take(device))
            ready |= 1ull << device->handle;
    }
    pthread_mutex_unlock(&native.lock);
    return ready;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set)
{
    solo5_handle_set_t ready = 0;
    solo5_time_t now = solo5_clock_monotonic();

    do {
        solo5_time_t left = deadline > now ? deadline - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                                   .tv_nsec = (long)(left % 1000000000u)};

        if (ppoll(native.irq_poll, native.irqs_count, &timeout, NULL) > 0)
            ready = take_interrupts();
        now = solo5_clock_monotonic();
    } while (ready == 0 && now < deadline);
    if (ready_set != NULL)
        *ready_set = ready;
}
