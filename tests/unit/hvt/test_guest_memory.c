// SPDX-License-Identifier: ISC
/* What a guest can reach, and what it may have the tender reach for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/hvt.h"
#include "host/hvt/guest_memory.h"
#include "host/hvt/mappings.h"

#define MIB      (1ull << 20)
#define GIB      (1ull << 30)
#define MEM      (8 * MIB)
#define OWN_DMA  (3 * GIB * 1024)
#define THE_BAR  (512 * GIB)
#define PAGE     4096ull
#define TEXT     0x100000ull
#define RODATA   0x104000ull
#define DATA     0x110000ull
#define DATA_END 0x112000ull

/* Text, a hole, read-only data right before data. */
static struct elf_segment segments[] = {
    {.addr = TEXT, .start = TEXT, .end = TEXT + 4 * PAGE, .flags = PF_R | PF_X},
    {.addr = 0x10f000, .start = 0x10f000, .end = DATA, .flags = PF_R},
    {.addr = DATA, .start = DATA, .end = DATA_END, .flags = PF_R | PF_W},
};
static const struct elf_file elf = {.segments = segments, .segments_count = 3, .end = DATA_END};

struct guest {
    struct mappings mappings;
    struct guest_memory memory;
    struct tender_pci pci;
    uint8_t shared[2 * PAGE], own[PAGE];
};

static int setup(void **state)
{
    struct guest *g = calloc(1, sizeof *g);
    struct tender_error error;

    g->pci.count = 1;
    g->pci.dma =
        (struct tender_dma){.addr = 1024 * GIB, .size = sizeof g->shared, .host = g->shared};
    g->pci.device[0].dma =
        (struct tender_dma){.addr = OWN_DMA, .size = sizeof g->own, .host = g->own};
    g->pci.device[0].bar[2] = (struct tender_bar){.addr = THE_BAR, .size = 64};
    assert_int_equal(guest_memory_open(&g->memory, MEM, &error), 0);
    assert_int_equal(mappings_add_ram(&g->mappings, &elf, MEM), 0);
    assert_int_equal(mappings_add_pci(&g->mappings, &g->pci), 0);
    assert_int_equal(mappings_add(&g->mappings, 4 * GIB, PAGE, MAPPING_TENDER | MAPPING_WRITE), 0);
    assert_int_equal(mappings_finish(&g->mappings, &error), 0);
    g->memory.mappings = &g->mappings;
    g->memory.pci = &g->pci;
    *state = g;
    return 0;
}

static int teardown(void **state)
{
    struct guest *g = *state;

    mappings_free(&g->mappings);
    guest_memory_close(&g->memory);
    free(g);
    return 0;
}

static unsigned flags_at(const struct guest *g, uint64_t addr)
{
    const struct mapping *m = mappings_find(&g->mappings, addr);

    return m != NULL ? m->flags : UINT32_MAX;
}

static void lays_out_ram(void **state)
{
    struct guest *g = *state;

    assert_int_equal(flags_at(g, 0), UINT32_MAX);
    assert_int_equal(flags_at(g, HVT_BOOT_INFO_BASE - 1), UINT32_MAX);
    assert_int_equal(flags_at(g, HVT_BOOT_INFO_BASE), 0);
    assert_int_equal(flags_at(g, HVT_GUEST_MIN_BASE - 1), 0);
    assert_int_equal(flags_at(g, TEXT), MAPPING_EXEC);
    assert_int_equal(flags_at(g, RODATA), MAPPING_WRITE); /* the hole */
    assert_int_equal(flags_at(g, DATA - 1), 0);
    assert_int_equal(flags_at(g, DATA), MAPPING_WRITE);
    assert_int_equal(flags_at(g, MEM - 1), MAPPING_WRITE);
    assert_int_equal(flags_at(g, MEM), UINT32_MAX);
    /* Data and heap are one, so that they can share large pages. */
    assert_ptr_equal(mappings_find(&g->mappings, DATA), mappings_find(&g->mappings, MEM - 1));
}

static void lays_out_devices(void **state)
{
    struct guest *g = *state;

    assert_int_equal(flags_at(g, THE_BAR), MAPPING_WRITE | MAPPING_DEVICE);
    assert_int_equal(flags_at(g, THE_BAR + PAGE - 1), MAPPING_WRITE | MAPPING_DEVICE);
    assert_int_equal(flags_at(g, THE_BAR + PAGE), UINT32_MAX);
    assert_int_equal(flags_at(g, OWN_DMA), MAPPING_WRITE);
    assert_int_equal(flags_at(g, OWN_DMA + PAGE), UINT32_MAX);
}

static void *read_ptr(const struct guest *g, uint64_t addr, uint64_t size)
{
    return guest_pointer(&g->memory, GUEST_BUFFER, addr, size, 0);
}

static void *write_ptr(const struct guest *g, uint64_t addr, uint64_t size)
{
    return guest_pointer(&g->memory, GUEST_BUFFER, addr, size, MAPPING_WRITE);
}

static void finds_what_the_guest_can_reach(void **state)
{
    struct guest *g = *state;

    assert_ptr_equal(read_ptr(g, HVT_BOOT_INFO_BASE, 1), g->memory.ram + HVT_BOOT_INFO_BASE);
    assert_ptr_equal(read_ptr(g, TEXT, 4 * PAGE), g->memory.ram + TEXT);
    /* From boot information through text and data to RAM's last byte. */
    assert_non_null(read_ptr(g, HVT_BOOT_INFO_BASE, MEM - HVT_BOOT_INFO_BASE));
    assert_ptr_equal(write_ptr(g, DATA, MEM - DATA), g->memory.ram + DATA);
    assert_non_null(write_ptr(g, MEM - 1, 1));
    assert_ptr_equal(write_ptr(g, 1024 * GIB, 2 * PAGE), g->shared);
    assert_ptr_equal(write_ptr(g, OWN_DMA + 5, PAGE - 5), g->own + 5);
}

static void finds_nothing_else(void **state)
{
    struct guest *g = *state;

    assert_null(read_ptr(g, 0, 1));
    assert_null(read_ptr(g, HVT_BOOT_INFO_BASE - 1, 2));
    assert_null(read_ptr(g, MEM - 1, 2));
    assert_null(read_ptr(g, MEM, 1));
    assert_null(read_ptr(g, UINT64_MAX, 1));
    assert_null(read_ptr(g, DATA, UINT64_MAX));
    assert_null(read_ptr(g, DATA, UINT64_MAX - DATA + 1));
    assert_null(read_ptr(g, 4 * GIB, 8));        /* the tender's */
    assert_null(read_ptr(g, THE_BAR, 4));        /* registers are no buffer */
    assert_null(read_ptr(g, OWN_DMA, PAGE + 1)); /* across the window's end */
    assert_null(read_ptr(g, OWN_DMA - 1, 2));
}

static void does_not_write_for_a_guest_what_it_may_not_write(void **state)
{
    struct guest *g = *state;

    assert_null(write_ptr(g, HVT_BOOT_INFO_BASE, 8));
    assert_null(write_ptr(g, TEXT, 8));
    assert_null(write_ptr(g, TEXT + 4 * PAGE - 1, 2));
    assert_null(write_ptr(g, DATA - 1, 2));
    assert_null(write_ptr(g, RODATA, DATA - RODATA));
    assert_non_null(write_ptr(g, RODATA, 0x10f000 - RODATA));
}

static void wants_arguments_in_ram(void **state)
{
    struct guest *g = *state;

    assert_null(guest_pointer(&g->memory, GUEST_RAM, OWN_DMA, 8, 0));
    assert_non_null(guest_pointer(&g->memory, GUEST_RAM, DATA, 8, MAPPING_WRITE));
}

static void notices_overlaps(void **state)
{
    struct mappings mappings = {.count = 0};
    struct tender_error error;

    (void)state;
    assert_int_equal(mappings_add(&mappings, 8 * PAGE, 2 * PAGE, 0), 0);
    assert_int_equal(mappings_add(&mappings, 2 * PAGE, 7 * PAGE, 0), 0);
    assert_int_equal(mappings_finish(&mappings, &error), -EEXIST);
    assert_non_null(strstr(error.text, "0x2000"));
    assert_int_equal(mappings_add(&mappings, 1, PAGE, 0), -EINVAL);
    assert_int_equal(mappings_add(&mappings, PAGE, 1, 0), -EINVAL);
    assert_int_equal(mappings_add(&mappings, -PAGE, 2 * PAGE, 0), -EINVAL);
    mappings_free(&mappings);
}

static void finds_gaps(void **state)
{
    struct guest *g = *state;

    assert_int_equal(mappings_gap(&g->mappings, 4 * GIB, MIB, 2 * MIB), 4 * GIB + 2 * MIB);
    assert_int_equal(mappings_gap(&g->mappings, 4 * GIB - 1, MIB, PAGE), 4 * GIB + PAGE);
    assert_int_equal(mappings_gap(&g->mappings, 0, PAGE, PAGE), 0);
    assert_int_equal(mappings_gap(&g->mappings, PAGE, HVT_BOOT_INFO_BASE, PAGE), MEM);
}

static void gives_aligned_zeros(void **state)
{
    struct guest *g = *state;

    assert_int_equal((uintptr_t)g->memory.ram % HVT_MEM_UNIT, 0);
    assert_int_equal(g->memory.ram[0], 0);
    assert_int_equal(g->memory.ram[MEM - 1], 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lays_out_ram),
        TEST(lays_out_devices),
        TEST(finds_what_the_guest_can_reach),
        TEST(finds_nothing_else),
        TEST(does_not_write_for_a_guest_what_it_may_not_write),
        TEST(wants_arguments_in_ram),
        TEST(finds_gaps),
        TEST(gives_aligned_zeros),
        cmocka_unit_test(notices_overlaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
