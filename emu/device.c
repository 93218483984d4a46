// SPDX-License-Identifier: ISC
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

uint64_t emu_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void emu_log(struct emu_device *dev, enum emu_log_level level, const char *format, ...)
{
    va_list args;

    if (level > dev->log.level)
        return;
    va_start(args, format);
    emu_vlog(&dev->log, emu_now(), level, format, args);
    va_end(args);
}

static void report_fault(void *arg, uint64_t iova, size_t len, enum emu_dma_access access)
{
    emu_log(arg, EMU_LOG_WARN, "DMA %s of %zu bytes at 0x%" PRIx64 " refused: not mapped for that",
            access == EMU_DMA_READ ? "read" : "write", len, iova);
}

void emu_device_init(struct emu_device *dev, const struct emu_device_ops *ops, const char *model,
                     const struct emu_nic_config *config)
{
    const struct emu_identity none = {.vendor = 0xffff, .device = 0xffff};

    memset(dev, 0, sizeof(*dev));
    dev->ops = ops;
    dev->model = model;
    dev->port = config->port;
    for (unsigned i = 0; i < VFIO_USER_REGION_COUNT; i++)
        dev->regions[i].fd = -1;
    emu_config_init(&dev->config, &none);
    emu_irqs_init(&dev->irqs);
    emu_dma_init(&dev->dma);
    dev->dma.on_fault = report_fault;
    dev->dma.arg = dev;
    emu_log_init(&dev->log, config->name, config->log_level);
}

void emu_device_fini(struct emu_device *dev)
{
    emu_irqs_clear(&dev->irqs);
    emu_dma_clear(&dev->dma);
    for (unsigned i = 0; i < VFIO_USER_REGION_COUNT; i++) {
        struct emu_region *region = &dev->regions[i];

        if (region->mem)
            munmap(region->mem, region->size);
        if (region->fd >= 0)
            close(region->fd);
    }
    port_close(dev->port);
}

/* Sealed, so that a client cannot take the pages away under the device. */
static int hot_file(uint64_t size)
{
    int fd = memfd_create("penstock-bar", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int err = errno;

        close(fd);
        return -err;
    }
    return fd;
}

static int map_hot(struct emu_region *region)
{
    int fd = hot_file(region->size);
    void *mem;

    if (fd < 0)
        return fd;
    mem = mmap(region->mem, region->size, PROT_READ | PROT_WRITE,
               MAP_SHARED | (region->mem ? MAP_FIXED : 0), fd, 0);
    if (mem == MAP_FAILED) {
        int err = errno;

        close(fd);
        return -err;
    }
    if (region->fd >= 0)
        close(region->fd);
    region->fd = fd;
    region->mem = mem;
    return 0;
}

int emu_region_init(struct emu_device *dev, unsigned index, uint64_t size,
                    const struct emu_area *areas, unsigned areas_count)
{
    struct emu_region *region = &dev->regions[index];
    uint64_t end = 0;
    int err;

    if (index >= VFIO_USER_REGION_CONFIG || size == 0 || areas_count > EMU_AREAS_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < areas_count; i++) {
        if (areas[i].offset % 4096 || areas[i].size % 4096 || areas[i].size == 0 ||
            areas[i].offset < end || areas[i].offset > size ||
            areas[i].size > size - areas[i].offset)
            return -EINVAL;
        end = areas[i].offset + areas[i].size;
        region->areas[i] = areas[i];
    }
    region->areas_count = areas_count;
    region->size = size;
    region->flags = VFIO_USER_REGION_READABLE | VFIO_USER_REGION_WRITEABLE;
    if (areas_count == 0)
        return 0;
    err = map_hot(region);
    if (!err)
        region->flags |= VFIO_USER_REGION_MMAP;
    return err;
}

void emu_regions_zero(struct emu_device *dev)
{
    for (unsigned i = 0; i < VFIO_USER_REGION_COUNT; i++)
        for (unsigned a = 0; a < dev->regions[i].areas_count; a++)
            memset(dev->regions[i].mem + dev->regions[i].areas[a].offset, 0,
                   dev->regions[i].areas[a].size);
}

void emu_device_reset(struct emu_device *dev)
{
    emu_config_reset(&dev->config);
    dev->irqs.intx_level = false;
    dev->ops->reset(dev);
}

int emu_device_orphan(struct emu_device *dev)
{
    int err = 0;

    emu_irqs_clear(&dev->irqs);
    emu_dma_clear(&dev->dma);
    for (unsigned i = 0; i < VFIO_USER_REGION_COUNT; i++)
        if (dev->regions[i].mem && !err)
            err = map_hot(&dev->regions[i]);
    emu_device_reset(dev);
    return err;
}

void emu_irq_raise(struct emu_device *dev, unsigned vector)
{
    struct emu_irqs *irqs = &dev->irqs;
    bool signalled;

    if (irqs->index[VFIO_USER_IRQ_MSIX].enabled)
        signalled = emu_irq_signal(irqs, VFIO_USER_IRQ_MSIX, vector);
    else if (irqs->index[VFIO_USER_IRQ_MSI].enabled)
        signalled = emu_irq_signal(irqs, VFIO_USER_IRQ_MSI, 0);
    else
        signalled = emu_irq_pin(irqs, true);
    dev->stats.interrupts += signalled;
}

void emu_intx_level(struct emu_device *dev, bool level)
{
    dev->stats.interrupts += emu_irq_pin(&dev->irqs, level);
}
