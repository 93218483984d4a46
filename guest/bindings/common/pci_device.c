// SPDX-License-Identifier: ISC
#include <penstock/pci.h>

#include <errno.h>

/*
 * The region that all devices without a window of their own share. There is one of it in a
 * unikernel, as there is one heap, so its allocator is one object too.
 */
static struct pci_dma_window shared_window;

static struct pci_dma_window *shared_dma(uint64_t iova)
{
    uint8_t *base;
    size_t size;

    if (!shared_window.base && solo5_dma_acquire(&base, &size) == SOLO5_R_OK)
        shared_window = (struct pci_dma_window){
            .base = base, .size = size, .delta = iova - (uint64_t)(uintptr_t)base};
    return &shared_window;
}

int pci_acquire(const char *name, struct pci_device *dev)
{
    *dev = (struct pci_device){.name = name};
    if (solo5_pci_acquire(name, &dev->info) != SOLO5_R_OK)
        return -ENODEV;
    dev->own.base = dev->info.dma;
    dev->own.size = dev->info.dma_size;
    dev->own.delta = dev->info.dma_iova - (uint64_t)(uintptr_t)dev->info.dma;
    dev->dma = dev->own.size ? &dev->own : shared_dma(dev->info.shared_dma_iova);
    return 0;
}

static uint8_t *bar_base(const struct pci_device *dev, unsigned bar)
{
    const struct solo5_pci_info *info = &dev->info;
    uint8_t *const base[SOLO5_PCI_BARS] = {info->bar0, info->bar1, info->bar2,
                                           info->bar3, info->bar4, info->bar5};

    return base[bar];
}

/* Where size bytes at this offset are mapped, or NULL. */
static volatile void *mapped(const struct pci_device *dev, unsigned bar, uint64_t offset,
                             size_t size)
{
    const struct solo5_pci_ranges *ranges;

    if (bar >= SOLO5_PCI_BARS || offset % size != 0)
        return NULL;
    ranges = &dev->info.ranges[bar];
    for (unsigned i = 0; i < ranges->count; i++) {
        const struct solo5_pci_range *range = &ranges->range[i];

        if (offset >= range->offset && offset - range->offset < range->size)
            return bar_base(dev, bar) + offset;
    }
    return NULL;
}

volatile uint32_t *pci_register(const struct pci_device *dev, unsigned bar, uint64_t offset)
{
    return mapped(dev, bar, offset, 4);
}

static uint64_t read_by_tender(const struct pci_device *dev, unsigned bar, uint64_t offset,
                               size_t size)
{
    uint64_t value;

    if (solo5_pci_region_read(dev->info.handle, bar, offset, size, &value) != SOLO5_R_OK)
        return UINT64_MAX;
    return value;
}

uint32_t pci_read32(const struct pci_device *dev, unsigned bar, uint64_t offset)
{
    const volatile uint32_t *reg = mapped(dev, bar, offset, 4);
    uint32_t value;

    if (!reg)
        return (uint32_t)read_by_tender(dev, bar, offset, 4);
    value = *reg;
    pci_dma_rmb();
    return value;
}

uint64_t pci_read64(const struct pci_device *dev, unsigned bar, uint64_t offset)
{
    const volatile uint64_t *reg = mapped(dev, bar, offset, 8);
    uint64_t value;

    if (!reg)
        return read_by_tender(dev, bar, offset, 8);
    value = *reg;
    pci_dma_rmb();
    return value;
}

void pci_write32(const struct pci_device *dev, unsigned bar, uint64_t offset, uint32_t value)
{
    volatile uint32_t *reg = mapped(dev, bar, offset, 4);

    pci_dma_wmb();
    if (reg)
        *reg = value;
    else
        solo5_pci_region_write(dev->info.handle, bar, offset, 4, value);
}

void pci_write64(const struct pci_device *dev, unsigned bar, uint64_t offset, uint64_t value)
{
    volatile uint64_t *reg = mapped(dev, bar, offset, 8);

    pci_dma_wmb();
    if (reg)
        *reg = value;
    else
        solo5_pci_region_write(dev->info.handle, bar, offset, 8, value);
}

int pci_wait32(const struct pci_device *dev, unsigned bar, uint64_t offset, uint32_t mask,
               uint32_t value, solo5_time_t timeout)
{
    solo5_time_t start = solo5_clock_monotonic();

    for (;;) {
        /* The clock first: whoever was kept from running past the deadline still gets one look
         * after it. */
        bool late = solo5_clock_monotonic() - start >= timeout;

        if ((pci_read32(dev, bar, offset) & mask) == value)
            return 0;
        if (late)
            return -ETIMEDOUT;
    }
}

uint32_t pci_config_read32(const struct pci_device *dev, size_t offset)
{
    uint32_t value;

    if (solo5_pci_config_read(dev->info.handle, offset, 4, &value) != SOLO5_R_OK)
        return UINT32_MAX;
    return value;
}

bool pci_is_lost(const struct pci_device *dev)
{
    uint32_t value;

    return solo5_pci_config_read(dev->info.handle, 0, 2, &value) != SOLO5_R_OK;
}
