// SPDX-License-Identifier: ISC
/* Resets of a host device: of its function, or of its bus with all that is on it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/pci/vfio.h"

#define DEPENDENT_MAX 256u /* a bus has no more functions */
#define GROUPS_MAX    32u

struct hot_reset_info {
    uint32_t argsz, flags, count;
    struct vfio_pci_dependent_device devices[DEPENDENT_MAX];
};

struct hot_reset {
    uint32_t argsz, flags, count;
    int32_t fds[GROUPS_MAX];
};

/* "0000:03:" of "0000:03:00.0". */
static size_t bus_length(const char *address)
{
    return (size_t)(strrchr(address, ':') + 1 - address);
}

/* A bus below a host bridge cannot be reset. */
static bool behind_a_bridge(const struct vfio *vfio)
{
    char link[PATH_MAX], address[PCI_ADDRESS_SIZE];
    char *path, *slash;
    bool found = false;

    snprintf(link, sizeof(link), "%s/bus/pci/devices/%s", vfio_sys_sysfs(), vfio->host.address);
    path = realpath(link, NULL);
    slash = path != NULL ? strrchr(path, '/') : NULL;
    if (slash != NULL) {
        *slash = '\0';
        found = pci_sysfs_address(vfio_sys_sysfs(), path, address) == 0;
    }
    free(path);
    return found;
}

bool vfio_reset_of_bus(const struct vfio *vfio)
{
    struct pci_sysfs_device *all;
    size_t length = bus_length(vfio->host.address);
    unsigned count;
    bool ours = true;

    if (!behind_a_bridge(vfio) || pci_sysfs_list(vfio_sys_sysfs(), &all, &count, NULL) < 0)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (strncmp(all[i].address, vfio->host.address, length) == 0 &&
            (all[i].is_bridge || strstr(all[i].driver, "vfio") == NULL))
            ours = false;
    }
    free(all);
    return ours;
}

/* The descriptor of a group that this process has, or -1. */
static int group_fd(struct vfio *vfio, uint32_t group)
{
    struct vfio *at = vfio;

    do {
        if (at->domain->group >= 0 && (uint32_t)at->domain->group == group)
            return at->domain->group_fd;
        at = vfio_next(&vfio->access, at);
    } while (at != NULL);
    return -1;
}

/* The proof that all that will be reset is ours: a descriptor of each group. */
static int collect(struct vfio *vfio, const struct hot_reset_info *info, struct hot_reset *reset)
{
    for (uint32_t i = 0; i < info->count; i++) {
        int fd = group_fd(vfio, info->devices[i].group_id);
        unsigned seen = 0;

        if (fd < 0)
            return -EPERM;
        while (seen < reset->count && reset->fds[seen] != fd)
            seen++;
        if (seen == GROUPS_MAX)
            return -E2BIG;
        if (seen == reset->count)
            reset->fds[reset->count++] = fd;
    }
    return 0;
}

/* -EPERM, -EINVAL: something else would be reset too; -ENODEV: the bus cannot be. */
static int hot_reset(struct vfio *vfio)
{
    struct hot_reset_info info = {.argsz = sizeof(info)};
    struct hot_reset reset = {.count = 0};
    int rc = vfio_sys_ioctl(vfio->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info);

    if (rc < 0)
        return rc;
    if (info.count > DEPENDENT_MAX)
        return -EPROTO;
    if (vfio->domain->group_fd >= 0)
        rc = collect(vfio, &info, &reset);
    else if (!(info.flags & VFIO_CDEV_HOT_RESET_OWNED))
        rc = -EPERM;
    if (rc < 0)
        return rc;
    reset.argsz = (uint32_t)(offsetof(struct hot_reset, fds) + reset.count * sizeof(reset.fds[0]));
    return vfio_patiently(vfio->fd, VFIO_DEVICE_PCI_HOT_RESET, &reset);
}

int vfio_reset(struct pci_access *dev, struct pci_error *error)
{
    struct vfio *vfio = vfio_of(dev);
    int rc = vfio_ready(vfio, error);

    if (rc < 0)
        return rc;
    if (vfio->flags & VFIO_DEVICE_FLAGS_RESET) {
        rc = vfio_patiently(vfio->fd, VFIO_DEVICE_RESET, NULL);
    } else {
        rc = hot_reset(vfio);
        if (rc == -EPERM || rc == -EINVAL || rc == -ENODEV) {
            if (dev->options.allow_no_reset)
                return 0;
            return pci_fail(
                error, -EPERM,
                "%s: it has no reset of its own, and one of its bus would reset devices "
                "that are not ours: the caller must allow it to be used without",
                vfio->host.address);
        }
    }
    if (rc < 0)
        return pci_fail(error, rc, "%s: the reset failed: %s", vfio->host.address, strerror(-rc));
    return 0;
}
