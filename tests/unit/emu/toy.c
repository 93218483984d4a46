// SPDX-License-Identifier: ISC
#include "toy.h"

#include <assert.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t toy_read(struct emu_device *dev, unsigned region, uint64_t offset, unsigned size)
{
    struct toy *toy = (struct toy *)dev;
    uint64_t value = 0;

    toy->last_size = size;
    if (region != VFIO_USER_REGION_BAR0)
        return 0;
    if (offset + size <= sizeof(toy->regs))
        memcpy(&value, (uint8_t *)toy->regs + offset, size);
    else if (offset >= TOY_HOT && offset < TOY_HOT + 0x1000)
        memcpy(&value, dev->regions[0].mem + offset, size);
    return value;
}

static void toy_write(struct emu_device *dev, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value)
{
    const uint64_t mark = TOY_MARK;
    struct toy *toy = (struct toy *)dev;

    toy->last_size = size;
    if (region != VFIO_USER_REGION_BAR0)
        return;
    if (offset + size <= sizeof(toy->regs))
        memcpy((uint8_t *)toy->regs + offset, &value, size);
    else if (offset == TOY_DMA && emu_bus_master(dev))
        emu_dma_write(&dev->dma, value, &mark, sizeof(mark));
    else if (offset == TOY_RAISE)
        emu_irq_raise(dev, (unsigned)value);
}

static void toy_config_written(struct emu_device *dev, unsigned offset, unsigned size)
{
    (void)offset, (void)size;
    ((struct toy *)dev)->config_writes++;
}

static void toy_reset(struct emu_device *dev)
{
    struct toy *toy = (struct toy *)dev;

    memset(toy->regs, 0, sizeof(toy->regs));
    emu_regions_zero(dev);
    toy->resets++;
}

static unsigned toy_poll(struct emu_device *dev, uint64_t now)
{
    volatile uint32_t *hot = (volatile uint32_t *)(void *)(dev->regions[0].mem + TOY_HOT);
    struct toy *toy = (struct toy *)dev;
    uint32_t value = *hot;

    (void)now;
    __atomic_fetch_add(&toy->polls, 1, __ATOMIC_RELAXED);
    if (value == 0)
        return 0;
    toy->regs[0] += value;
    *hot = 0;
    return 1;
}

static bool toy_active(const struct emu_device *dev)
{
    return ((const struct toy *)dev)->active;
}

static void toy_free(struct emu_device *dev)
{
    emu_device_fini(dev);
    free(dev);
}

static const struct emu_device_ops toy_ops = {.read = toy_read,
                                              .write = toy_write,
                                              .config_written = toy_config_written,
                                              .reset = toy_reset,
                                              .poll = toy_poll,
                                              .active = toy_active,
                                              .destroy = toy_free};

struct toy *toy_create(void)
{
    static const struct emu_nic_config config = {.name = "toy", .log_level = EMU_LOG_ERROR};
    static const struct emu_identity identity = {.vendor = 0x1234,
                                                 .device = 0x5678,
                                                 .subsystem_vendor = 0x9abc,
                                                 .subsystem = 0xdef0,
                                                 .class_code = 0x020000,
                                                 .revision = 1,
                                                 .int_pin = 1};
    static const struct emu_area hot = {TOY_HOT, 0x1000};
    struct toy *toy = calloc(1, sizeof(*toy));
    int err;

    assert(toy);
    emu_device_init(&toy->dev, &toy_ops, "toy", &config);
    err = emu_region_init(&toy->dev, 0, TOY_BAR_SIZE, &hot, 1);
    assert(err == 0);
    emu_config_init(&toy->dev.config, &identity);
    emu_config_bar(&toy->dev.config, 0, TOY_BAR_SIZE, true, true);
    emu_config_cap_pm(&toy->dev.config, 0x40);
    emu_config_cap_msi(&toy->dev.config, 0x50);
    emu_config_cap_msix(&toy->dev.config, 0x70, TOY_VECTORS, 0, 0x2000, 0, 0x3000);
    emu_config_cap_pcie(&toy->dev.config, 0xa0);
    emu_config_seal(&toy->dev.config);
    toy->dev.irqs.index[VFIO_USER_IRQ_INTX].count = 1;
    toy->dev.irqs.index[VFIO_USER_IRQ_MSI].count = 1;
    toy->dev.irqs.index[VFIO_USER_IRQ_MSIX].count = TOY_VECTORS;
    return toy;
}

unsigned open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    assert(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

int memory_file(uint64_t size, uint64_t tag)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint64_t *words;
    int err;

    assert(fd >= 0);
    err = ftruncate(fd, (off_t)size);
    assert(err == 0);
    words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert(words != MAP_FAILED);
    for (uint64_t i = 0; i < size / 8; i += 64)
        words[i] = (i * 8) | tag;
    munmap(words, size);
    return fd;
}
