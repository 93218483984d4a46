// SPDX-License-Identifier: ISC
/* Devices that are lost while the unikernel runs: noticed, reported, told to the unikernel. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host/tender/pci_parts.h"

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* False: it was lost before. */
static bool mark(struct tender_pci_device *device)
{
    const uint64_t one = 1;

    if (atomic_exchange(&device->lost, true))
        return false;
    /* It can only fail if the descriptor is readable anyway. */
    (void)!write(device->irq_fd, &one, sizeof(one));
    return true;
}

static void lose(struct tender_pci_loss *loss, struct tender_pci_device *device, const char *why)
{
    if (!mark(device))
        return;
    fprintf(stderr, "%s: device \"%s\" (%s) is gone: %s\n", program_invocation_short_name,
            device->name, device->where, why);
    if (loss->first == NULL)
        loss->since = now_ms();
    if (loss->first == NULL)
        loss->first = device;
}

void tender_pci_loss_init(struct tender_pci_loss *loss, struct tender_pci *pci, struct pollfd *poll)
{
    *loss = (struct tender_pci_loss){.pci = pci, .poll = poll, .looked = now_ms()};
    for (unsigned i = 0; i < pci->count; i++)
        poll[i] = (struct pollfd){.fd = pci_lost_fd(pci->device[i].access),
                                  .events = pci_lost_events(pci->device[i].access)};
}

static int left(uint64_t since, uint64_t span)
{
    uint64_t passed = now_ms() - since;

    return passed < span ? (int)(span - passed) : 0;
}

int tender_pci_loss_timeout(const struct tender_pci_loss *loss)
{
    int look = left(loss->looked, TENDER_LOST_LOOK_MS);
    int grace = loss->first != NULL ? left(loss->since, TENDER_LOST_GRACE_MS) : look;

    return grace < look ? grace : look;
}

/* What a descriptor says of itself. A socket ends, all others count. */
static const char *reason(const struct pollfd *poll)
{
    return poll->events == POLLRDHUP ? "its server has ended the connection"
                                     : "it reported an error from which it does not recover, or is "
                                       "to be unplugged";
}

/* Where a device answers no more, its library says so best. */
static void look_at(struct tender_pci_loss *loss, unsigned i, bool look)
{
    struct tender_pci_device *device = &loss->pci->device[i];
    struct pci_error why;
    bool polled = loss->poll[i].revents != 0;

    if (atomic_load(&device->lost) || (!polled && !look))
        return;
    if (pci_check(device->access, &why) < 0) {
        /* Unless it was us who changed it. */
        if (!atomic_load(&loss->pci->ending))
            lose(loss, device, why.text);
    } else if (polled) {
        lose(loss, device, reason(&loss->poll[i]));
    }
}

int tender_pci_loss_step(struct tender_pci_loss *loss, struct tender_error *error)
{
    bool look = left(loss->looked, TENDER_LOST_LOOK_MS) == 0;

    if (look)
        loss->looked = now_ms();
    for (unsigned i = 0; i < loss->pci->count; i++) {
        look_at(loss, i, look);
        /* It stays readable, and nobody wants to know any more. */
        if (atomic_load(&loss->pci->device[i].lost) ||
            (loss->poll[i].revents != 0 && atomic_load(&loss->pci->ending)))
            loss->poll[i].fd = -1;
    }
    if (loss->first == NULL || left(loss->since, TENDER_LOST_GRACE_MS) > 0)
        return 0;
    return tender_fail(error, -ENODEV,
                       "device \"%s\" (%s) is gone, and the unikernel did not end by itself",
                       loss->first->name, loss->first->where);
}
