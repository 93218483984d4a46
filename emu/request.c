// SPDX-License-Identifier: ISC
#include "request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef int handler(struct emu_device *dev, const struct emu_request *request,
                    struct emu_reply *reply);

static void answer(struct emu_reply *reply, const void *payload, size_t size)
{
    memcpy(reply->payload, payload, size);
    reply->size = size;
}

/* spec, "VFIO_USER_VERSION". What a client can do is of no consequence: we send it one descriptor
 * at most, and no requests. */
static int version(struct emu_device *dev, const struct emu_request *request,
                   struct emu_reply *reply)
{
    struct vfio_user_version head;
    int len;

    (void)dev;
    memcpy(&head, request->payload, sizeof(head));
    if (head.major != VFIO_USER_MAJOR)
        return -EPROTONOSUPPORT;
    if (request->size > sizeof(head) && request->payload[request->size - 1] != '\0')
        return -EINVAL;
    if (head.minor > VFIO_USER_MINOR)
        head.minor = VFIO_USER_MINOR;
    answer(reply, &head, sizeof(head));
    len = sprintf((char *)reply->payload + sizeof(head),
                  "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,"
                  "\"max_dma_maps\":%u,\"pgsizes\":%u}}",
                  EMU_MSG_FDS, EMU_XFER_MAX, EMU_DMA_MAPS_MAX, VFIO_USER_DEFAULT_PGSIZES);
    reply->size += (size_t)len + 1;
    return 0;
}

/* spec, "VFIO_USER_DMA_MAP". */
static int dma_map(struct emu_device *dev, const struct emu_request *request,
                   struct emu_reply *reply)
{
    struct vfio_user_dma_map map;
    int fd = request->fds_count ? request->fds[0] : -1;
    int err;

    (void)reply;
    memcpy(&map, request->payload, sizeof(map));
    if (request->fds_count > 1)
        return -EINVAL;
    err = emu_dma_map(&dev->dma, fd, map.offset, map.address, map.size, map.flags);
    emu_log(dev, EMU_LOG_DEBUG, "map 0x%" PRIx64 " + 0x%" PRIx64 " flags %u%s: %s", map.address,
            map.size, map.flags, fd < 0 ? " without memory" : "", strerror(-err));
    return err;
}

/* spec, "VFIO_USER_DMA_UNMAP": by range, whatever was mapped there, if anything. */
static int dma_unmap(struct emu_device *dev, const struct emu_request *request,
                     struct emu_reply *reply)
{
    struct vfio_user_dma_unmap unmap;
    int touched = 0;

    memcpy(&unmap, request->payload, sizeof(unmap));
    if (unmap.flags & ~VFIO_USER_DMA_UNMAP_ALL)
        return -EINVAL;
    if (unmap.flags & VFIO_USER_DMA_UNMAP_ALL)
        emu_dma_clear(&dev->dma);
    else
        touched = emu_dma_unmap(&dev->dma, unmap.address, unmap.size);
    emu_log(dev, EMU_LOG_DEBUG, "unmap 0x%" PRIx64 " + 0x%" PRIx64 " flags %u: %d", unmap.address,
            unmap.size, unmap.flags, touched);
    if (touched < 0)
        return touched;
    answer(reply, &unmap, sizeof(unmap));
    return 0;
}

/* spec, "VFIO_USER_DEVICE_GET_INFO". */
static int device_info(struct emu_device *dev, const struct emu_request *request,
                       struct emu_reply *reply)
{
    const struct vfio_user_device_info info = {
        .argsz = sizeof(info),
        .flags = VFIO_USER_DEVICE_FLAG_PCI | VFIO_USER_DEVICE_FLAG_RESET,
        .num_regions = VFIO_USER_REGION_COUNT,
        .num_irqs = VFIO_USER_IRQ_COUNT,
    };

    (void)dev, (void)request;
    answer(reply, &info, sizeof(info));
    return 0;
}

static uint64_t region_size(const struct emu_device *dev, uint32_t index)
{
    if (index >= VFIO_USER_REGION_COUNT)
        return 0;
    return index == VFIO_USER_REGION_CONFIG ? dev->config.size : dev->regions[index].size;
}

/*
 * Appends the sparse areas, if there is room for them, or says how much it takes: without the flag
 * then, since QEMU 11 refuses a reply that has the flag and no capability.
 */
static void add_areas(const struct emu_region *region, struct vfio_user_region_info *info,
                      uint32_t room, struct emu_reply *reply)
{
    struct vfio_user_cap_sparse_mmap cap = {
        .header = {.id = VFIO_USER_CAP_SPARSE_MMAP, .version = 1}, .nr_areas = region->areas_count};
    size_t areas_size = region->areas_count * sizeof(struct vfio_user_sparse_area);
    uint8_t *at = reply->payload + sizeof(*info);

    static_assert(sizeof(struct emu_area) == sizeof(struct vfio_user_sparse_area), "areas");
    info->argsz = (uint32_t)(sizeof(*info) + sizeof(cap) + areas_size);
    if (room < info->argsz)
        return;
    info->flags |= VFIO_USER_REGION_CAPS;
    info->cap_offset = sizeof(*info);
    memcpy(at, &cap, sizeof(cap));
    memcpy(at + sizeof(cap), region->areas, areas_size);
    reply->size = info->argsz;
}

/* spec, "VFIO_USER_DEVICE_GET_REGION_INFO". */
static int region_info(struct emu_device *dev, const struct emu_request *request,
                       struct emu_reply *reply)
{
    const struct emu_region *region;
    struct vfio_user_region_info info;
    uint32_t room;

    memcpy(&info, request->payload, sizeof(info));
    room = info.argsz;
    if (info.index >= VFIO_USER_REGION_COUNT || room < sizeof(info))
        return -EINVAL;
    region = &dev->regions[info.index];
    info = (struct vfio_user_region_info){.argsz = sizeof(info),
                                          .flags = region->flags,
                                          .index = info.index,
                                          .size = region_size(dev, info.index)};
    if (info.index == VFIO_USER_REGION_CONFIG)
        info.flags = VFIO_USER_REGION_READABLE | VFIO_USER_REGION_WRITEABLE;
    reply->size = sizeof(info);
    if (region->areas_count > 0) {
        add_areas(region, &info, room, reply);
        reply->fd = region->fd;
    }
    memcpy(reply->payload, &info, sizeof(info));
    return 0;
}

/* spec, "VFIO_USER_DEVICE_GET_IRQ_INFO". */
static int irq_info(struct emu_device *dev, const struct emu_request *request,
                    struct emu_reply *reply)
{
    struct vfio_user_irq_info info;

    memcpy(&info, request->payload, sizeof(info));
    if (info.index >= VFIO_USER_IRQ_COUNT)
        return -EINVAL;
    info.argsz = sizeof(info);
    info.count = dev->irqs.index[info.index].count;
    info.flags = VFIO_USER_IRQ_EVENTFD;
    if (info.index == VFIO_USER_IRQ_INTX)
        info.flags |= VFIO_USER_IRQ_MASKABLE | VFIO_USER_IRQ_AUTOMASKED;
    answer(reply, &info, sizeof(info));
    return 0;
}

/* spec, "VFIO_USER_DEVICE_SET_IRQS". */
static int set_irqs(struct emu_device *dev, const struct emu_request *request,
                    struct emu_reply *reply)
{
    struct vfio_user_irq_set set;
    int err;

    (void)reply;
    memcpy(&set, request->payload, sizeof(set));
    if ((set.flags & VFIO_USER_IRQ_SET_DATA_BOOL) && request->size - sizeof(set) < set.count)
        return -EINVAL;
    err = emu_irqs_set(&dev->irqs, &set, request->payload + sizeof(set), request->fds,
                       request->fds_count);
    emu_log(dev, EMU_LOG_DEBUG, "interrupts %u: %u + %u flags 0x%x, %u descriptors: %s", set.index,
            set.start, set.count, set.flags, request->fds_count, strerror(-err));
    return err;
}

/* What both kinds of access check: the range lies within the region, in one message. */
static int check_access(const struct emu_device *dev, const struct vfio_user_region_access *access)
{
    uint64_t size = region_size(dev, access->region);

    if (access->count == 0 || access->count > EMU_XFER_MAX || access->offset > size ||
        access->count > size - access->offset)
        return -EINVAL;
    return 0;
}

/* The largest natural access at offset. */
static unsigned piece_size(uint64_t offset, uint32_t left)
{
    unsigned size = 8;

    while (size > left || offset % size != 0)
        size /= 2;
    return size;
}

/* spec, "VFIO_USER_REGION_READ". */
static int region_read(struct emu_device *dev, const struct emu_request *request,
                       struct emu_reply *reply)
{
    uint8_t *to = reply->payload + sizeof(struct vfio_user_region_access);
    struct vfio_user_region_access access;
    int err;

    memcpy(&access, request->payload, sizeof(access));
    err = check_access(dev, &access);
    if (err)
        return err;
    answer(reply, &access, sizeof(access));
    reply->size += access.count;
    if (access.region == VFIO_USER_REGION_CONFIG) {
        emu_config_read(&dev->config, (unsigned)access.offset, access.count, to);
        return 0;
    }
    for (uint32_t at = 0, size; at < access.count; at += size) {
        uint64_t value;

        size = piece_size(access.offset + at, access.count - at);
        value = dev->ops->read(dev, access.region, access.offset + at, size);
        memcpy(to + at, &value, size);
    }
    return 0;
}

static void config_write(struct emu_device *dev, unsigned offset, unsigned size,
                         const uint8_t *from)
{
    bool flr = emu_config_write(&dev->config, offset, size, from);

    if (flr) {
        emu_log(dev, EMU_LOG_INFO, "function-level reset");
        emu_device_reset(dev);
    } else if (dev->ops->config_written) {
        dev->ops->config_written(dev, offset, size);
    }
}

/* spec, "VFIO_USER_REGION_WRITE". */
static int region_write(struct emu_device *dev, const struct emu_request *request,
                        struct emu_reply *reply)
{
    const uint8_t *from = request->payload + sizeof(struct vfio_user_region_access);
    struct vfio_user_region_access access;
    int err;

    memcpy(&access, request->payload, sizeof(access));
    err = check_access(dev, &access);
    if (err || request->size - sizeof(access) < access.count)
        return -EINVAL;
    if (access.region == VFIO_USER_REGION_CONFIG)
        config_write(dev, (unsigned)access.offset, access.count, from);
    else
        for (uint32_t at = 0, size; at < access.count; at += size) {
            uint64_t value = 0;

            size = piece_size(access.offset + at, access.count - at);
            memcpy(&value, from + at, size);
            dev->ops->write(dev, access.region, access.offset + at, size, value);
        }
    answer(reply, &access, sizeof(access));
    return 0;
}

/* spec, "VFIO_USER_DEVICE_RESET". */
static int device_reset(struct emu_device *dev, const struct emu_request *request,
                        struct emu_reply *reply)
{
    (void)request, (void)reply;
    emu_log(dev, EMU_LOG_INFO, "reset");
    emu_device_reset(dev);
    return 0;
}

int emu_request(struct emu_device *dev, const struct emu_request *request, struct emu_reply *reply)
{
    static const struct {
        handler *handle;
        size_t size; /* the least a payload has */
    } commands[] = {
        [VFIO_USER_VERSION] = {version, sizeof(struct vfio_user_version)},
        [VFIO_USER_DMA_MAP] = {dma_map, sizeof(struct vfio_user_dma_map)},
        [VFIO_USER_DMA_UNMAP] = {dma_unmap, sizeof(struct vfio_user_dma_unmap)},
        [VFIO_USER_DEVICE_GET_INFO] = {device_info, sizeof(struct vfio_user_device_info)},
        [VFIO_USER_DEVICE_GET_REGION_INFO] = {region_info, sizeof(struct vfio_user_region_info)},
        [VFIO_USER_DEVICE_GET_IRQ_INFO] = {irq_info, sizeof(struct vfio_user_irq_info)},
        [VFIO_USER_DEVICE_SET_IRQS] = {set_irqs, sizeof(struct vfio_user_irq_set)},
        [VFIO_USER_REGION_READ] = {region_read, sizeof(struct vfio_user_region_access)},
        [VFIO_USER_REGION_WRITE] = {region_write, sizeof(struct vfio_user_region_access)},
        [VFIO_USER_DEVICE_RESET] = {device_reset, 0},
    };

    reply->size = 0;
    reply->fd = -1;
    if (request->command >= sizeof(commands) / sizeof(commands[0]) ||
        !commands[request->command].handle)
        return -ENOTSUP;
    if (request->size < commands[request->command].size)
        return -EINVAL;
    return commands[request->command].handle(dev, request, reply);
}
