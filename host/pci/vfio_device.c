// SPDX-License-Identifier: ISC
/* Opens a host device, on first use: the kernel resets it then. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "host/pci/vfio.h"

#define PATIENCE 200 /* times */
#define PAUSE_NS 10000000

int vfio_patiently(int fd, unsigned long request, void *argument)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int rc = vfio_sys_ioctl(fd, request, argument);

    for (unsigned i = 0; rc == -EAGAIN && i < PATIENCE; i++) {
        nanosleep(&pause, NULL);
        rc = vfio_sys_ioctl(fd, request, argument);
    }
    return rc;
}

int vfio_config_change(struct vfio *vfio, unsigned offset, uint16_t clear, uint16_t set)
{
    uint16_t value = 0;

    if (vfio_sys_read(vfio->fd, &value, sizeof(value), vfio->config_offset + offset) !=
        sizeof(value))
        return -EIO;
    value = (uint16_t)((value & ~clear) | set);
    if (vfio_sys_write(vfio->fd, &value, sizeof(value), vfio->config_offset + offset) !=
        sizeof(value))
        return -EIO;
    return 0;
}

static int learn(struct vfio *vfio, struct pci_error *error)
{
    struct vfio_device_info info = {.argsz = sizeof(info)};
    struct vfio_region_info config = {.argsz = sizeof(config), .index = PCI_REGION_CONFIG};
    int rc = vfio_sys_ioctl(vfio->fd, VFIO_DEVICE_GET_INFO, &info);

    if (rc == 0 && (!(info.flags & VFIO_DEVICE_FLAGS_PCI) || info.num_regions <= config.index))
        rc = -ENODEV;
    if (rc == 0)
        rc = vfio_sys_ioctl(vfio->fd, VFIO_DEVICE_GET_REGION_INFO, &config);
    if (rc == 0) {
        vfio->flags = info.flags;
        vfio->num_regions = info.num_regions;
        vfio->num_irqs = info.num_irqs;
        vfio->config_offset = config.offset;
        rc = vfio_irq_prepare(vfio);
    }
    if (rc < 0)
        return pci_fail(error, rc, "%s: VFIO does not say what it is: %s", vfio->host.address,
                        strerror(-rc));
    return 0;
}

int vfio_ready(struct vfio *vfio, struct pci_error *error)
{
    int rc;

    if (vfio->state > 0)
        return 0;
    if (vfio->state < 0)
        return pci_fail(error, vfio->state, "%s: it could not be opened before: %s",
                        vfio->host.address, strerror(-vfio->state));
    rc = vfio->domain->iommu->open_device(vfio, error);
    if (rc == 0)
        rc = learn(vfio, error);
    vfio->state = rc < 0 ? rc : 1;
    return rc;
}
