// SPDX-License-Identifier: ISC
/*
 * Interrupts: one eventfd for all vectors of a device. Its counter is what keeps them from being
 * lost or doubled: an interrupt that comes before the counter is taken is part of what is taken,
 * one that comes later makes the descriptor readable again.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/tender/log.h"
#include "host/tender/pci_parts.h"

#define VECTORS_MAX 2048u

/* After a try with `count` in vain: how many the machine may have, 0 if it has none. */
static unsigned fewer(struct tender_pci_device *device, enum pci_irq_index kind, unsigned count,
                      int rc)
{
    unsigned known = pci_irq_count(device->access, kind);

    if (rc != -ENOSPC)
        return 0;
    return known < count ? known : count / 2;
}

/* All vectors of the kind, or as many as can be had. False: the device has none, or refuses. */
static bool enable(struct tender_pci_device *device, enum pci_irq_index kind)
{
    unsigned count = pci_irq_count(device->access, kind);
    int fds[VECTORS_MAX];
    struct pci_error why;
    int rc;

    if (count > VECTORS_MAX)
        count = VECTORS_MAX;
    for (unsigned i = 0; i < count; i++)
        fds[i] = device->irq_fd;
    while (count > 0) {
        rc = pci_irq_enable(device->access, kind, count, fds, &why);
        if (rc == 0)
            break;
        tender_debug("device \"%s\": %s", device->name, why.text);
        count = fewer(device, kind, count, rc);
    }
    if (count == 0)
        return false;
    device->irq_vectors = count;
    device->irq_kind = kind;
    return true;
}

int tender_pci_irq_start(struct tender_pci_device *device, struct tender_error *error)
{
    static const enum pci_irq_index kinds[] = {PCI_IRQ_MSIX, PCI_IRQ_MSI, PCI_IRQ_INTX};
    const bool may_write = device->want.flags & MFT_PCI_BUS_MASTER;

    device->irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (device->irq_fd < 0)
        return tender_pci_fail(error, -errno, device, "no eventfd: %s", strerror(errno));
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        /* MSI is a write to memory like any other (PCI Local Bus 3.0, 6.8). */
        if ((may_write || kinds[i] == PCI_IRQ_INTX) && enable(device, kinds[i]))
            return 0;
    }
    return 0;
}

void tender_pci_irq_stop(struct tender_pci_device *device)
{
    if (device->irq_fd >= 0)
        close(device->irq_fd);
    device->irq_fd = -1;
    device->irq_vectors = 0;
    device->irq_masked = false;
}

bool tender_pci_irq_take(struct tender_pci_device *device)
{
    uint64_t count;

    if (device->irq_fd < 0 || read(device->irq_fd, &count, sizeof(count)) != sizeof(count))
        return false;
    device->irq_masked = device->irq_vectors > 0 && device->irq_kind == PCI_IRQ_INTX;
    return true;
}

void tender_pci_irq_rearm(struct tender_pci *pci)
{
    for (unsigned i = 0; i < pci->count; i++) {
        struct tender_pci_device *device = &pci->device[i];

        if (!device->irq_masked || atomic_load(&device->lost))
            continue;
        device->irq_masked = false;
        pci_irq_unmask(device->access, device->irq_kind);
    }
}
