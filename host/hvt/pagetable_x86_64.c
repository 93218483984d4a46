// SPDX-License-Identifier: ISC
#include "host/hvt/pagetable.h"

#include <errno.h>

#define ENTRIES   512u
#define TOP_LEVEL 4 /* PML4; 3: page directory pointers, 2: page directory, 1: page table */

/* SDM volume 3, table 4-15 and following. */
#define PRESENT    (1ull << 0)
#define WRITABLE   (1ull << 1)
#define USER       (1ull << 2)
#define UNCACHED   (1ull << 3 | 1ull << 4) /* PWT, PCD: entry 3 of the PAT, "UC" */
#define ACCESSED   (1ull << 5)
#define DIRTY      (1ull << 6)
#define LARGE      (1ull << 7)
#define NO_EXECUTE (1ull << 63)
#define ADDRESS    0x000ffffffffff000ull

void pagetable_init(struct pagetable *table, void *pool, size_t max, uint64_t address)
{
    *table = (struct pagetable){.pool = pool, .max = max, .used = 1, .address = address};
}

static uint64_t span(int level)
{
    return PAGETABLE_PAGE << (9 * (level - 1));
}

/* Accessed and dirty are set beforehand: the CPU need not come back to write them. */
static uint64_t leaf_bits(const struct pagetable *table, unsigned flags)
{
    uint64_t bits = PRESENT | ACCESSED;

    if (flags & MAPPING_WRITE)
        bits |= WRITABLE | DIRTY;
    if (!(flags & MAPPING_EXEC))
        bits |= NO_EXECUTE;
    if (flags & MAPPING_DEVICE)
        bits |= UNCACHED;
    if (table->user && !(flags & MAPPING_TENDER))
        bits |= USER;
    return bits;
}

static bool fits(const struct pagetable *table, int level, uint64_t addr, uint64_t end)
{
    return level == 1 || ((level == 2 || (level == 3 && table->gigabyte)) &&
                          addr % span(level) == 0 && end - addr >= span(level));
}

/* The table behind an entry; made if the entry is empty. Permissions are the leaves' business. */
static int descend(struct pagetable *table, uint64_t *entry, uint64_t **next)
{
    if (*entry == 0) {
        if (table->used == table->max)
            return -ENOMEM;
        *entry = (table->address + table->used * PAGETABLE_PAGE) | PRESENT | WRITABLE | ACCESSED;
        if (table->user)
            *entry |= USER;
        table->used++;
    } else if (*entry & LARGE) {
        return -EEXIST;
    }
    *next = table->pool + ((*entry & ADDRESS) - table->address) / sizeof **next;
    return 0;
}

/* Maps [addr, end), which lies within one table of this level. */
static int map_level(struct pagetable *table, uint64_t *entries, int level, uint64_t addr,
                     uint64_t end, uint64_t bits)
{
    while (addr < end) {
        uint64_t *entry = &entries[addr / span(level) % ENTRIES];
        uint64_t next = (addr & -span(level)) + span(level);
        uint64_t *below;
        int rc;

        if (next > end)
            next = end;
        if (fits(table, level, addr, end)) {
            if (*entry != 0)
                return -EEXIST;
            *entry = addr | bits | (level > 1 ? LARGE : 0);
        } else {
            rc = descend(table, entry, &below);
            if (rc == 0)
                rc = map_level(table, below, level - 1, addr, next, bits);
            if (rc < 0)
                return rc;
        }
        addr = next;
    }
    return 0;
}

int pagetable_map(struct pagetable *table, const struct mapping *mapping)
{
    uint64_t addr = mapping->addr;

    if (addr % PAGETABLE_PAGE != 0 || mapping->size % PAGETABLE_PAGE != 0 ||
        addr > PAGETABLE_LIMIT || mapping->size > PAGETABLE_LIMIT - addr)
        return -EINVAL;
    return map_level(table, table->pool, TOP_LEVEL, addr, addr + mapping->size,
                     leaf_bits(table, mapping->flags));
}
