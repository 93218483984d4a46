// SPDX-License-Identifier: ISC
/* A device that another process serves: access over a vfio-user socket. */
#include "host/pci/vfio_user.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void vfio_user_close(struct pci_access *dev)
{
    struct vfio_user *vu = vfio_user_of(dev);

    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        if (vu->region_fd[i] >= 0)
            close(vu->region_fd[i]);
    }
    if (vu->fd >= 0)
        close(vu->fd);
    free(vu);
}

static int vfio_user_open(const char *where, const char *path, const struct pci_options *options,
                          struct pci_access **dev, struct pci_error *error)
{
    struct vfio_user *vu = calloc(1, sizeof(*vu));
    const char *why = NULL;
    int rc;

    (void)options;
    if (vu == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", where);
    vu->fd = -1;
    vu->max_fds = VFIO_USER_DEFAULT_MAX_MSG_FDS;
    vu->timeout_ms = VFIO_USER_HELLO_MS;
    for (unsigned i = 0; i < PCI_REGIONS; i++)
        vu->region_fd[i] = -1;
    rc = vfio_user_connect(path, vfio_user_deadline_in(VFIO_USER_HELLO_MS), &vu->fd, &why);
    if (rc < 0) {
        rc = rc == -ENOENT || rc == -ECONNREFUSED ? -ENODEV : rc;
        pci_fail(error, rc, "%s: %s", where, why);
    } else {
        rc = vfio_user_hello(vu, where, error);
    }
    if (rc < 0) {
        vfio_user_close(&vu->access);
        return rc;
    }
    vu->timeout_ms = VFIO_USER_TIMEOUT_MS;
    *dev = &vu->access;
    return 0;
}

static int vfio_user_reset(struct pci_access *dev, struct pci_error *error)
{
    struct vfio_user *vu = vfio_user_of(dev);
    struct vfio_user_request request = {.command = VFIO_USER_DEVICE_RESET};
    struct vfio_user_reply reply = {.max = 0};
    int rc;

    if (!(vu->flags & VFIO_USER_DEVICE_FLAG_RESET))
        return pci_fail(error, -ENOTSUP, "%s: the device cannot be reset", dev->where);
    rc = vfio_user_call(vu, &request, &reply);
    if (rc < 0)
        return vfio_user_failed(vu, dev->where, "reset the device", rc, error);
    return 0;
}

/* What pci_access.h promises of a register access: the device refused it, or it is gone. */
static int access_result(const struct vfio_user *vu, int rc)
{
    if (rc == 0 || vu->lost != NULL)
        return rc;
    return -EIO;
}

/* A region access's reply: what was asked for, and the data of a read. */
union access_reply {
    struct vfio_user_region_access access;
    uint8_t bytes[sizeof(struct vfio_user_region_access) + sizeof(uint64_t)];
};

static int check_echo(struct vfio_user *vu, const struct vfio_user_region_access *asked,
                      const struct vfio_user_region_access *got)
{
    if (got->offset != asked->offset || got->region != asked->region || got->count != asked->count)
        return vfio_user_lose(vu, -EPROTO);
    return 0;
}

static int vfio_user_region_read(struct pci_access *dev, unsigned region, uint64_t offset,
                                 unsigned size, uint64_t *value)
{
    struct vfio_user *vu = vfio_user_of(dev);
    struct vfio_user_region_access ask = {.offset = offset, .region = region, .count = size};
    struct vfio_user_request request = {
        .command = VFIO_USER_REGION_READ, .payload = &ask, .size = sizeof(ask)};
    union access_reply answer;
    struct vfio_user_reply reply = {
        .payload = &answer, .min = sizeof(ask) + size, .max = sizeof(ask) + size};
    int rc = vfio_user_call(vu, &request, &reply);

    if (rc == 0)
        rc = check_echo(vu, &ask, &answer.access);
    if (rc < 0)
        return access_result(vu, rc);
    *value = 0;
    memcpy(value, answer.bytes + sizeof(ask), size); /* little endian, as registers are */
    return 0;
}

static int vfio_user_region_write(struct pci_access *dev, unsigned region, uint64_t offset,
                                  unsigned size, uint64_t value)
{
    struct vfio_user *vu = vfio_user_of(dev);
    struct vfio_user_region_access ask = {.offset = offset, .region = region, .count = size};
    struct vfio_user_request request = {.command = VFIO_USER_REGION_WRITE,
                                        .payload = &ask,
                                        .size = sizeof(ask),
                                        .data = &value,
                                        .data_size = size};
    union access_reply answer;
    struct vfio_user_reply reply = {.payload = &answer, .min = sizeof(ask), .max = sizeof(answer)};
    int rc = vfio_user_call(vu, &request, &reply);

    if (rc == 0)
        rc = check_echo(vu, &ask, &answer.access);
    return access_result(vu, rc);
}

/* The server maps the file for itself: where it is mapped here does not matter. */
static int vfio_user_dma_map(struct pci_access *dev, int fd, uint64_t offset, void *address,
                             uint64_t iova, uint64_t size, struct pci_error *error)
{
    struct vfio_user *vu = vfio_user_of(dev);
    struct vfio_user_dma_map map = {
        .argsz = sizeof(map),
        .flags = VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE,
        .offset = offset,
        .address = iova,
        .size = size,
    };
    struct vfio_user_request request = {.command = VFIO_USER_DMA_MAP,
                                        .payload = &map,
                                        .size = sizeof(map),
                                        .fds = &fd,
                                        .fds_count = vu->max_fds > 0 ? 1 : 0};
    struct vfio_user_reply reply = {.max = 0};
    int rc;

    (void)address;
    rc = vfio_user_call(vu, &request, &reply);
    if (rc < 0)
        return vfio_user_failed(vu, dev->where, "share DMA memory", rc, error);
    return 0;
}

static int vfio_user_dma_unmap(struct pci_access *dev, uint64_t iova, uint64_t size)
{
    struct vfio_user_dma_unmap unmap = {.argsz = sizeof(unmap), .address = iova, .size = size};
    struct vfio_user_request request = {
        .command = VFIO_USER_DMA_UNMAP, .payload = &unmap, .size = sizeof(unmap)};
    struct vfio_user_dma_unmap answer;
    struct vfio_user_reply reply = {.payload = &answer, .max = sizeof(answer)};

    return vfio_user_call(vfio_user_of(dev), &request, &reply);
}

static int vfio_user_lost_fd(const struct pci_access *dev)
{
    return ((const struct vfio_user *)(const void *)dev)->fd;
}

/* What one call does; a call that fails ends the connection. */
static unsigned vfio_user_syscalls(const struct pci_access *dev,
                                   struct pci_syscall calls[PCI_SYSCALLS_MAX])
{
    int fd = vfio_user_lost_fd(dev);

    calls[0] = (struct pci_syscall){.number = SYS_sendmsg, .fd = fd};
    calls[1] = (struct pci_syscall){.number = SYS_recvmsg, .fd = fd};
    calls[2] = (struct pci_syscall){.number = SYS_shutdown, .fd = fd};
    return 3;
}

const struct pci_access_ops vfio_user_ops = {
    .open = vfio_user_open,
    .close = vfio_user_close,
    .reset = vfio_user_reset,
    .region_info = vfio_user_region_info,
    .region_read = vfio_user_region_read,
    .region_write = vfio_user_region_write,
    .dma_map = vfio_user_dma_map,
    .dma_unmap = vfio_user_dma_unmap,
    .irq_count = vfio_user_irq_count,
    .irq_enable = vfio_user_irq_enable,
    .irq_disable = vfio_user_irq_disable,
    .irq_unmask = vfio_user_irq_unmask,
    .lost_fd = vfio_user_lost_fd,
    .lost_events = POLLRDHUP,
    .syscalls = vfio_user_syscalls,
};
