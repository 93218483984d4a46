// SPDX-License-Identifier: ISC
/*
 * A server may ask for memory that it did not map itself (spec, "VFIO_USER_DMA_READ" and
 * "..._WRITE"). We share all of it by descriptor, so this is rare; it is answered while we wait for
 * a reply, straight from and to the memory that was mapped for DMA.
 */
#include <errno.h>

#include "host/pci/vfio_user.h"

int vfio_user_discard(int fd, size_t size, struct vfio_user_deadline deadline)
{
    char scratch[4096];

    while (size > 0) {
        size_t part = size < sizeof(scratch) ? size : sizeof(scratch);
        int rc = vfio_user_recv(fd, scratch, part, NULL, deadline);

        if (rc < 0)
            return rc;
        size -= part;
    }
    return 0;
}

/* Where [iova, iova + size) lies in this process, or NULL. */
static void *dma_at(const struct vfio_user *vu, uint64_t iova, uint64_t size)
{
    for (const struct pci_dma *dma = vu->access.dma; dma != NULL; dma = dma->next) {
        if (dma->address != NULL && iova >= dma->iova &&
            pci_range_fits(iova - dma->iova, size, dma->size))
            return (char *)dma->address + (iova - dma->iova);
    }
    return NULL;
}

static int answer(struct vfio_user *vu, const struct vfio_user_header *asked, int error,
                  const struct vfio_user_request *reply, struct vfio_user_deadline deadline)
{
    struct vfio_user_header header = {
        .msg_id = asked->msg_id,
        .command = asked->command,
        .msg_size = (uint32_t)(sizeof(header) + reply->size + reply->data_size),
        .flags = VFIO_USER_TYPE_REPLY | (error != 0 ? VFIO_USER_FLAG_ERROR : 0),
        .error = (uint32_t)error,
    };

    if (asked->flags & VFIO_USER_FLAG_NO_REPLY)
        return 0;
    return vfio_user_send(vu->fd, &header, reply, deadline);
}

static int refuse(struct vfio_user *vu, const struct vfio_user_header *header, int error,
                  size_t left, struct vfio_user_deadline deadline)
{
    const struct vfio_user_request nothing = {.payload = NULL};
    int rc = vfio_user_discard(vu->fd, left, deadline);

    return rc < 0 ? rc : answer(vu, header, error, &nothing, deadline);
}

int vfio_user_serve(struct vfio_user *vu, const struct vfio_user_header *header,
                    struct vfio_user_deadline deadline)
{
    bool reading = header->command == VFIO_USER_DMA_READ;
    size_t left = header->msg_size - sizeof(*header);
    struct vfio_user_dma_access access;
    struct vfio_user_request reply = {.payload = &access, .size = sizeof(access)};
    void *memory;
    int rc;

    if (!reading && header->command != VFIO_USER_DMA_WRITE)
        return refuse(vu, header, ENOTSUP, left, deadline);
    if (left < sizeof(access))
        return refuse(vu, header, EINVAL, left, deadline);
    rc = vfio_user_recv(vu->fd, &access, sizeof(access), NULL, deadline);
    if (rc < 0)
        return rc;
    left -= sizeof(access);
    memory = dma_at(vu, access.address, access.count);
    if (memory == NULL || access.count > VFIO_USER_XFER_MAX || left != (reading ? 0 : access.count))
        return refuse(vu, header, EINVAL, left, deadline);
    if (reading) {
        reply.data = memory;
        reply.data_size = access.count;
    } else {
        rc = vfio_user_recv(vu->fd, memory, access.count, NULL, deadline);
    }
    return rc < 0 ? rc : answer(vu, header, 0, &reply, deadline);
}
