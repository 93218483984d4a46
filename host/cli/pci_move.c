// SPDX-License-Identifier: ISC
/* What bind and unbind have in common: which devices, and the way back. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/pci_bind.h"

static int read_all(const struct pci_host *host, char **names, unsigned count,
                    struct pci_move *moves, struct tender_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        int r = pci_host_device(host, names[i], &moves[i].device, error);

        if (r != 0)
            return r;
        for (unsigned j = 0; j < i; j++)
            if (strcmp(moves[i].device.address, moves[j].device.address) == 0)
                return tender_fail(error, -EINVAL, "%s is named twice", moves[i].device.address);
    }
    return 0;
}

int pci_moves_read(const struct pci_host *host, char **names, unsigned count,
                   struct pci_move **moves, struct tender_error *error)
{
    int r;

    *moves = calloc(count, sizeof(**moves));
    if (!*moves)
        return tender_fail(error, -ENOMEM, "no memory for %u devices", count);
    r = read_all(host, names, count, *moves, error);
    if (r != 0) {
        free(*moves);
        *moves = NULL;
    }
    return r;
}

int pci_may_write(const struct pci_host *host, const struct pci_move *moves, unsigned count,
                  struct tender_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        char path[PATH_MAX];

        if (pci_host_path(path, sizeof(path), "%s/bus/pci/devices/%s/driver_override", host->sys,
                          moves[i].device.address) &&
            access(path, W_OK) != 0)
            return tender_fail(error, -errno, "%s: %s%s", path, strerror(errno),
                               errno == EACCES ? " (only root may change drivers)" : "");
    }
    return 0;
}

int pci_device_write(const struct pci_host *host, const char *address, const char *file,
                     const char *text)
{
    char path[PATH_MAX];

    if (!pci_host_path(path, sizeof(path), "%s/bus/pci/devices/%s/%s", host->sys, address, file))
        return -ENAMETOOLONG;
    return host->write(host, path, text);
}

/* Lets the driver have it that had it; the kernel chooses where that driver is gone. */
static int attach(const struct pci_host *host, const struct pci_move *move)
{
    const char *driver = move->recorded ? move->record.driver : "";
    char path[PATH_MAX];
    int r = -ENOENT;

    if (move->recorded && !driver[0])
        return 0;
    if (driver[0] && pci_host_exists("%s/bus/pci/drivers/%s/bind", host->sys, driver) &&
        pci_host_path(path, sizeof(path), "%s/bus/pci/drivers/%s/bind", host->sys, driver))
        r = host->write(host, path, move->device.address);
    if (r == -ENOENT && pci_host_path(path, sizeof(path), "%s/bus/pci/drivers_probe", host->sys))
        r = host->write(host, path, move->device.address);
    return r;
}

static int say(const struct pci_move *move, const char *what, int r, struct tender_error *error)
{
    return tender_fail(error, r, "%s: %s: %s", move->device.address, what,
                       r == -ETIMEDOUT ? "the kernel does not answer (dmesg may say why)"
                                       : strerror(-r));
}

static int restore_override(const struct pci_host *host, const struct pci_move *move,
                            const char *now)
{
    const char *before = move->recorded ? move->record.override : pci_host_is_vfio(now) ? "" : now;

    if (strcmp(now, before) == 0)
        return 0;
    /* A line end alone means none. */
    return pci_device_write(host, move->device.address, "driver_override",
                            before[0] ? before : "\n");
}

/* The kernel is free to do nothing at all. */
static int settled(const struct pci_host *host, const struct pci_move *move,
                   struct tender_error *error)
{
    const char *address = move->device.address;
    struct pci_sysfs_device now;
    int r = pci_host_device(host, address, &now, error);

    if (r != 0)
        return r;
    if (pci_host_is_vfio(now.driver))
        return tender_fail(error, -EBUSY,
                           "%s: the kernel gave it to %s again; is there an option ids= of "
                           "vfio-pci on its command line or in /etc/modprobe.d?",
                           address, now.driver);
    if (move->recorded && move->record.driver[0] && !now.driver[0])
        return tender_fail(error, -ENODEV, "%s: its driver %s is gone; it has none now", address,
                           move->record.driver);
    if (move->recorded)
        pci_record_drop(host, address);
    return 0;
}

int pci_give_back(const struct pci_host *host, struct pci_move *move, struct tender_error *error)
{
    const char *address = move->device.address;
    struct pci_sysfs_device now;
    int r = pci_host_device(host, address, &now, error);

    if (r != 0)
        return r;
    r = restore_override(host, move, now.override);
    if (r != 0)
        return say(move, "its driver_override cannot be restored", r, error);
    if (pci_host_is_vfio(now.driver)) {
        r = pci_device_write(host, address, "driver/unbind", address);
        if (r != 0)
            return say(move, "vfio-pci does not let it go", r, error);
        now.driver[0] = 0;
    }
    if (!now.driver[0]) {
        r = attach(host, move);
        if (r != 0)
            return say(move, "its driver does not take it back", r, error);
    }
    return settled(host, move, error);
}
