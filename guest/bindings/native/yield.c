// SPDX-License-Identifier: ISC
#include <time.h>

#include "guest/bindings/native/native.h"

static unsigned add(int fd)
{
    native.poll[native.poll_count] = (struct pollfd){.fd = fd, .events = POLLIN};
    return native.poll_count++;
}

void native_poll_init(void)
{
    for (unsigned i = 0; i < native.pci.count; i++) {
        if (native.pci.device[i].irq_fd >= 0)
            native.poll_pci[add(native.pci.device[i].irq_fd)] = &native.pci.device[i];
    }
    for (unsigned i = 0; i < native.net.count; i++)
        native.poll_net[add(native.net.device[i].fd)] = &native.net.device[i];
}

/* The bit of the device behind poll[i] if it is ready, else 0. An interrupt is taken with this; a
 * frame is there until it is read. */
static solo5_handle_set_t ready_bit(unsigned i)
{
    struct tender_net_device *net = native.poll_net[i];
    struct tender_pci_device *pci = native.poll_pci[i];

    if (native.poll[i].revents == 0)
        return 0;
    if (net == NULL)
        return tender_pci_irq_take(pci) ? 1ull << pci->handle : 0;
    if (tender_net_is_ready(net, native.poll[i].revents) && !net->gone)
        return 1ull << net->handle;
    native.poll[i].fd = -1;
    return 0;
}

static solo5_handle_set_t take_ready(void)
{
    solo5_handle_set_t ready = 0;

    pthread_mutex_lock(&native.lock);
    for (unsigned i = 0; i < native.poll_count; i++)
        ready |= ready_bit(i);
    pthread_mutex_unlock(&native.lock);
    return ready;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set)
{
    solo5_handle_set_t ready = 0;
    solo5_time_t now = solo5_clock_monotonic();

    pthread_mutex_lock(&native.lock);
    tender_pci_irq_rearm(&native.pci);
    pthread_mutex_unlock(&native.lock);
    do {
        solo5_time_t left = deadline > now ? deadline - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                                   .tv_nsec = (long)(left % 1000000000u)};

        if (ppoll(native.poll, native.poll_count, &timeout, NULL) > 0)
            ready = take_ready();
        now = solo5_clock_monotonic();
    } while (ready == 0 && now < deadline);
    if (ready_set != NULL)
        *ready_set = ready;
}
