// SPDX-License-Identifier: ISC
/* HVT_POLL: sleep until a device of the guest's has something for it. */
#include "host/hvt/hypercall.h"

struct watch {
    struct pollfd fds[MFT_MAX_ENTRIES]; /* one for each device, one for events_wait */
    struct tender_pci_device *pci[MFT_MAX_ENTRIES];
    struct tender_net_device *net[MFT_MAX_ENTRIES];
    unsigned count;
};

static unsigned add(struct watch *watch, int fd)
{
    watch->fds[watch->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    watch->pci[watch->count] = NULL;
    watch->net[watch->count] = NULL;
    return watch->count++;
}

static void collect(struct hvt *hvt, struct watch *watch)
{
    watch->count = 0;
    for (unsigned i = 0; i < hvt->pci.count; i++) {
        struct tender_pci_device *device = &hvt->pci.device[i];

        if (device->irq_fd >= 0)
            watch->pci[add(watch, device->irq_fd)] = device;
    }
    for (unsigned i = 0; i < hvt->net.count; i++) {
        struct tender_net_device *device = &hvt->net.device[i];

        if (!device->gone)
            watch->net[add(watch, device->fd)] = device;
    }
}

/* The bit of the device behind fds[i] if it is ready, else 0. An interrupt is taken with this; a
 * frame is there until it is read. */
static uint64_t ready_bit(const struct watch *watch, unsigned i)
{
    short revents = watch->fds[i].revents;

    if (revents == 0)
        return 0;
    if (watch->net[i] != NULL)
        return tender_net_is_ready(watch->net[i], revents) ? 1ull << watch->net[i]->handle : 0;
    return tender_pci_irq_take(watch->pci[i]) ? 1ull << watch->pci[i]->handle : 0;
}

int hvt_poll(struct hvt *hvt, union argument *arg)
{
    struct hvt_poll *poll = &arg->poll;
    struct watch watch;
    uint64_t deadline;
    int ready;

    tender_pci_irq_rearm(&hvt->pci);
    collect(hvt, &watch);
    if (__builtin_add_overflow(events_now(), poll->timeout_nsecs, &deadline))
        deadline = EVENTS_NEVER;
    ready = events_wait(&hvt->events, watch.fds, watch.count, deadline, &hvt->error);
    if (ready < 0)
        return ready;
    poll->ready_set = 0;
    for (unsigned i = 0; ready > 0 && i < watch.count; i++)
        poll->ready_set |= ready_bit(&watch, i);
    poll->ret = __builtin_popcountll(poll->ready_set);
    return HVT_CONTINUE;
}
