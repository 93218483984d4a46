// SPDX-License-Identifier: ISC
/* Regions of a vfio-user device (spec, "VFIO_USER_DEVICE_GET_REGION_INFO"). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/pci/vfio_caps.h"
#include "host/pci/vfio_user.h"

/* Room for the structure and PCI_AREA_LIST_MAX areas. */
#define REPLY_ROOM 8192u

union region_reply {
    struct vfio_user_region_info info;
    uint8_t bytes[REPLY_ROOM];
};

/* Memory behind the end of a file would be SIGBUS for whoever touches it. */
static bool file_covers(int fd, uint64_t offset, uint64_t size)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || offset % PCI_PAGE != 0)
        return false;
    return !S_ISREG(st.st_mode) || pci_range_fits(offset, size, (uint64_t)st.st_size);
}

/* Takes the areas whose memory is there; a descriptor without any is no use. */
static void take_mapping(const union region_reply *reply, const struct pci_area_list *offered,
                         int fd, struct pci_raw_region *raw)
{
    uint64_t end;

    if (__builtin_add_overflow(reply->info.offset, reply->info.size, &end) || end > INT64_MAX)
        return;
    for (unsigned i = 0; i < offered->count; i++) {
        const struct pci_area *area = &offered->area[i];

        if (file_covers(fd, reply->info.offset + area->offset, area->size))
            pci_areas_add(&raw->areas, area->offset, area->size);
    }
    raw->offset = reply->info.offset;
}

static int digest(struct vfio_user *vu, unsigned region, const union region_reply *reply,
                  size_t size, struct vfio_user_fds *fds, struct pci_raw_region *raw)
{
    struct pci_area_list offered = {.count = 0};
    uint32_t caps = reply->info.flags & VFIO_USER_REGION_CAPS ? reply->info.cap_offset : 0;
    int rc;

    raw->size = reply->info.size;
    raw->readable = reply->info.flags & VFIO_USER_REGION_READABLE;
    raw->writable = reply->info.flags & VFIO_USER_REGION_WRITEABLE;
    raw->fd = -1;
    if (!(reply->info.flags & VFIO_USER_REGION_MMAP) || fds->count == 0 || raw->size == 0)
        return 0;
    if (caps != 0 && caps < sizeof(reply->info))
        return -EPROTO;
    rc = vfio_caps_areas(reply, size, caps, raw->size, &offered);
    if (rc < 0)
        return rc;
    take_mapping(reply, &offered, fds->fd[0], raw);
    if (raw->areas.count == 0)
        return 0;
    raw->fd = vu->region_fd[region] = fds->fd[0];
    fds->fd[0] = -1;
    return 0;
}

int vfio_user_region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                          struct pci_error *error)
{
    struct vfio_user *vu = vfio_user_of(dev);
    struct vfio_user_region_info ask = {.argsz = REPLY_ROOM, .index = region};
    struct vfio_user_request request = {
        .command = VFIO_USER_DEVICE_GET_REGION_INFO, .payload = &ask, .size = sizeof(ask)};
    struct vfio_user_fds fds = {.count = 0};
    union region_reply answer;
    struct vfio_user_reply reply = {
        .payload = &answer, .min = sizeof(answer.info), .max = sizeof(answer), .fds = &fds};
    int rc = vfio_user_call(vu, &request, &reply);

    if (rc < 0)
        return vfio_user_failed(vu, dev->where, "ask for a region", rc, error);
    if (answer.info.index != region || answer.info.argsz > sizeof(answer))
        rc = -EPROTO;
    else
        rc = digest(vu, region, &answer, reply.size, &fds, raw);
    vfio_user_fds_close(&fds);
    if (rc < 0)
        return pci_fail(error, rc, "%s: the server's description of region %u is malformed",
                        dev->where, region);
    return 0;
}
