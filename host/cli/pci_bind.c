// SPDX-License-Identifier: ISC
#include "host/cli/pci_bind.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/pci_use.h"
#include "host/cli/pci_verdict.h"

#define VFIO "vfio-pci"

/* ---- may it be bound? ---- */

static int check_one(const struct pci_host *host, const struct pci_sysfs_device *device, bool force,
                     struct tender_error *error)
{
    char reason[PCI_REASON_SIZE];

    if (pci_host_is_vfio(device->driver))
        return 0;
    if (device->is_bridge || device->identity.class_code == 0x06)
        return tender_fail(error, -EINVAL, "%s is a bridge: this machine needs it",
                           device->address);
    if (device->group < 0)
        return tender_fail(error, -ENOTSUP,
                           "%s: without an IOMMU vfio-pci does not take it (penstock pci check)",
                           device->address);
    if (!force && pci_in_use(host, device, true, reason))
        return tender_fail(error, -EBUSY, "%s is in use: %s (--force takes it all the same)",
                           device->address, reason);
    return 0;
}

static bool all_bound(const struct pci_move *moves, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!pci_host_is_vfio(moves[i].device.driver))
            return false;
    return true;
}

static int need_driver(const struct pci_host *host, struct tender_error *error)
{
    int r = 0;

    if (!pci_host_exists("%s/bus/pci/drivers/" VFIO, host->sys))
        r = host->load(host, VFIO);
    /* Not everywhere does vfio-pci bring it along; where iommufd is, it may not exist. */
    if (!pci_host_exists("%s/module/vfio_iommu_type1", host->sys))
        host->load(host, "vfio_iommu_type1");
    if (!pci_host_exists("%s/bus/pci/drivers/" VFIO, host->sys))
        return tender_fail(error, -ENOTSUP, "this kernel has no driver " VFIO "%s%s",
                           r ? ", and modprobe " VFIO " failed: " : "", r ? strerror(-r) : "");
    return 0;
}

/* ---- one device ---- */

/* What it has now; or what it had, where an earlier bind did not get to its end. */
static int remember(const struct pci_host *host, struct pci_move *move, struct tender_error *error)
{
    const struct pci_sysfs_device *device = &move->device;
    int r = pci_record_load(host, device, &move->record, error);

    if (r < 0)
        return r;
    move->recorded = true;
    if (r == 1 && strcmp(device->override, VFIO) == 0)
        return 0;
    move->record =
        (struct pci_record){.vendor = device->identity.vendor, .device = device->identity.device};
    strcpy(move->record.driver, device->driver);
    strcpy(move->record.override, device->override);
    return pci_record_save(host, device->address, &move->record, error);
}

static int refuse(const struct pci_move *move, const char *what, int r, struct tender_error *error)
{
    return tender_fail(error, r, "%s: %s: %s", move->device.address, what,
                       r == -ETIMEDOUT ? "the kernel does not answer (dmesg may say why)"
                                       : strerror(-r));
}

static int take(const struct pci_host *host, struct pci_move *move, struct tender_error *error)
{
    const char *address = move->device.address;
    struct pci_sysfs_device now;
    char path[PATH_MAX], what[128];
    int r;

    move->moved = true;
    r = pci_device_write(host, address, "driver_override", VFIO);
    if (r != 0)
        return refuse(move, "its driver_override cannot be set", r, error);
    if (move->device.driver[0]) {
        snprintf(what, sizeof(what), "%s does not let it go", move->device.driver);
        r = pci_device_write(host, address, "driver/unbind", address);
        if (r != 0)
            return refuse(move, what, r, error);
    }
    r = pci_host_path(path, sizeof(path), "%s/bus/pci/drivers/" VFIO "/bind", host->sys)
            ? host->write(host, path, address)
            : -ENAMETOOLONG;
    if (r == 0)
        r = pci_sysfs_read(host->sys, address, &now, NULL);
    if (r == 0 && !pci_host_is_vfio(now.driver))
        r = -ENODEV;
    return r ? refuse(move, VFIO " does not take it", r, error) : 0;
}

/* ---- all of them ---- */

/* The first thing that goes wrong is what is told; what cannot be undone is told as well. */
static void take_back(const struct pci_host *host, struct pci_move *moves, unsigned count,
                      struct tender_error *error)
{
    struct tender_error undo;

    for (unsigned i = count; i-- > 0;) {
        size_t used = strlen(error->text);

        if (!moves[i].moved)
            continue;
        if (pci_give_back(host, &moves[i], &undo) != 0)
            snprintf(error->text + used, sizeof(error->text) - used, "; and %.200s", undo.text);
    }
}

static int bind_all(const struct pci_host *host, struct pci_move *moves, unsigned count,
                    struct tender_error *error)
{
    int lock = pci_record_lock(host, error), r = lock < 0 ? lock : 0;

    for (unsigned i = 0; r == 0 && i < count; i++) {
        if (pci_host_is_vfio(moves[i].device.driver))
            continue;
        r = remember(host, &moves[i], error);
        if (r == 0)
            r = take(host, &moves[i], error);
    }
    if (r != 0 && lock >= 0)
        take_back(host, moves, count, error);
    if (lock >= 0)
        close(lock);
    return r;
}

/* ---- what is said ---- */

static void hint(FILE *out, const struct pci_host *host, const struct pci_sysfs_device *device)
{
    struct pci_sysfs_device *members;
    unsigned count;

    if (pci_sysfs_group(host->sys, device->group, &members, &count, NULL) != 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        const struct pci_sysfs_device *other = &members[i];

        if (pci_sysfs_member_viable(other))
            continue;
        fprintf(out, "%s: cannot be used yet: %s of its IOMMU group has the driver %s; ",
                device->address, other->address, other->driver);
        if (other->is_bridge)
            fprintf(out, "to take it away: echo %s > %s/bus/pci/drivers/%s/unbind\n",
                    other->address, host->sys, other->driver);
        else
            fprintf(out, "to bind it as well: penstock pci bind %s\n", other->address);
    }
    free(members);
}

static void tell(FILE *out, const struct pci_host *host, const struct pci_move *moves,
                 unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct pci_sysfs_device *device = &moves[i].device;

        if (pci_host_is_vfio(device->driver))
            fprintf(out, "%s: %s has it already (/dev/vfio/%d)\n", device->address, device->driver,
                    device->group);
        else
            fprintf(out, "%s: from %s to " VFIO " (/dev/vfio/%d)\n", device->address,
                    device->driver[0] ? device->driver : "no driver", device->group);
    }
    for (unsigned i = 0; i < count; i++)
        hint(out, host, &moves[i].device);
}

int pci_cmd_bind(FILE *out, const struct pci_host *host, char **names, unsigned count, bool force,
                 struct tender_error *error)
{
    struct pci_move *moves;
    int r = pci_moves_read(host, names, count, &moves, error);

    if (r != 0)
        return r;
    for (unsigned i = 0; r == 0 && i < count; i++)
        r = check_one(host, &moves[i].device, force, error);
    if (r == 0 && !all_bound(moves, count)) {
        r = pci_may_write(host, moves, count, error);
        if (r == 0)
            r = need_driver(host, error);
        if (r == 0)
            r = bind_all(host, moves, count, error);
    }
    if (r == 0)
        tell(out, host, moves, count);
    free(moves);
    return r;
}
