// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "host/tender/layout.h"

#define GIB (1ull << 30)

static struct layout_item want(uint64_t size, uint64_t align, uint64_t preferred)
{
    return (struct layout_item){.size = size, .align = align, .preferred = preferred};
}

static struct layout_space space(uint64_t floor, uint64_t limit)
{
    return (struct layout_space){.floor = floor, .limit = limit};
}

static void test_preferred_addresses(void **state)
{
    struct layout_item items[] = {want(4096, 4096, 512 * GIB), want(GIB, GIB, 1024 * GIB)};
    struct layout_space where = space(8 * GIB, 1ull << 47);

    (void)state;
    assert_int_equal(layout_place(items, 2, &where), 0);
    assert_int_equal(items[0].addr, 512 * GIB);
    assert_int_equal(items[1].addr, 1024 * GIB);
}

static void test_below_the_limit(void **state)
{
    struct layout_item items[] = {want(4096, 4096, 512 * GIB), want(GIB, GIB, 1024 * GIB)};
    struct layout_space where = space(8 * GIB, 512 * GIB);

    (void)state;
    assert_int_equal(layout_place(items, 2, &where), 0);
    assert_int_equal(items[1].addr, 8 * GIB); /* the larger alignment first */
    assert_int_equal(items[0].addr, 9 * GIB);
}

static void test_last_address_below_the_limit(void **state)
{
    struct layout_item items[] = {want(GIB, GIB, 3 * GIB)};
    struct layout_space where = space(0, 4 * GIB);

    (void)state;
    assert_int_equal(layout_place(items, 1, &where), 0);
    assert_int_equal(items[0].addr, 3 * GIB);
    where.limit--;
    assert_int_equal(layout_place(items, 1, &where), 0);
    assert_int_equal(items[0].addr, 0);
}

static void test_taken_ranges(void **state)
{
    struct layout_item items[] = {want(GIB, GIB, 20 * GIB)};
    const struct layout_range taken[] = {
        {20 * GIB + 5, 1}, {9 * GIB + 1, GIB}, {8 * GIB, 4096}, {9 * GIB, 3 * GIB}};
    struct layout_space where = {8 * GIB, 1ull << 40, taken, 4};

    (void)state;
    assert_int_equal(layout_place(items, 1, &where), 0);
    assert_int_equal(items[0].addr, 12 * GIB);
}

static void test_two_want_the_same(void **state)
{
    struct layout_item items[] = {want(4 * GIB, GIB, 16 * GIB), want(GIB, GIB, 17 * GIB)};
    struct layout_space where = space(GIB, 1ull << 40);

    (void)state;
    assert_int_equal(layout_place(items, 2, &where), 0);
    assert_int_equal(items[0].addr, 16 * GIB);
    assert_int_equal(items[1].addr, GIB);
}

static void test_within(void **state)
{
    const struct layout_range ranges[] = {{0, 9 * GIB - 1}, {10 * GIB, 2 * GIB}, {64 * GIB, GIB}};
    struct layout_item items[] = {want(GIB, GIB, 20 * GIB), want(GIB, GIB, 64 * GIB),
                                  want(GIB, GIB, 0), want(2 * GIB, GIB, 0)};
    struct layout_space where = space(8 * GIB, 1ull << 40);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        items[i].within = ranges;
        items[i].within_count = 3;
    }
    assert_int_equal(layout_place(items, 4, &where), 0);
    assert_int_equal(items[0].addr, 10 * GIB); /* the first is one byte too short */
    assert_int_equal(items[1].addr, 64 * GIB);
    assert_int_equal(items[2].addr, 11 * GIB);
    assert_int_equal(items[3].addr, 8 * GIB);
    items[3].within = ranges;
    items[3].within_count = 3;
    assert_int_equal(layout_place(items, 4, &where), -ENOSPC);
    items[3].within_count = 0; /* nowhere */
    assert_int_equal(layout_place(&items[3], 1, &where), -ENOSPC);
    where.floor = 65 * GIB; /* a preferred address may lie below */
    assert_int_equal(layout_place(&items[1], 1, &where), 0);
    assert_int_equal(layout_place(&items[2], 1, &where), -ENOSPC);
}

static void test_within_the_last_bytes(void **state)
{
    const struct layout_range all = {0, UINT64_MAX}, top = {UINT64_MAX - GIB, GIB};
    struct layout_item item = want(GIB, GIB, 512 * GIB);
    struct layout_space where = space(8 * GIB, 1ull << 47);

    (void)state;
    item.within = &all;
    item.within_count = 1;
    assert_int_equal(layout_place(&item, 1, &where), 0);
    assert_int_equal(item.addr, 512 * GIB);
    item.within = &top;
    assert_int_equal(layout_place(&item, 1, &where), -ENOSPC);
}

static void test_no_room(void **state)
{
    struct layout_item items[] = {want(GIB, GIB, 0), want(GIB, GIB, 0)};
    struct layout_item huge[] = {want(UINT64_MAX, 4096, 0)};
    const struct layout_range top[] = {{UINT64_MAX - 10, 100}, {0, UINT64_MAX}};
    struct layout_space where = space(GIB, 3 * GIB - 1);

    (void)state;
    assert_int_equal(layout_place(items, 2, &where), -ENOSPC);
    where.limit++;
    assert_int_equal(layout_place(items, 2, &where), 0);
    where.limit = 1ull << 47;
    assert_int_equal(layout_place(huge, 1, &where), -ENOSPC);
    where.taken = top;
    where.taken_count = 2;
    assert_int_equal(layout_place(items, 2, &where), -ENOSPC);
    where.floor = UINT64_MAX;
    assert_int_equal(layout_place(items, 2, &where), -ENOSPC);
}

static void test_bad_items(void **state)
{
    struct layout_item items[] = {want(0, 4096, 0), want(1, 0, 0), want(1, 3, 0),
                                  want(1, 4096, 100)};
    struct layout_space where = space(GIB, 1ull << 47);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(layout_place(&items[i], 1, &where), -EINVAL);
    assert_int_equal(layout_place(NULL, 0, &where), 0);
}

/* ---- whatever is asked for: aligned, inside, disjoint, free; or no room ---- */

static uint64_t random_bits(unsigned bits)
{
    uint64_t value = ((uint64_t)rand() << 42) ^ ((uint64_t)rand() << 21) ^ (uint64_t)rand();

    return value & ((1ull << bits) - 1);
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a + a_size <= b || b + b_size <= a;
}

static void check(const struct layout_item *items, unsigned count, const struct layout_space *where)
{
    for (unsigned i = 0; i < count; i++) {
        const struct layout_item *x = &items[i];

        assert_int_equal(x->addr % x->align, 0);
        assert_true(x->addr + x->size <= where->limit && x->addr + x->size > x->addr);
        assert_true(x->addr >= where->floor || x->addr == x->preferred);
        for (unsigned j = 0; j < i; j++)
            assert_true(apart(x->addr, x->size, items[j].addr, items[j].size));
        for (unsigned j = 0; j < where->taken_count; j++)
            assert_true(apart(x->addr, x->size, where->taken[j].addr, where->taken[j].size));
    }
}

static void test_random_layouts(void **state)
{
    unsigned placed = 0;

    (void)state;
    srand(2);
    for (unsigned round = 0; round < 3000; round++) {
        struct layout_item items[40] = {0};
        struct layout_range taken[20];
        struct layout_space where = {random_bits(34), 1ull << (34 + rand() % 14), taken,
                                     (unsigned)rand() % 20};
        unsigned count = (unsigned)rand() % 40;
        int rc;

        for (unsigned i = 0; i < where.taken_count; i++)
            taken[i] = (struct layout_range){random_bits(40), random_bits(30) + 1};
        for (unsigned i = 0; i < count; i++) {
            uint64_t align = 1ull << (12 + rand() % 20);

            items[i].size = random_bits(12 + (unsigned)rand() % 20) + 1;
            items[i].align = align;
            items[i].preferred = rand() % 3 ? random_bits(41) & ~(align - 1) : 0;
        }
        rc = layout_place(items, count, &where);
        assert_true(rc == 0 || rc == -ENOSPC);
        if (rc == 0)
            check(items, count, &where);
        placed += rc == 0;
    }
    assert_true(placed > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preferred_addresses),
        cmocka_unit_test(test_below_the_limit),
        cmocka_unit_test(test_last_address_below_the_limit),
        cmocka_unit_test(test_taken_ranges),
        cmocka_unit_test(test_two_want_the_same),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_within_the_last_bytes),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_bad_items),
        cmocka_unit_test(test_random_layouts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
