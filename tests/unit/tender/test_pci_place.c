// SPDX-License-Identifier: ISC
/* The layout of whole sets of devices: default addresses where they hold, and never an overlap. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "abi/layout.h"
#include "host/pci/pci_ops.h"
#include "host/tender/pci_parts.h"

#define GIB         (1ull << 30)
#define DEVICES_MAX (MFT_MAX_ENTRIES - 1)

static struct tender_pci pci;
static struct tender_error error;
static const struct tender_space large = {.limit = 1ull << 47};

static int setup(void **state)
{
    (void)state;
    memset(&pci, 0, sizeof(pci));
    for (unsigned i = 0; i < DEVICES_MAX; i++)
        pci.device[i].index = i;
    return 0;
}

struct span {
    uint64_t addr;
    uint64_t end;
};

static unsigned spans(struct span *out)
{
    unsigned count = 0;

    if (pci.dma.size != 0)
        out[count++] = (struct span){pci.dma.addr, pci.dma.addr + pci.dma.size};
    for (unsigned i = 0; i < pci.count; i++) {
        const struct tender_pci_device *device = &pci.device[i];

        if (device->dma.size != 0)
            out[count++] = (struct span){device->dma.addr, device->dma.addr + device->dma.size};
        for (unsigned b = 0; b < 6; b++) {
            uint64_t end = device->bar[b].addr + device->bar[b].size;

            if (device->bar[b].size != 0)
                out[count++] = (struct span){device->bar[b].addr,
                                             (end + TENDER_PAGE - 1) & ~(TENDER_PAGE - 1)};
        }
    }
    return count;
}

static void check(uint64_t limit)
{
    struct span all[7 * DEVICES_MAX + 1];
    unsigned count = spans(all);

    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(all[i].addr % TENDER_PAGE, 0);
        assert_true(all[i].addr >= 4 * GIB && all[i].addr < all[i].end && all[i].end <= limit);
        for (unsigned j = 0; j < i; j++)
            assert_true(all[i].end <= all[j].addr || all[j].end <= all[i].addr);
    }
}

static void test_as_in_the_thesis(void **state)
{
    (void)state;
    pci.count = 2;
    pci.dma.size = TENDER_HUGEPAGE;
    for (unsigned i = 0; i < 2; i++) {
        pci.device[i].dma.size = DMA_OWN_STRIDE;
        for (unsigned b = 0; b < 6; b++)
            pci.device[i].bar[b].size = b == 5 ? 16 : PCI_WINDOW_BAR_STRIDE;
    }
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_int_equal(pci.dma.addr, 1ull << 40);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pci.device[i].dma.addr, (1ull << 40) + ((i + 1ull) << 36));
        for (unsigned b = 0; b < 6; b++)
            assert_int_equal(pci.device[i].bar[b].addr,
                             (1ull << 39) + ((uint64_t)i << 34) + ((uint64_t)b << 30));
    }
    check(large.limit);
}

static void test_bar_larger_than_its_slot(void **state)
{
    (void)state;
    pci.count = 2;
    pci.device[0].bar[0].size = 4096;
    pci.device[0].bar[2].size = 32 * GIB;
    pci.device[0].bar[4].size = 4096;
    pci.device[1].bar[0].size = 4096;
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_int_equal(pci.device[0].bar[0].addr, pci_window_addr(0, 0));
    assert_int_equal(pci.device[0].bar[4].addr, pci_window_addr(0, 4));
    assert_int_equal(pci.device[1].bar[0].addr, pci_window_addr(1, 0));
    assert_int_equal(pci.device[0].bar[2].addr % (32 * GIB), 0);
    check(large.limit);
}

static void test_window_larger_than_its_stride(void **state)
{
    (void)state;
    pci.count = 2;
    pci.dma.size = 2 * DMA_OWN_STRIDE;
    pci.device[0].dma.size = TENDER_HUGEPAGE;
    pci.device[1].dma.size = DMA_OWN_STRIDE + TENDER_HUGEPAGE;
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_int_equal(pci.device[0].dma.addr, dma_window_addr(0));
    check(large.limit);
}

static void test_more_devices_than_slots(void **state)
{
    (void)state;
    pci.count = DEVICES_MAX;
    pci.dma.size = TENDER_HUGEPAGE;
    for (unsigned i = 0; i < pci.count; i++) {
        pci.device[i].bar[0].size = 1 << 20;
        pci.device[i].dma.size = TENDER_HUGEPAGE;
    }
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    for (unsigned i = 0; i < PCI_WINDOW_DEVICES_MAX; i++)
        assert_int_equal(pci.device[i].bar[0].addr, pci_window_addr(i, 0));
    assert_int_equal(pci.dma.addr, DMA_SHARED_BASE);
    check(large.limit);
}

static void test_39_bits(void **state)
{
    const struct tender_space small = {.limit = 1ull << 39};

    (void)state;
    pci.count = DEVICES_MAX;
    pci.dma.size = GIB;
    for (unsigned i = 0; i < pci.count; i++) {
        pci.device[i].bar[0].size = 64 << 20;
        pci.device[i].bar[1].size = 256;
        pci.device[i].dma.size = GIB;
    }
    assert_int_equal(tender_pci_place(&pci, &small, &error), 0);
    check(small.limit);
}

static void test_nothing_to_place(void **state)
{
    (void)state;
    pci.count = 3;
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
}

/* ---- behind IOMMUs ---- */

struct iommu {
    struct pci_access access;
    struct pci_iova_range range[3];
    unsigned count;
};

static int iova_ranges(struct pci_access *dev, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                       unsigned *count, struct pci_error *reason)
{
    const struct iommu *iommu = (const void *)dev;

    (void)reason;
    memcpy(ranges, iommu->range, iommu->count * sizeof(ranges[0]));
    *count = iommu->count;
    return 0;
}

static const struct pci_access_ops iommu_ops = {.iova_ranges = iova_ranges};

/* As VT-d of 39 bits reports it. */
static const struct iommu vtd = {
    .access.ops = &iommu_ops,
    .range = {{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}},
    .count = 2,
};

static void behind(unsigned i, struct iommu *iommu)
{
    char *where = strdup("0000:00:02.0");

    pci.device[i].access = &iommu->access;
    pci.device[i].want.flags = MFT_PCI_BUS_MASTER;
    pci.device[i].where = where;
    strcpy(pci.device[i].name, i == 0 ? "edu0" : "edu1");
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DEVICES_MAX; i++)
        free(pci.device[i].where);
    return 0;
}

static void test_iommu_of_39_bits(void **state)
{
    struct iommu iommu = vtd;

    (void)state;
    pci.count = 1;
    pci.dma.size = TENDER_HUGEPAGE;
    pci.device[0].dma.size = TENDER_HUGEPAGE;
    pci.device[0].bar[0].size = 1 << 20;
    behind(0, &iommu);
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_int_equal(pci.device[0].bar[0].addr, pci_window_addr(0, 0));
    assert_true(pci.dma.addr + pci.dma.size <= 1ull << 39);
    assert_true(pci.device[0].dma.addr + TENDER_HUGEPAGE <= 1ull << 39);
    assert_int_equal(pci.dma.iova, pci.dma.addr);
    assert_int_equal(pci.device[0].dma.iova, pci.device[0].dma.addr);
    check(large.limit);
}

static void test_wide_iommu_keeps_the_defaults(void **state)
{
    struct iommu iommu = vtd;

    (void)state;
    iommu.range[1].last = (1ull << 48) - 1;
    pci.count = 1;
    pci.dma.size = TENDER_HUGEPAGE;
    behind(0, &iommu);
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_int_equal(pci.dma.addr, DMA_SHARED_BASE);
}

/* What they share lies where all of them reach it, their own where each of them does. */
static void test_intersection(void **state)
{
    struct iommu low = vtd, high = vtd;

    (void)state;
    low.range[1].last = 20 * GIB - 1;
    high.range[0] = (struct pci_iova_range){16 * GIB + 4096, 24 * GIB - 1};
    high.range[1] = (struct pci_iova_range){1ull << 42, UINT64_MAX};
    pci.count = 2;
    pci.dma.size = GIB;
    pci.device[0].dma.size = pci.device[1].dma.size = GIB;
    behind(0, &low);
    behind(1, &high);
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_true(pci.dma.addr >= 17 * GIB && pci.dma.addr + GIB <= 20 * GIB);
    assert_true(pci.device[0].dma.addr + GIB <= 20 * GIB);
    assert_true(pci.device[1].dma.addr >= 17 * GIB);
    assert_true(pci.device[1].dma.addr + GIB <= 24 * GIB || pci.device[1].dma.addr >= 1ull << 42);
    check(large.limit);
    /* One that does no DMA has no say. */
    high.count = 0;
    pci.device[1].want.flags = 0;
    assert_int_equal(tender_pci_place(&pci, &large, &error), 0);
    assert_true(pci.device[1].dma.addr >= 1ull << 40);
}

static void test_no_room_behind_an_iommu(void **state)
{
    struct iommu iommu = vtd, other = vtd;

    (void)state;
    pci.count = 2;
    pci.device[1].dma.size = TENDER_HUGEPAGE;
    behind(0, &iommu);
    behind(1, &other);
    other.range[1].last = (8 * GIB) - 1;
    assert_int_equal(tender_pci_place(&pci, &large, &error), -ENOSPC);
    assert_non_null(strstr(error.text, "device \"edu1\" (0000:00:02.0): no room for 0x200000"));
    assert_non_null(strstr(error.text, "the IOMMU takes 0x0-0xfedfffff, 0xfef00000-0x1ffffffff"));
    pci.device[1].dma.size = 0;
    pci.dma.size = TENDER_HUGEPAGE;
    assert_int_equal(tender_pci_place(&pci, &large, &error), -ENOSPC);
    assert_non_null(strstr(error.text, "the DMA memory that all devices share: no room"));
}

static uint64_t random_size(unsigned bits)
{
    return 1ull << ((unsigned)rand() % bits);
}

static void test_random_devices(void **state)
{
    unsigned placed = 0;

    (void)state;
    srand(3);
    for (unsigned round = 0; round < 300; round++) {
        const struct tender_space space = {.limit = 1ull << (36 + rand() % 12)};
        int rc;

        setup(state);
        pci.count = (unsigned)rand() % DEVICES_MAX;
        pci.dma.size = rand() % 2 ? TENDER_HUGEPAGE * random_size(12) : 0;
        for (unsigned i = 0; i < pci.count; i++) {
            pci.device[i].dma.size = rand() % 3 ? TENDER_HUGEPAGE * random_size(12) : 0;
            for (unsigned b = 0; b < 6; b++)
                pci.device[i].bar[b].size = rand() % 3 ? 0 : random_size(37);
        }
        rc = tender_pci_place(&pci, &space, &error);
        assert_true(rc == 0 || rc == -ENOSPC);
        if (rc == 0)
            check(space.limit);
        placed += rc == 0;
    }
    assert_true(placed > 150 && placed < 300);
}

/* What another has mapped stays as it is, and what was reserved is given back. */
static void test_addresses_in_use(void **state)
{
    const struct tender_space process = {.limit = 1ull << 47, .in_process = true};
    uint64_t first;
    void *at;

    (void)state;
    pci.count = 1;
    pci.device[0].bar[0].size = 8192;
    assert_int_equal(tender_pci_place(&pci, &process, &error), 0);
    first = pci.device[0].bar[0].addr;
    tender_pci_unplace(&pci);
    at = mmap((void *)(uintptr_t)(first + 4096), 4096, PROT_READ,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(at, (void *)(uintptr_t)(first + 4096));
    assert_int_equal(tender_pci_place(&pci, &process, &error), 0);
    assert_true(pci.device[0].bar[0].addr >= first + 8192 ||
                pci.device[0].bar[0].addr + 8192 <= first + 4096);
    tender_pci_unplace(&pci);
    munmap(at, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_as_in_the_thesis, setup),
        cmocka_unit_test_setup(test_bar_larger_than_its_slot, setup),
        cmocka_unit_test_setup(test_window_larger_than_its_stride, setup),
        cmocka_unit_test_setup(test_more_devices_than_slots, setup),
        cmocka_unit_test_setup(test_39_bits, setup),
        cmocka_unit_test_setup(test_nothing_to_place, setup),
        cmocka_unit_test_setup_teardown(test_iommu_of_39_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wide_iommu_keeps_the_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_intersection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room_behind_an_iommu, setup, teardown),
        cmocka_unit_test_setup(test_random_devices, setup),
        cmocka_unit_test_setup(test_addresses_in_use, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
