// SPDX-License-Identifier: ISC
/* What lies where in a guest, in words for people. */
#include <stdio.h>

#include "host/hvt/hvt.h"

static const char *in_ram(const struct hvt *hvt, uint64_t addr)
{
    if (addr < HVT_BOOT_INFO_BASE)
        return "the first 64 KiB, where nothing ever is";
    if (addr < HVT_GUEST_MIN_BASE)
        return "boot information";
    for (unsigned i = 0; i < hvt->elf.segments_count; i++) {
        const struct elf_segment *segment = &hvt->elf.segments[i];

        if (addr >= segment->start && addr < segment->end)
            return segment->flags & PF_X   ? "text"
                   : segment->flags & PF_W ? "data"
                                           : "read-only data";
    }
    return "heap or stack";
}

static bool in_device(const struct tender_pci_device *device, uint64_t addr, char *text,
                      size_t size)
{
    for (unsigned i = 0; i < 6; i++) {
        const struct tender_bar *bar = &device->bar[i];

        if (addr >= bar->addr && addr - bar->addr < bar->size) {
            snprintf(text, size, "BAR %u of device '%s'", i, device->name);
            return true;
        }
    }
    if (addr >= device->dma.addr && addr - device->dma.addr < device->dma.size) {
        snprintf(text, size, "DMA memory of device '%s'", device->name);
        return true;
    }
    return false;
}

void hvt_describe(const struct hvt *hvt, uint64_t addr, char *text, size_t size)
{
    const struct mapping *mapping = mappings_find(&hvt->mappings, addr);

    if (addr < hvt->mem_size) {
        snprintf(text, size, "%s", in_ram(hvt, addr));
        return;
    }
    for (unsigned i = 0; i < hvt->pci.count; i++)
        if (in_device(&hvt->pci.device[i], addr, text, size))
            return;
    if (addr >= hvt->pci.dma.addr && addr - hvt->pci.dma.addr < hvt->pci.dma.size)
        snprintf(text, size, "shared DMA memory");
    else if (mapping != NULL && (mapping->flags & MAPPING_TENDER))
        snprintf(text, size, "the tender's own memory");
    else
        snprintf(text, size, "nothing is there");
}
