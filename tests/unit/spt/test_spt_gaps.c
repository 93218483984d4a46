// SPDX-License-Identifier: ISC
/* What is unmapped around a guest: everything but its memory, whatever its devices are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/spt/launch.h"

#define SPACE_END ((1ull << 47) - 4096)
#define MIB       (1ull << 20)

struct fixture {
    struct spt spt;
    struct launch_gap gaps[LAUNCH_GAPS_MAX];
    unsigned count;
};

static struct fixture *fixture(void **state)
{
    return *state;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    f->spt.mem_size = 512 * MIB;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void compute(struct fixture *f)
{
    f->count = spt_gaps(&f->spt, f->gaps);
    assert_in_range(f->count, 1, LAUNCH_GAPS_MAX);
}

static void expect_gap(const struct fixture *f, unsigned i, uint64_t start, uint64_t end)
{
    assert_true(i < f->count);
    assert_int_equal(f->gaps[i].addr, start);
    assert_int_equal(f->gaps[i].addr + f->gaps[i].size, end);
}

static void memory_alone(void **state)
{
    struct fixture *f = fixture(state);

    compute(f);
    assert_int_equal(f->count, 1);
    expect_gap(f, 0, 512 * MIB, SPACE_END);
}

static void shared_memory_without_devices(void **state)
{
    struct fixture *f = fixture(state);

    f->spt.pci.dma = (struct tender_dma){.addr = 1ull << 40, .size = 2 * MIB};
    compute(f);
    assert_int_equal(f->count, 2);
    expect_gap(f, 0, 512 * MIB, 1ull << 40);
    expect_gap(f, 1, (1ull << 40) + 2 * MIB, SPACE_END);
}

/* BARs below and above each other's windows, one of less than a page. */
static void devices_in_any_order(void **state)
{
    struct fixture *f = fixture(state);

    f->spt.pci.count = 2;
    f->spt.pci.device[0].bar[0] = (struct tender_bar){.addr = 1ull << 41, .size = 100};
    f->spt.pci.device[0].dma = (struct tender_dma){.addr = 1ull << 36, .size = 4 * MIB};
    f->spt.pci.device[1].bar[5] = (struct tender_bar){.addr = 1ull << 39, .size = 8192};
    compute(f);
    assert_int_equal(f->count, 4);
    expect_gap(f, 0, 512 * MIB, 1ull << 36);
    expect_gap(f, 1, (1ull << 36) + 4 * MIB, 1ull << 39);
    expect_gap(f, 2, (1ull << 39) + 8192, 1ull << 41);
    expect_gap(f, 3, (1ull << 41) + 4096, SPACE_END);
}

static void neighbours_have_no_gap_between_them(void **state)
{
    struct fixture *f = fixture(state);

    f->spt.pci.dma = (struct tender_dma){.addr = f->spt.mem_size, .size = 2 * MIB};
    compute(f);
    assert_int_equal(f->count, 1);
    expect_gap(f, 0, 514 * MIB, SPACE_END);
}

static void as_many_as_there_can_be(void **state)
{
    struct fixture *f = fixture(state);
    uint64_t at = 1ull << 39;

    f->spt.pci.count = MFT_MAX_ENTRIES - 1;
    for (unsigned i = 0; i < f->spt.pci.count; i++) {
        for (unsigned b = 0; b < 6; b++, at += 8192)
            f->spt.pci.device[i].bar[b] = (struct tender_bar){.addr = at, .size = 4096};
        f->spt.pci.device[i].dma = (struct tender_dma){.addr = at, .size = 4096};
        at += 8192;
    }
    f->spt.pci.dma = (struct tender_dma){.addr = at, .size = 4096};
    compute(f);
    assert_int_equal(f->count, (MFT_MAX_ENTRIES - 1) * 7 + 2);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(memory_alone),
        TEST(shared_memory_without_devices),
        TEST(devices_in_any_order),
        TEST(neighbours_have_no_gap_between_them),
        TEST(as_many_as_there_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
