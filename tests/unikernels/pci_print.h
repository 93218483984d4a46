// SPDX-License-Identifier: ISC
/* For test unikernels: prints a device, and checks what holds for each. */
#ifndef TESTS_UNIKERNELS_PCI_PRINT_H
#define TESTS_UNIKERNELS_PCI_PRINT_H

#include <inttypes.h>
#include <solo5.h>

#include "expect.h"

struct bar {
    uint8_t *addr;
    size_t size;
};

static inline struct bar pci_bar(const struct solo5_pci_info *info, unsigned i)
{
    const struct bar bars[SOLO5_PCI_BARS] = {
        {info->bar0, info->bar0_size}, {info->bar1, info->bar1_size}, {info->bar2, info->bar2_size},
        {info->bar3, info->bar3_size}, {info->bar4, info->bar4_size}, {info->bar5, info->bar5_size},
    };

    return bars[i];
}

static inline void pci_print_bar(const struct solo5_pci_info *info, unsigned i)
{
    const struct bar bar = pci_bar(info, i);
    const struct solo5_pci_ranges *ranges = &info->ranges[i];
    uint64_t end = 0;

    printf("bar%u %p %zu\n", i, (void *)bar.addr, bar.size);
    EXPECT((bar.addr != NULL) == (bar.size != 0));
    EXPECT(ranges->count <= SOLO5_PCI_RANGES_MAX);
    for (unsigned r = 0; r < ranges->count; r++) {
        const struct solo5_pci_range *range = &ranges->range[r];

        printf("  mapped %#" PRIx64 " %#" PRIx64 "\n", range->offset, range->size);
        EXPECT(range->offset >= end && range->offset % 4096 == 0);
        EXPECT(range->size > 0 && range->size <= bar.size - range->offset);
        end = range->offset + range->size;
    }
}

static inline void pci_print(const char *name, const struct solo5_pci_info *info)
{
    printf("%s handle %" PRIu64 " vendor %04x device %04x class %02x%02x%02x bus_master %d "
           "irq_vectors %u\n",
           name, info->handle, info->vendor_id, info->device_id, info->class_code,
           info->subclass_code, info->progif, info->bus_master_enable, info->irq_vectors);
    for (unsigned i = 0; i < SOLO5_PCI_BARS; i++)
        pci_print_bar(info, i);
    printf("dma %p %zu %#" PRIx64 "\n", (void *)info->dma, info->dma_size, info->dma_iova);
}

/* Is the 32-bit register at this offset in a mapped range? */
static inline bool pci_is_mapped(const struct solo5_pci_info *info, unsigned bar, uint64_t offset)
{
    for (unsigned r = 0; r < info->ranges[bar].count; r++) {
        const struct solo5_pci_range *range = &info->ranges[bar].range[r];

        if (offset >= range->offset && offset - range->offset <= range->size - 4)
            return true;
    }
    return false;
}

static inline volatile uint32_t *pci_reg(uint8_t *bar, uint64_t offset)
{
    return (volatile uint32_t *)(void *)(bar + offset);
}

/* A register of BAR 0: by pointer where it is mapped or `pointers` says that they work everywhere,
 * else by call. */
static inline uint32_t pci_get(const struct solo5_pci_info *info, uint64_t offset, bool pointers)
{
    uint64_t value = 0;

    if (pointers || pci_is_mapped(info, 0, offset))
        return *pci_reg(info->bar0, offset);
    EXPECT(solo5_pci_region_read(info->handle, 0, offset, 4, &value) == SOLO5_R_OK);
    return (uint32_t)value;
}

static inline void pci_set(const struct solo5_pci_info *info, uint64_t offset, bool pointers,
                           uint32_t value)
{
    if (pointers || pci_is_mapped(info, 0, offset))
        *pci_reg(info->bar0, offset) = value;
    else
        EXPECT(solo5_pci_region_write(info->handle, 0, offset, 4, value) == SOLO5_R_OK);
}

/* DMA memory is zeroed when it is handed out; both ends can be used. */
static inline void pci_use_memory(uint8_t *memory, size_t size, uint8_t mark)
{
    EXPECT(size > 0 && (uintptr_t)memory % 4096 == 0);
    EXPECT(memory[0] == 0 && memory[size / 2] == 0 && memory[size - 1] == 0);
    memory[0] = memory[size - 1] = mark;
}

#endif
