// SPDX-License-Identifier: ISC
#include "host/cli/memory_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/hvt.h"
#include "abi/layout.h"

#define BARS 6u

const char *memory_map_access(uint32_t elf_flags)
{
    static const char *const names[8] = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};

    return names[elf_flags & 7]; /* PF_X 1, PF_W 2, PF_R 4 */
}

static struct map_row *add(struct memory_map *map, uint64_t start, uint64_t end, const char *access)
{
    struct map_row *row = &map->rows[map->count++];

    *row = (struct map_row){.start = start, .size = end - start, .access = access};
    return row;
}

static const char *content(const struct elf_segment *segment)
{
    if (segment->flags & PF_X)
        return "text";
    if (!(segment->flags & PF_W))
        return "read-only data";
    return segment->file_size != 0 ? "data" : "zeroed data";
}

static void add_ram(struct memory_map *map, const struct elf_file *elf)
{
    struct map_row *row;

    row = add(map, 0, HVT_BOOT_INFO_BASE, "---");
    snprintf(row->what, sizeof(row->what), "nothing: a null pointer faults");
    row = add(map, HVT_BOOT_INFO_BASE, HVT_GUEST_MIN_BASE, "r--");
    snprintf(row->what, sizeof(row->what), "boot info, manifest, command line, devices");
    for (unsigned i = 0; i < elf->segments_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];

        row = add(map, segment->start, segment->end, memory_map_access(segment->flags));
        snprintf(row->what, sizeof(row->what), "%s", content(segment));
    }
    if (elf->end < HVT_MEM_MAX) {
        row = add(map, elf->end, HVT_MEM_MAX, "rw-");
        row->at_most = true;
        snprintf(row->what, sizeof(row->what), "free memory: as much as --mem gives");
    }
}

static void add_bars(struct memory_map *map, const struct mft_entry *entry, unsigned n)
{
    for (unsigned i = 0; i < BARS; i++) {
        uint64_t start = pci_window_addr(n, i);
        struct map_row *row;

        if (!(entry->u.pci_basic.flags & MFT_PCI_MAP_BAR(i)))
            continue;
        row = add(map, start, start + PCI_WINDOW_BAR_STRIDE, "rw-");
        row->at_most = true;
        snprintf(row->what, sizeof(row->what), "%s BAR%u, uncached", entry->name, i);
    }
}

static void add_devices(struct memory_map *map, const struct mft *mft)
{
    unsigned n = 0;

    for (uint32_t i = 1; i < mft->entries; i++) {
        if (mft->e[i].type == MFT_PCI_BASIC)
            add_bars(map, &mft->e[i], n++);
    }
}

static void add_shared_dma(struct memory_map *map, const struct mft *mft)
{
    uint64_t size = 0;

    for (uint32_t i = 1; i < mft->entries; i++) {
        if (mft->e[i].type == MFT_DMA_BASIC)
            size += mft->e[i].u.dma_basic.size;
    }
    if (size != 0) {
        struct map_row *row = add(map, DMA_SHARED_BASE, DMA_SHARED_BASE + size, "rw-");

        snprintf(row->what, sizeof(row->what), "DMA memory, shared by all PCI devices");
    }
}

static void add_own_dma(struct memory_map *map, const struct mft *mft)
{
    unsigned n = 0;

    for (uint32_t i = 1; i < mft->entries; i++) {
        const struct mft_entry *entry = &mft->e[i];
        uint64_t start = dma_window_addr(n);
        struct map_row *row;

        if (entry->type != MFT_PCI_BASIC)
            continue;
        n++;
        if (entry->u.pci_basic.dma_size == 0)
            continue;
        row = add(map, start, start + entry->u.pci_basic.dma_size, "rw-");
        snprintf(row->what, sizeof(row->what), "DMA memory of %s alone", entry->name);
    }
}

int memory_map_make(struct memory_map *map, const struct elf_file *elf, const struct mft *mft)
{
    size_t most = 4 + elf->segments_count + (size_t)mft->entries * (BARS + 1);

    *map = (struct memory_map){.rows = calloc(most, sizeof(map->rows[0]))};
    if (!map->rows)
        return -ENOMEM;
    add_ram(map, elf);
    add_devices(map, mft);
    add_shared_dma(map, mft);
    add_own_dma(map, mft);
    return 0;
}

void memory_map_free(struct memory_map *map)
{
    free(map->rows);
    map->rows = NULL;
}
