// SPDX-License-Identifier: ISC
#include "host/tender/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What cannot be used any more: disjoint or not, ascending by address. */
struct occupied {
    struct layout_range *range;
    unsigned count;
};

static uint64_t end_of(const struct layout_range *range)
{
    uint64_t end;

    return __builtin_add_overflow(range->addr, range->size, &end) ? UINT64_MAX : end;
}

/* Keeps the order. There is room for all. */
static void occupy(struct occupied *occupied, uint64_t addr, uint64_t size)
{
    unsigned at = occupied->count++;

    for (; at > 0 && occupied->range[at - 1].addr > addr; at--)
        occupied->range[at] = occupied->range[at - 1];
    occupied->range[at] = (struct layout_range){.addr = addr, .size = size};
}

static bool is_free(const struct occupied *occupied, uint64_t addr, uint64_t size)
{
    for (unsigned i = 0; i < occupied->count; i++) {
        if (addr < end_of(&occupied->range[i]) && occupied->range[i].addr < addr + size)
            return false;
    }
    return true;
}

static bool fits(uint64_t addr, uint64_t size, uint64_t limit)
{
    return size <= limit && addr <= limit - size;
}

static bool is_allowed(const struct layout_item *item, uint64_t addr)
{
    for (unsigned i = 0; i < item->within_count; i++) {
        const struct layout_range *range = &item->within[i];

        if (addr >= range->addr && fits(addr - range->addr, item->size, range->size))
            return true;
    }
    return item->within == NULL;
}

static bool place_preferred(struct layout_item *item, struct occupied *occupied, uint64_t limit)
{
    if (item->preferred == 0 || !fits(item->preferred, item->size, limit) ||
        !is_allowed(item, item->preferred) || !is_free(occupied, item->preferred, item->size))
        return false;
    item->addr = item->preferred;
    occupy(occupied, item->addr, item->size);
    return true;
}

/* Rounds up; UINT64_MAX if the result has no place in 64 bits. */
static uint64_t align_up(uint64_t value, uint64_t align)
{
    uint64_t sum;

    return __builtin_add_overflow(value, align - 1, &sum) ? UINT64_MAX : sum & ~(align - 1);
}

/* The lowest free address of [floor, limit). */
static bool find_lowest(const struct layout_item *item, const struct occupied *occupied,
                        uint64_t floor, uint64_t limit, uint64_t *found)
{
    uint64_t addr = align_up(floor, item->align);

    for (unsigned i = 0; i < occupied->count; i++) {
        const struct layout_range *range = &occupied->range[i];

        if (range->addr >= addr && range->addr - addr >= item->size)
            break;
        if (end_of(range) > addr)
            addr = align_up(end_of(range), item->align);
    }
    *found = addr;
    return fits(addr, item->size, limit);
}

static bool find_allowed(const struct layout_item *item, const struct occupied *occupied,
                         const struct layout_space *space, uint64_t *found)
{
    for (unsigned i = 0; i < item->within_count; i++) {
        const struct layout_range *range = &item->within[i];
        uint64_t floor = range->addr > space->floor ? range->addr : space->floor;
        uint64_t limit = end_of(range) < space->limit ? end_of(range) : space->limit;

        if (find_lowest(item, occupied, floor, limit, found))
            return true;
    }
    return item->within == NULL && find_lowest(item, occupied, space->floor, space->limit, found);
}

static bool place_lowest(struct layout_item *item, struct occupied *occupied,
                         const struct layout_space *space)
{
    uint64_t addr;

    if (!find_allowed(item, occupied, space, &addr))
        return false;
    item->addr = addr;
    occupy(occupied, addr, item->size);
    return true;
}

static bool goes_before(const struct layout_item *item, const struct layout_item *other)
{
    if ((item->within != NULL) != (other->within != NULL))
        return item->within != NULL;
    return item->align > other->align;
}

/* Among those that have no address yet (addr == UINT64_MAX). */
static struct layout_item *next_unplaced(struct layout_item *items, unsigned count)
{
    struct layout_item *next = NULL;

    for (unsigned i = 0; i < count; i++) {
        if (items[i].addr == UINT64_MAX && (next == NULL || goes_before(&items[i], next)))
            next = &items[i];
    }
    return next;
}

static int place_all(struct layout_item *items, unsigned count, const struct layout_space *space,
                     struct occupied *occupied)
{
    struct layout_item *item;

    for (unsigned i = 0; i < count; i++) {
        if (!place_preferred(&items[i], occupied, space->limit))
            items[i].addr = UINT64_MAX;
    }
    while ((item = next_unplaced(items, count)) != NULL) {
        if (!place_lowest(item, occupied, space))
            return -ENOSPC;
    }
    return 0;
}

static bool is_valid(const struct layout_item *item)
{
    return item->size != 0 && item->align != 0 && (item->align & (item->align - 1)) == 0 &&
           item->preferred % item->align == 0;
}

int layout_place(struct layout_item *items, unsigned count, const struct layout_space *space)
{
    struct occupied occupied = {.count = 0};
    int rc;

    for (unsigned i = 0; i < count; i++) {
        if (!is_valid(&items[i]))
            return -EINVAL;
    }
    occupied.range = calloc((size_t)space->taken_count + count + 1, sizeof(*occupied.range));
    if (occupied.range == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < space->taken_count; i++)
        occupy(&occupied, space->taken[i].addr, space->taken[i].size);
    rc = place_all(items, count, space, &occupied);
    free(occupied.range);
    return rc;
}
