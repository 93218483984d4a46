// SPDX-License-Identifier: ISC
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/pci_bind.h"
#include "host/cli/pci_use.h"

/* Bound, or on the way there or back when that was interrupted. */
static bool is_ours(const struct pci_move *move)
{
    const struct pci_sysfs_device *device = &move->device;

    return pci_host_is_vfio(device->driver) ||
           (move->recorded && (!device->driver[0] || pci_host_is_vfio(device->override)));
}

static int check_one(const struct pci_host *host, struct pci_move *move, struct tender_error *error)
{
    const struct pci_sysfs_device *device = &move->device;
    char reason[PCI_REASON_SIZE];
    int r = pci_record_load(host, device, &move->record, error);

    if (r < 0)
        return r;
    move->recorded = r == 1;
    if (!is_ours(move))
        return tender_fail(error, -ENODEV, "%s is not bound to vfio-pci: it has %s%s",
                           device->address, device->driver[0] ? "the driver " : "no driver",
                           device->driver);
    if (pci_vfio_held(host, device, reason))
        return tender_fail(error, -EBUSY, "%s is in use: %s has IOMMU group %d open",
                           device->address, reason, device->group);
    return 0;
}

static void tell(FILE *out, const struct pci_host *host, const struct pci_move *move)
{
    const char *address = move->device.address;
    struct pci_sysfs_device now;

    if (pci_sysfs_read(host->sys, address, &now, NULL) != 0)
        return;
    fprintf(out, "%s: from %s to %s%s\n", address,
            move->device.driver[0] ? move->device.driver : "no driver",
            now.driver[0] ? now.driver : "no driver",
            move->recorded ? "" : ", which the kernel chose (penstock had not bound it)");
}

/* One that fails does not keep the others. */
static int give_back_all(FILE *out, const struct pci_host *host, struct pci_move *moves,
                         unsigned count, struct tender_error *error)
{
    int first = 0;

    for (unsigned i = 0; i < count; i++) {
        struct tender_error one;
        int r = pci_give_back(host, &moves[i], &one);

        if (r == 0)
            tell(out, host, &moves[i]);
        else if (first == 0)
            first = tender_fail(error, r, "%s", one.text);
    }
    return first;
}

int pci_cmd_unbind(FILE *out, const struct pci_host *host, char **names, unsigned count,
                   struct tender_error *error)
{
    struct pci_move *moves;
    int r = pci_moves_read(host, names, count, &moves, error), lock;

    if (r != 0)
        return r;
    for (unsigned i = 0; r == 0 && i < count; i++)
        r = check_one(host, &moves[i], error);
    if (r == 0)
        r = pci_may_write(host, moves, count, error);
    lock = r == 0 ? pci_record_lock(host, error) : r;
    r = lock < 0 ? lock : 0;
    if (r == 0)
        r = give_back_all(out, host, moves, count, error);
    if (lock >= 0)
        close(lock);
    free(moves);
    return r;
}
