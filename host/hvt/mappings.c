// SPDX-License-Identifier: ISC
#include "host/hvt/mappings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "abi/hvt.h"

#define PAGE 4096ull

int mappings_add(struct mappings *mappings, uint64_t addr, uint64_t size, unsigned flags)
{
    struct mapping *last, *list;
    uint64_t end;

    if (addr % PAGE != 0 || size % PAGE != 0 || __builtin_add_overflow(addr, size, &end))
        return -EINVAL;
    if (size == 0)
        return 0;
    last = mappings->count > 0 ? &mappings->list[mappings->count - 1] : NULL;
    if (last != NULL && last->addr + last->size == addr && last->flags == flags) {
        last->size += size;
        return 0;
    }
    if (mappings->count == MAPPINGS_MAX)
        return -E2BIG;
    list = realloc(mappings->list, (mappings->count + 1) * sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    mappings->list = list;
    list[mappings->count++] = (struct mapping){.addr = addr, .size = size, .flags = flags};
    return 0;
}

static int add_segment(struct mappings *mappings, const struct elf_segment *segment)
{
    unsigned flags = 0;

    if (segment->flags & PF_W)
        flags |= MAPPING_WRITE;
    if (segment->flags & PF_X)
        flags |= MAPPING_EXEC;
    return mappings_add(mappings, segment->start, segment->end - segment->start, flags);
}

int mappings_add_ram(struct mappings *mappings, const struct elf_file *elf, uint64_t mem_size)
{
    uint64_t at = HVT_GUEST_MIN_BASE;
    int rc = mappings_add(mappings, HVT_BOOT_INFO_BASE, at - HVT_BOOT_INFO_BASE, 0);

    for (unsigned i = 0; rc == 0 && i < elf->segments_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];

        rc = mappings_add(mappings, at, segment->start - at, MAPPING_WRITE);
        if (rc == 0)
            rc = add_segment(mappings, segment);
        at = segment->end;
    }
    return rc < 0 ? rc : mappings_add(mappings, at, mem_size - at, MAPPING_WRITE);
}

static int add_bar(struct mappings *mappings, const struct tender_bar *bar)
{
    uint64_t size = (bar->size + PAGE - 1) & -PAGE;

    if (size < bar->size)
        return -EINVAL;
    return mappings_add(mappings, bar->addr, size, MAPPING_WRITE | MAPPING_DEVICE);
}

int mappings_add_pci(struct mappings *mappings, const struct tender_pci *pci)
{
    int rc = mappings_add(mappings, pci->dma.addr, pci->dma.size, MAPPING_WRITE);

    for (unsigned i = 0; rc == 0 && i < pci->count; i++) {
        const struct tender_pci_device *device = &pci->device[i];

        for (unsigned bar = 0; rc == 0 && bar < 6; bar++)
            rc = add_bar(mappings, &device->bar[bar]);
        if (rc == 0)
            rc = mappings_add(mappings, device->dma.addr, device->dma.size, MAPPING_WRITE);
    }
    return rc;
}

static int compare(const void *a, const void *b)
{
    const struct mapping *x = a, *y = b;

    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

int mappings_finish(struct mappings *mappings, struct tender_error *error)
{
    struct mapping *list = mappings->list;

    if (mappings->count > 0)
        qsort(list, mappings->count, sizeof *list, compare);
    for (unsigned i = 1; i < mappings->count; i++)
        if (list[i - 1].addr + list[i - 1].size > list[i].addr)
            return tender_fail(error, -EEXIST,
                               "guest memory at 0x%" PRIx64 " (%" PRIu64
                               " bytes) overlaps that at 0x%" PRIx64,
                               list[i - 1].addr, list[i - 1].size, list[i].addr);
    return 0;
}

uint64_t mappings_gap(const struct mappings *mappings, uint64_t from, uint64_t size, uint64_t align)
{
    uint64_t at = (from + align - 1) & -align;

    for (unsigned i = 0; i < mappings->count; i++) {
        const struct mapping *m = &mappings->list[i];

        if (m->addr < at + size && at < m->addr + m->size)
            at = (m->addr + m->size + align - 1) & -align;
    }
    return at;
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t addr)
{
    for (unsigned i = 0; i < mappings->count; i++) {
        const struct mapping *m = &mappings->list[i];

        if (addr >= m->addr && addr - m->addr < m->size)
            return m;
    }
    return NULL;
}

bool mappings_allow(const struct mappings *mappings, uint64_t addr, uint64_t size, unsigned flags)
{
    uint64_t end;

    if (__builtin_add_overflow(addr, size, &end))
        return false;
    do {
        const struct mapping *m = mappings_find(mappings, addr);

        if (m == NULL || (m->flags & (MAPPING_TENDER | MAPPING_DEVICE)) != 0 ||
            (m->flags & flags) != flags)
            return false;
        addr = m->addr + m->size;
    } while (addr < end);
    return true;
}

void mappings_free(struct mappings *mappings)
{
    free(mappings->list);
    *mappings = (struct mappings){.count = 0};
}
