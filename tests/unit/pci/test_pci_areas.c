// SPDX-License-Identifier: ISC
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/pci/pci_areas.h"

#define K 1024u

static struct pci_area_list list_of(unsigned count, const struct pci_area *areas)
{
    struct pci_area_list list = {.count = 0};

    for (unsigned i = 0; i < count; i++)
        assert_true(pci_areas_add(&list, areas[i].offset, areas[i].size));
    return list;
}

static void expect(const struct pci_area_list *list, unsigned count, const struct pci_area *areas)
{
    assert_int_equal(list->count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(list->area[i].offset, areas[i].offset);
        assert_int_equal(list->area[i].size, areas[i].size);
    }
}

static void test_sorts_and_merges(void **state)
{
    const struct pci_area in[] = {{48 * K, 4 * K}, {0, 8 * K}, {8 * K, 4 * K}, {4 * K, 4 * K}};
    const struct pci_area out[] = {{0, 12 * K}, {48 * K, 4 * K}};
    struct pci_area_list list = list_of(4, in);

    (void)state;
    pci_areas_normalise(&list, 64 * K);
    expect(&list, 2, out);
}

static void test_only_whole_pages_inside_the_region(void **state)
{
    const struct pci_area in[] = {
        {100, 8 * K},          /* its first page is not whole */
        {16 * K, 4 * K - 1},   /* no whole page */
        {20 * K, 100 * K},     /* ends behind the region */
        {UINT64_MAX - 10, 20}, /* wraps */
        {40 * K, UINT64_MAX},  /* wraps */
        {1 << 30, 4 * K},      /* outside */
    };
    const struct pci_area out[] = {{4 * K, 4 * K}, {20 * K, 12 * K}};
    struct pci_area_list list = list_of(6, in);

    (void)state;
    pci_areas_normalise(&list, 32 * K + 100);
    expect(&list, 2, out);
}

static void test_sub_page_region_has_no_area(void **state)
{
    const struct pci_area in[] = {{0, 256}};
    struct pci_area_list list = list_of(1, in);

    (void)state;
    pci_areas_normalise(&list, 256);
    assert_int_equal(list.count, 0);
}

static void test_cut_takes_whole_pages(void **state)
{
    const struct pci_area in[] = {{0, 64 * K}};
    const struct pci_area out[] = {{0, 8 * K}, {12 * K, 20 * K}, {40 * K, 24 * K}};
    struct pci_area_list list = list_of(1, in);

    (void)state;
    pci_areas_cut(&list, 8 * K + 16, 64);
    pci_areas_cut(&list, 36 * K - 1, 2);
    expect(&list, 3, out);
    pci_areas_cut(&list, 0, 0);
    pci_areas_cut(&list, UINT64_MAX, 1);
    expect(&list, 3, out);
    pci_areas_cut(&list, 0, UINT64_MAX);
    assert_int_equal(list.count, 0);
}

static void test_cut_at_the_edges(void **state)
{
    const struct pci_area in[] = {{4 * K, 16 * K}};
    const struct pci_area out[] = {{8 * K, 8 * K}};
    struct pci_area_list list = list_of(1, in);

    (void)state;
    pci_areas_cut(&list, 0, 5 * K);
    pci_areas_cut(&list, 16 * K, 4 * K);
    expect(&list, 1, out);
}

static void test_largest_are_kept_in_order(void **state)
{
    const struct pci_area in[] = {{0, 4 * K}, {16 * K, 12 * K}, {40 * K, 4 * K}, {60 * K, 8 * K}};
    struct pci_area_list list = list_of(4, in);
    struct pci_area out[2];

    (void)state;
    assert_int_equal(pci_areas_largest(&list, out, 2), 2);
    assert_int_equal(out[0].offset, 16 * K);
    assert_int_equal(out[1].offset, 60 * K);
    assert_int_equal(list.count, 4);
}

static void test_full_list_refuses(void **state)
{
    struct pci_area_list list = {.count = 0};

    (void)state;
    for (unsigned i = 0; i < PCI_AREA_LIST_MAX; i++)
        assert_true(pci_areas_add(&list, i * 8 * K, 4 * K));
    assert_false(pci_areas_add(&list, 0, 4 * K));
    pci_areas_normalise(&list, UINT64_MAX);
    assert_int_equal(list.count, PCI_AREA_LIST_MAX);
}

/* Against a bitmap of pages, for many random lists. */
static void test_like_a_bitmap(void **state)
{
    enum { PAGES = 64 };

    (void)state;
    srand(1);
    for (unsigned round = 0; round < 2000; round++) {
        struct pci_area_list list = {.count = 0};
        bool page[PAGES] = {false};
        unsigned runs = 0;

        for (int i = rand() % 12; i > 0; i--) {
            unsigned at = (unsigned)rand() % PAGES, length = (unsigned)rand() % 8;

            pci_areas_add(&list, at * 4ull * K, length * 4ull * K);
            for (unsigned p = at; p < at + length && p < PAGES; p++)
                page[p] = true;
        }
        pci_areas_normalise(&list, PAGES * 4ull * K);
        for (int i = rand() % 4; i > 0; i--) {
            unsigned at = (unsigned)rand() % (PAGES * 4 * K), length = (unsigned)rand() % (8 * K);

            pci_areas_cut(&list, at, length);
            for (unsigned p = at / (4 * K); length > 0 && p <= (at + length - 1) / (4 * K); p++)
                page[p < PAGES ? p : PAGES - 1] &= p >= PAGES;
        }
        for (unsigned p = 0; p < PAGES; p++) {
            bool in = false;

            for (unsigned i = 0; i < list.count; i++)
                in |= p * 4ull * K >= list.area[i].offset &&
                      p * 4ull * K < list.area[i].offset + list.area[i].size;
            assert_int_equal(in, page[p]);
            runs += page[p] && (p == 0 || !page[p - 1]);
        }
        assert_int_equal(list.count, runs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorts_and_merges),
        cmocka_unit_test(test_only_whole_pages_inside_the_region),
        cmocka_unit_test(test_sub_page_region_has_no_area),
        cmocka_unit_test(test_cut_takes_whole_pages),
        cmocka_unit_test(test_cut_at_the_edges),
        cmocka_unit_test(test_largest_are_kept_in_order),
        cmocka_unit_test(test_full_list_refuses),
        cmocka_unit_test(test_like_a_bitmap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
