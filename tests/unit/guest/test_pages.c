// SPDX-License-Identifier: ISC
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libc/pages.h"

#define HEAP_PAGES 200 /* one for the bitmap */

static int setup(void **state)
{
    struct pages *pages = malloc(sizeof(*pages));
    uint8_t *heap = aligned_alloc(PAGES_SIZE, HEAP_PAGES * PAGES_SIZE);

    memset(heap, 0, HEAP_PAGES * PAGES_SIZE);
    pages_init(pages, (uintptr_t)heap, HEAP_PAGES * PAGES_SIZE);
    *state = pages;
    return 0;
}

static int teardown(void **state)
{
    struct pages *pages = *state;

    free(pages->used);
    free(pages);
    return 0;
}

static void assert_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], 0);
}

static void all_pages_can_be_taken_once(void **state)
{
    struct pages *pages = *state;
    uint8_t *page;
    unsigned n = 0;

    while ((page = pages_take(pages, 1))) {
        assert_true(pages_contain(pages, page, 1));
        assert_zero(page, PAGES_SIZE);
        memset(page, 0xff, PAGES_SIZE);
        n++;
    }
    assert_int_equal(n, HEAP_PAGES - 1);
}

static void what_was_given_back_is_taken_again_and_zero(void **state)
{
    struct pages *pages = *state;
    uint8_t *a = pages_take(pages, 10);
    uint8_t *b = pages_take(pages, 10);

    memset(a, 1, 10 * PAGES_SIZE);
    memset(b, 2, 10 * PAGES_SIZE);
    pages_give(pages, a, 10);
    assert_ptr_equal(pages_take(pages, 10), a);
    assert_zero(a, 10 * PAGES_SIZE);
    assert_int_equal(b[0], 2);
}

static void a_hole_that_is_too_small_is_passed_over(void **state)
{
    struct pages *pages = *state;
    uint8_t *a = pages_take(pages, 70);
    uint8_t *b = pages_take(pages, 1);

    pages_give(pages, a, 70);
    assert_ptr_equal(pages_take(pages, 71), b + PAGES_SIZE);
    assert_ptr_equal(pages_take(pages, 70), a);
}

static void a_run_may_cross_into_untouched_memory(void **state)
{
    struct pages *pages = *state;
    uint8_t *a = pages_take(pages, 60);
    uint8_t *b = a + 50 * PAGES_SIZE;

    memset(b, 1, 10 * PAGES_SIZE);
    pages_give(pages, b, 10);
    assert_ptr_equal(pages_take(pages, 100), b);
    assert_zero(b, 100 * PAGES_SIZE);
}

static void free_pages_are_counted(void **state)
{
    struct pages *pages = *state;
    uint8_t *a = pages_take(pages, 70);

    assert_int_equal(pages_free_count(pages), HEAP_PAGES - 1 - 70);
    pages_take(pages, 3);
    pages_give(pages, a + PAGES_SIZE, 64);
    assert_int_equal(pages_free_count(pages), HEAP_PAGES - 1 - 73 + 64);
    pages_take(pages, 1);
    assert_int_equal(pages_free_count(pages), HEAP_PAGES - 1 - 73 + 63);
}

static void more_than_there_is_is_refused(void **state)
{
    struct pages *pages = *state;

    assert_null(pages_take(pages, HEAP_PAGES));
    assert_null(pages_take(pages, SIZE_MAX));
    assert_non_null(pages_take(pages, HEAP_PAGES - 1));
    assert_null(pages_take(pages, 1));
}

static void pages_are_taken_in_place_only_if_free(void **state)
{
    struct pages *pages = *state;
    uint8_t *a = pages_take(pages, 2);
    uint8_t *b = pages_take(pages, 2);

    assert_false(pages_take_at(pages, a + 2 * PAGES_SIZE, 1));
    pages_give(pages, b, 2);
    assert_true(pages_take_at(pages, b, 100));
    assert_false(pages_take_at(pages, b + 100 * PAGES_SIZE, HEAP_PAGES));
    assert_ptr_equal(pages_take(pages, 1), b + 100 * PAGES_SIZE);
}

static void foreign_addresses_are_not_contained(void **state)
{
    struct pages *pages = *state;
    uint8_t *base = pages->base;

    assert_true(pages_contain(pages, base, HEAP_PAGES - 1));
    assert_false(pages_contain(pages, base, HEAP_PAGES));
    assert_false(pages_contain(pages, base + 1, 1));
    assert_false(pages_contain(pages, pages->used, 1));
    assert_false(pages_contain(pages, base + (HEAP_PAGES - 1) * PAGES_SIZE, 1));
    assert_false(pages_contain(pages, NULL, 1));
    assert_false(pages_contain(pages, base + PAGES_SIZE, SIZE_MAX));
}

static void a_heap_without_a_page_is_empty(void **state)
{
    struct pages pages;
    uint64_t page[PAGES_SIZE / 8] __attribute__((aligned(PAGES_SIZE))) = {0};

    (void)state;
    pages_init(&pages, (uintptr_t)page, sizeof(page));
    assert_null(pages_take(&pages, 1));
    pages_init(&pages, (uintptr_t)page + 8, sizeof(page) - 8);
    assert_null(pages_take(&pages, 1));
}

/* Every page belongs to one owner at most; checked by each owner's mark. */
static void random_use_never_overlaps(void **state)
{
    struct pages *pages = *state;
    struct {
        uint32_t *at;
        size_t count;
    } owner[16] = {0};

    srand(1);
    for (uint32_t step = 1; step < 4000; step++) {
        unsigned o = (unsigned)rand() % 16;
        size_t words = owner[o].count * PAGES_SIZE / 4;

        for (size_t w = 0; w < words; w += 256)
            assert_int_equal(owner[o].at[w], o + 1);
        if (owner[o].at)
            pages_give(pages, owner[o].at, owner[o].count);
        owner[o].count = 1 + (unsigned)rand() % 24;
        owner[o].at = pages_take(pages, owner[o].count);
        if (!owner[o].at)
            owner[o].count = 0;
        for (size_t w = 0; w < owner[o].count * PAGES_SIZE / 4; w += 256) {
            assert_int_equal(owner[o].at[w], 0);
            owner[o].at[w] = o + 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_pages_can_be_taken_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_given_back_is_taken_again_and_zero, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_hole_that_is_too_small_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_may_cross_into_untouched_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(free_pages_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_there_is_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_are_taken_in_place_only_if_free, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_addresses_are_not_contained, setup, teardown),
        cmocka_unit_test(a_heap_without_a_page_is_empty),
        cmocka_unit_test_setup_teardown(random_use_never_overlaps, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
