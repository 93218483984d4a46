// SPDX-License-Identifier: ISC
/*
 * Page tables, read back by a walk that knows nothing of how they were built: every mapped byte
 * translates to itself, with the permissions that were asked for; nothing else translates.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/hvt/pagetable.h"

#define KIB        (1ull << 10)
#define MIB        (1ull << 20)
#define GIB        (1ull << 30)
#define POOL       0x123456000ull /* guest physical */
#define POOL_PAGES 4096u

/* SDM volume 3, table 4-19, once more. */
#define P   (1ull << 0)
#define RW  (1ull << 1)
#define US  (1ull << 2)
#define PWT (1ull << 3)
#define PCD (1ull << 4)
#define PS  (1ull << 7)
#define XD  (1ull << 63)

struct walk {
    bool present;
    uint64_t address;
    unsigned level; /* of the leaf: 1, 2, 3 */
    bool write, exec, user, uncached;
};

static struct walk walk(const struct pagetable *table, uint64_t addr)
{
    struct walk result = {.write = true, .exec = true, .user = true};
    uint64_t base = table->address;

    for (unsigned level = 4; level > 0; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        uint64_t offset = base - table->address;
        uint64_t entry;

        assert_true(base >= table->address && offset / 4096 < table->used);
        entry = table->pool[offset / 8 + (addr >> shift & 511)];
        if (!(entry & P))
            return (struct walk){.present = false};
        result.write &= (entry & RW) != 0;
        result.user &= (entry & US) != 0;
        result.exec &= (entry & XD) == 0;
        base = entry & 0x000ffffffffff000ull;
        if (level == 1 || (level < 4 && (entry & PS))) {
            uint64_t mask = (1ull << shift) - 1;

            assert_int_equal(base & mask, 0);
            result.present = true;
            result.address = base | (addr & mask);
            result.level = level;
            result.uncached = (entry & (PWT | PCD)) == (PWT | PCD);
            assert_true(result.uncached || !(entry & (PWT | PCD)));
            return result;
        }
    }
    return result;
}

static uint64_t *pool;

static struct pagetable fresh(bool user, bool gigabyte)
{
    struct pagetable table;

    memset(pool, 0, POOL_PAGES * 4096);
    pagetable_init(&table, pool, POOL_PAGES, POOL);
    table.user = user;
    table.gigabyte = gigabyte;
    return table;
}

static void check_mapped(const struct pagetable *table, const struct mapping *m, uint64_t addr)
{
    struct walk w = walk(table, addr);
    bool tender = (m->flags & MAPPING_TENDER) != 0;

    assert_true(w.present);
    assert_int_equal(w.address, addr);
    assert_int_equal(w.write, (m->flags & MAPPING_WRITE) != 0);
    assert_int_equal(w.exec, (m->flags & MAPPING_EXEC) != 0);
    assert_int_equal(w.uncached, (m->flags & MAPPING_DEVICE) != 0);
    assert_int_equal(w.user, table->user && !tender);
}

static void uses_the_largest_pages(void **state)
{
    struct pagetable table = fresh(true, true);
    struct mapping m = {2 * MIB - 8 * KIB, 4 * GIB, MAPPING_WRITE};

    (void)state;
    assert_int_equal(pagetable_map(&table, &m), 0);
    assert_int_equal(walk(&table, m.addr).level, 1);
    assert_int_equal(walk(&table, 2 * MIB).level, 2);
    assert_int_equal(walk(&table, GIB - 1).level, 2);
    assert_int_equal(walk(&table, GIB).level, 3);
    assert_int_equal(walk(&table, 4 * GIB - 1).level, 3);
    assert_int_equal(walk(&table, 4 * GIB).level, 1); /* 2 MiB less 8 KiB are left */
    assert_false(walk(&table, m.addr - 1).present);
    assert_false(walk(&table, m.addr + m.size).present);
}

static void does_without_gigabyte_pages(void **state)
{
    struct pagetable table = fresh(false, false);
    struct mapping m = {0, 2 * GIB, 0};

    (void)state;
    assert_int_equal(pagetable_map(&table, &m), 0);
    assert_int_equal(walk(&table, GIB).level, 2);
    assert_int_equal(table.used, 4); /* PML4, pointers, two directories */
}

/* A BAR of 64 bytes takes a page; one of 3 MiB takes a large page and small ones. */
static void maps_bars_of_any_size(void **state)
{
    struct pagetable table = fresh(true, true);
    struct mapping small = {512 * GIB, 4 * KIB, MAPPING_WRITE | MAPPING_DEVICE};
    struct mapping large = {513 * GIB, 3 * MIB, MAPPING_WRITE | MAPPING_DEVICE};

    (void)state;
    assert_int_equal(pagetable_map(&table, &small), 0);
    assert_int_equal(pagetable_map(&table, &large), 0);
    check_mapped(&table, &small, small.addr + 4095);
    assert_false(walk(&table, small.addr + 4096).present);
    assert_int_equal(walk(&table, large.addr).level, 2);
    assert_int_equal(walk(&table, large.addr + 2 * MIB).level, 1);
    assert_false(walk(&table, large.addr + 3 * MIB).present);
}

static void refuses_nonsense(void **state)
{
    struct pagetable table = fresh(true, true);
    const struct mapping bad[] = {
        {1, 4 * KIB, 0},
        {0, 4 * KIB + 1, 0},
        {PAGETABLE_LIMIT, 4 * KIB, 0},
        {PAGETABLE_LIMIT - 4 * KIB, 8 * KIB, 0},
        {0 - 4 * KIB, 8 * KIB, 0},
        {4 * KIB, 0 - 4 * KIB, 0},
    };
    const struct mapping last = {PAGETABLE_LIMIT - 4 * KIB, 4 * KIB, 0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(pagetable_map(&table, &bad[i]), -EINVAL);
    assert_int_equal(table.used, 1);
    assert_int_equal(pagetable_map(&table, &last), 0);
}

static void refuses_overlaps(void **state)
{
    struct pagetable table = fresh(true, true);
    const struct mapping gig = {4 * GIB, GIB, 0}, meg = {8 * MIB, 2 * MIB, 0},
                         page = {16 * MIB + 4 * KIB, 4 * KIB, 0};
    const struct mapping over[] = {
        {4 * GIB, 4 * KIB, 0},
        {4 * GIB + 2 * MIB, 2 * MIB, 0},
        {3 * GIB, 3 * GIB, 0},
        {8 * MIB + 8 * KIB, 4096, 0},
        {0, GIB, 0},
        {16 * MIB, 2 * MIB, 0},
        {16 * MIB + 4 * KIB, 4096, 0},
    };

    (void)state;
    assert_int_equal(pagetable_map(&table, &gig), 0);
    assert_int_equal(pagetable_map(&table, &meg), 0);
    assert_int_equal(pagetable_map(&table, &page), 0);
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++)
        assert_int_equal(pagetable_map(&table, &over[i]), -EEXIST);
}

static void notices_when_the_pool_is_used_up(void **state)
{
    struct pagetable table = fresh(true, true);
    struct mapping m = {4 * KIB, 4 * KIB, 0};

    (void)state;
    table.max = 3;
    assert_int_equal(pagetable_map(&table, &m), -ENOMEM);
    assert_int_equal(table.used, 3);
}

/* ---- Random mappings ---- */

#define MAPPINGS 24

static uint64_t random64(void)
{
    return (uint64_t)random() << 40 ^ (uint64_t)random() << 20 ^ (uint64_t)random();
}

/* Ascending and disjoint, some of them adjacent, of sizes from a page to a few GiB. */
static unsigned random_mappings(struct mapping list[MAPPINGS])
{
    static const uint64_t units[] = {4 * KIB, 4 * KIB, 2 * MIB, 2 * MIB, GIB};
    uint64_t at = 0;
    unsigned count = 0;

    while (count < MAPPINGS) {
        uint64_t unit = units[random64() % 5];
        uint64_t gap = random64() % 3 == 0 ? 0 : random64() % 600 * 4 * KIB;
        struct mapping m = {.addr = at + gap,
                            .size = (1 + random64() % 5) * unit + random64() % 3 * 4 * KIB,
                            .flags = (unsigned)(random64() % 16)};

        if (random64() % 2 == 0)
            m.addr = (m.addr + unit - 1) & -unit;
        if (random64() % 8 == 0)
            m.addr += 512 * GIB;
        list[count++] = m;
        at = m.addr + m.size;
    }
    return count;
}

static const struct mapping *find(const struct mapping *list, unsigned count, uint64_t addr)
{
    for (unsigned i = 0; i < count; i++)
        if (addr >= list[i].addr && addr - list[i].addr < list[i].size)
            return &list[i];
    return NULL;
}

static void check_address(const struct pagetable *table, const struct mapping *list, unsigned count,
                          uint64_t addr)
{
    const struct mapping *m = find(list, count, addr);

    if (addr >= 1ull << 48)
        return;
    if (m != NULL)
        check_mapped(table, m, addr);
    else
        assert_false(walk(table, addr).present);
}

static void translates_as_asked(void **state)
{
    (void)state;
    srandom(20);
    for (unsigned round = 0; round < 40; round++) {
        struct pagetable table = fresh(round % 2 == 0, round % 3 != 0);
        struct mapping list[MAPPINGS];
        unsigned count = random_mappings(list);

        for (unsigned i = 0; i < count; i++)
            assert_int_equal(pagetable_map(&table, &list[i]), 0);
        for (unsigned i = 0; i < count; i++) {
            uint64_t start = list[i].addr, end = start + list[i].size;

            check_address(&table, list, count, start - 1);
            check_address(&table, list, count, start);
            check_address(&table, list, count, end - 1);
            check_address(&table, list, count, end);
            for (unsigned k = 0; k < 50; k++)
                check_address(&table, list, count, start + random64() % (end - start));
            for (unsigned k = 0; k < 10; k++)
                check_address(&table, list, count, random64() % (2 * end));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_the_largest_pages),
        cmocka_unit_test(does_without_gigabyte_pages),
        cmocka_unit_test(maps_bars_of_any_size),
        cmocka_unit_test(refuses_nonsense),
        cmocka_unit_test(refuses_overlaps),
        cmocka_unit_test(notices_when_the_pool_is_used_up),
        cmocka_unit_test(translates_as_asked),
    };
    int rc;

    pool = aligned_alloc(4096, POOL_PAGES * 4096);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    free(pool);
    return rc;
}
