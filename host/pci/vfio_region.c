// SPDX-License-Identifier: ISC
/* Regions of a host device (linux/vfio.h, VFIO_DEVICE_GET_REGION_INFO). */
#include <errno.h>
#include <string.h>

#include "host/pci/vfio.h"

/* Room for the structure and PCI_AREA_LIST_MAX areas. */
#define INFO_ROOM 8192u

union region_info {
    struct vfio_region_info info;
    uint8_t bytes[INFO_ROOM];
};

static int take_areas(const union region_info *reply, struct pci_area_list *areas)
{
    const struct vfio_region_info *info = &reply->info;

    if (info->argsz > INFO_ROOM) /* which areas, there was no room for: none */
        return 0;
    return vfio_caps_areas(reply, info->argsz,
                           info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0,
                           info->size, areas);
}

int vfio_region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                     struct pci_error *error)
{
    union region_info reply = {.info = {.argsz = sizeof(reply), .index = region}};
    struct vfio *vfio = vfio_of(dev);
    uint64_t end;
    int rc = vfio_ready(vfio, error);

    if (rc < 0)
        return rc;
    if (region >= vfio->num_regions)
        return 0;
    rc = vfio_sys_ioctl(vfio->fd, VFIO_DEVICE_GET_REGION_INFO, &reply.info);
    if (rc < 0)
        return pci_fail(error, rc, "%s: VFIO does not say what region %u is: %s",
                        vfio->host.address, region, strerror(-rc));
    raw->size = reply.info.size;
    raw->readable = reply.info.flags & VFIO_REGION_INFO_FLAG_READ;
    raw->writable = reply.info.flags & VFIO_REGION_INFO_FLAG_WRITE;
    raw->offset = reply.info.offset;
    if (__builtin_add_overflow(raw->offset, raw->size, &end) || end > INT64_MAX)
        rc = -EPROTO;
    else if ((reply.info.flags & VFIO_REGION_INFO_FLAG_MMAP) && raw->size > 0)
        rc = take_areas(&reply, &raw->areas);
    if (rc < 0)
        return pci_fail(error, rc, "%s: VFIO's description of region %u is malformed",
                        vfio->host.address, region);
    if (raw->areas.count > 0)
        raw->fd = vfio->fd;
    return 0;
}

/* What pci_access.h promises: the device refused it, or it is gone. */
static int result(ssize_t count, unsigned size)
{
    if (count == (ssize_t)size)
        return 0;
    return count == -ENODEV ? -EPIPE : -EIO;
}

int vfio_region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                     uint64_t *value)
{
    struct vfio *vfio = vfio_of(dev);

    *value = 0; /* of which the lower bytes are read: both are little endian, as registers are */
    return result(vfio_sys_read(vfio->fd, value, size, dev->region_offset[region] + offset), size);
}

int vfio_region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value)
{
    struct vfio *vfio = vfio_of(dev);

    return result(vfio_sys_write(vfio->fd, &value, size, dev->region_offset[region] + offset),
                  size);
}
