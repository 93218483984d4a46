// SPDX-License-Identifier: ISC
#include "host/pci/pci_areas.h"

#include <stdlib.h>

static uint64_t page_down(uint64_t value)
{
    return value & ~(uint64_t)(PCI_PAGE - 1);
}

/* Rounds up, to the last page boundary where that does not exist in 64 bits. */
static uint64_t page_up(uint64_t value)
{
    uint64_t sum;

    if (__builtin_add_overflow(value, PCI_PAGE - 1, &sum))
        sum = UINT64_MAX;
    return page_down(sum);
}

static uint64_t end_of(uint64_t offset, uint64_t size)
{
    uint64_t end;

    return __builtin_add_overflow(offset, size, &end) ? UINT64_MAX : end;
}

static int by_offset(const void *a, const void *b)
{
    const struct pci_area *x = a, *y = b;

    return (x->offset > y->offset) - (x->offset < y->offset);
}

bool pci_areas_add(struct pci_area_list *list, uint64_t offset, uint64_t size)
{
    if (list->count == PCI_AREA_LIST_MAX)
        return false;
    list->area[list->count++] = (struct pci_area){.offset = offset, .size = size};
    return true;
}

/* Whole pages inside the region; what has none goes. */
static void clip(struct pci_area_list *list, uint64_t size)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < list->count; i++) {
        uint64_t start = page_up(list->area[i].offset);
        uint64_t end = end_of(list->area[i].offset, list->area[i].size);

        end = page_down(end < size ? end : size);
        if (start < end)
            list->area[kept++] = (struct pci_area){.offset = start, .size = end - start};
    }
    list->count = kept;
}

static void merge(struct pci_area_list *list)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < list->count; i++) {
        struct pci_area *last = kept > 0 ? &list->area[kept - 1] : NULL;
        struct pci_area next = list->area[i];

        if (last != NULL && next.offset <= last->offset + last->size) {
            uint64_t end = next.offset + next.size;

            if (end > last->offset + last->size)
                last->size = end - last->offset;
        } else {
            list->area[kept++] = next;
        }
    }
    list->count = kept;
}

void pci_areas_normalise(struct pci_area_list *list, uint64_t size)
{
    clip(list, size);
    qsort(list->area, list->count, sizeof(list->area[0]), by_offset);
    merge(list);
}

/* What is left of `area` on both sides of [start, end). */
static unsigned split(struct pci_area area, uint64_t start, uint64_t end, struct pci_area out[2])
{
    uint64_t area_end = area.offset + area.size;
    unsigned count = 0;

    if (end <= area.offset || area_end <= start) {
        out[count++] = area;
        return count;
    }
    if (area.offset < start)
        out[count++] = (struct pci_area){.offset = area.offset, .size = start - area.offset};
    if (end < area_end)
        out[count++] = (struct pci_area){.offset = end, .size = area_end - end};
    return count;
}

void pci_areas_cut(struct pci_area_list *list, uint64_t offset, uint64_t size)
{
    struct pci_area_list left = {.count = 0};
    uint64_t start = page_down(offset);
    uint64_t end = page_up(end_of(offset, size));

    if (size == 0)
        return;
    for (unsigned i = 0; i < list->count; i++) {
        struct pci_area parts[2];
        unsigned count = split(list->area[i], start, end, parts);

        for (unsigned p = 0; p < count; p++)
            pci_areas_add(&left, parts[p].offset, parts[p].size);
    }
    *list = left;
}

static unsigned smallest(const struct pci_area_list *list)
{
    unsigned found = 0;

    for (unsigned i = 1; i < list->count; i++) {
        if (list->area[i].size < list->area[found].size)
            found = i;
    }
    return found;
}

unsigned pci_areas_largest(const struct pci_area_list *list, struct pci_area *out, unsigned max)
{
    struct pci_area_list left = *list;

    while (left.count > max) {
        unsigned gone = smallest(&left);

        left.count--;
        for (unsigned i = gone; i < left.count; i++)
            left.area[i] = left.area[i + 1];
    }
    for (unsigned i = 0; i < left.count; i++)
        out[i] = left.area[i];
    return left.count;
}
