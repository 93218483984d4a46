// SPDX-License-Identifier: ISC
/* What of a host device can be mapped, and what it sees of memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "host/pci/vfio.h"
#include "tests/unit/pci/fake_vfio.h"

#define NEIGHBOUR "0000:03:00.1"

static char memory[1 << 16] __attribute__((aligned(4096)));

static int map_at(struct pci_access *dev, uint64_t iova, struct pci_error *error)
{
    return pci_dma_map(dev, -1, 0, memory, iova, sizeof(memory), error);
}

/* ---- regions ---- */

static void test_areas(void **state)
{
    struct pci_region region;
    struct pci_access *dev;
    uint64_t value;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_region_info(dev, 0, &region, NULL), 0);
    assert_int_equal(region.size, 0x80000);
    assert_int_equal(region.areas_count, 2);
    assert_int_equal(region.areas[0].size, 0x1000);
    assert_int_equal(region.areas[1].offset, 0x2000);
    assert_int_equal(region.areas[1].size, 0x7e000);
    /* All of BAR 3 may be mapped, says the kernel; MSI-X is at 0 and at 0x2000. */
    assert_int_equal(pci_region_info(dev, 3, &region, NULL), 0);
    assert_int_equal(region.areas_count, 2);
    assert_int_equal(region.areas[0].offset, 0x1000);
    assert_int_equal(region.areas[1].offset, 0x3000);
    assert_int_equal(pci_region_info(dev, 1, &region, NULL), 0);
    assert_int_equal(region.size, 0);
    assert_int_equal(pci_region_read(dev, 3, 0x10, 4, &value), 0);
    assert_true(value == 0x33333333);
    assert_int_equal(pci_region_write(dev, 3, 0x10, 4, 1), -EIO);
    assert_int_equal(pci_region_read(dev, 3, 0x4000, 4, &value), -EINVAL);
    pci_close(dev);
}

static void set_caps(const void *caps, size_t size)
{
    memset(fake.caps, 0xee, sizeof(fake.caps));
    memcpy(fake.caps, caps, size);
    fake.caps_size = size;
}

static void test_malformed_areas(void **state)
{
    struct fake_areas caps = {.header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0},
                              .count = 3,
                              .area = {{0, 0x1000}, {0x2000, 0x1000}}};
    const uint32_t self = sizeof(struct vfio_region_info);
    struct pci_error error;
    struct pci_region region;
    struct pci_access *dev;

    (void)state;
    dev = fake_vfio_open();
    set_caps(&caps, sizeof(caps)); /* three areas announced, two there */
    assert_int_equal(pci_region_info(dev, 0, &region, &error), -EPROTO);
    assert_non_null(strstr(error.text, "description of region 0 is malformed"));
    caps.count = UINT32_MAX;
    set_caps(&caps, sizeof(caps));
    assert_int_equal(pci_region_info(dev, 0, &region, &error), -EPROTO);
    caps.count = 2;
    caps.area[0].size = UINT64_MAX;
    set_caps(&caps, sizeof(caps));
    assert_int_equal(pci_region_info(dev, 0, &region, &error), -EPROTO);
    set_caps(&caps, sizeof(caps.header)); /* the head is cut off */
    assert_int_equal(pci_region_info(dev, 0, &region, &error), -EPROTO);
    caps.header = (struct vfio_info_cap_header){.id = 99, .next = self}; /* a circle */
    set_caps(&caps, sizeof(caps));
    assert_int_equal(pci_region_info(dev, 0, &region, &error), -EPROTO);
    caps.header.next = 0xfffffff0;
    set_caps(&caps, sizeof(caps));
    assert_int_equal(pci_region_info(dev, 0, &region, &error), -EPROTO);
    pci_close(dev);
}

/* ---- memory ---- */

static void test_ranges(void **state)
{
    struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX];
    struct pci_access *dev;
    unsigned count;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_iova_ranges(dev, ranges, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_true(ranges[0].start == 0 && ranges[0].last == 0xfedfffff);
    assert_true(ranges[1].start == 0xfef00000 && ranges[1].last == 0xffffffffffff);
    fake.no_ranges = true;
    assert_int_equal(pci_iova_ranges(dev, ranges, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_true(ranges[0].start == 0 && ranges[0].last == UINT64_MAX);
    pci_close(dev);
}

static void test_malformed_ranges(void **state)
{
    struct fake_ranges caps = {.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0}, .count = 3};
    static const struct pci_iova_range bad[][2] = {
        {{8, 7}, {16, 32}}, {{0, 16}, {16, 32}}, {{64, 127}, {0, 63}}};
    struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX];
    struct pci_error error;
    struct pci_access *dev;
    unsigned count;

    (void)state;
    dev = fake_vfio_open();
    set_caps(&caps, sizeof(caps)); /* three announced */
    assert_int_equal(pci_iova_ranges(dev, ranges, &count, &error), -EPROTO);
    assert_non_null(strstr(error.text, "which addresses the IOMMU takes"));
    caps.count = UINT32_MAX;
    set_caps(&caps, sizeof(caps));
    assert_int_equal(pci_iova_ranges(dev, ranges, &count, &error), -EPROTO);
    caps.count = 2;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(caps.range, bad[i], sizeof(caps.range));
        set_caps(&caps, sizeof(caps));
        assert_int_equal(pci_iova_ranges(dev, ranges, &count, &error), -EPROTO);
    }
    pci_close(dev);
}

static void test_many_ranges(void **state)
{
    struct pci_iova_range from[PCI_IOVA_RANGES_MAX + 8], ranges[PCI_IOVA_RANGES_MAX];
    unsigned count;

    (void)state;
    for (unsigned i = 0; i < PCI_IOVA_RANGES_MAX + 8; i++)
        from[i] = (struct pci_iova_range){.start = 16 * i, .last = 16 * i + 7};
    assert_int_equal(vfio_ranges_take(from, PCI_IOVA_RANGES_MAX + 8, ranges, &count), 0);
    assert_int_equal(count, PCI_IOVA_RANGES_MAX);
    assert_int_equal(ranges[count - 1].start, 16 * (count - 1));
}

static void test_mapping_fails(void **state)
{
    static const struct {
        int code;
        const char *says;
    } cases[] = {{-EEXIST, "something is mapped there already"},
                 {-EINVAL, "does not reach these addresses"},
                 {-ENOSPC, "dma_entry_limit"},
                 {-EFAULT, "cannot map 64 KiB of DMA memory at 0x1000000"}};
    struct pci_error error;
    struct pci_access *dev;

    (void)state;
    dev = fake_vfio_open();
    fake.fail_request = VFIO_IOMMU_MAP_DMA;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake.fail_code = cases[i].code;
        assert_int_equal(map_at(dev, 0x1000000, &error), cases[i].code);
        assert_non_null(strstr(error.text, cases[i].says));
    }
    assert_int_equal(pci_dma_unmap(dev, 0x1000000, sizeof(memory)), -ENOENT);
    pci_close(dev);
}

/* Two devices of a group see the same memory: mapped once, until neither wants it. */
static void test_two_of_a_group(void **state)
{
    struct pci_error error;
    struct pci_access *one, *two;

    (void)state;
    fake_device(&fake.tree, NEIGHBOUR);
    fake_group(&fake.tree, NEIGHBOUR, 7);
    fake_driver(&fake.tree, NEIGHBOUR, "vfio-pci");
    fake_device_file(&fake.tree, NEIGHBOUR, "reset", "");
    one = fake_vfio_open();
    fake.options.beside = one;
    fake.fail_path = FAKE_GROUP; /* the kernel gives a group once */
    fake.fail_path_code = -EBUSY;
    assert_int_equal(pci_open("03:00.1", &fake.options, &two, &error), 0);
    assert_int_equal(map_at(one, 0x1000000, NULL), 0);
    assert_int_equal(map_at(two, 0x1000000, NULL), 0);
    assert_int_equal(fake.mapped, 1);
    assert_int_equal(pci_dma_map(two, -1, 0, memory + 4096, 0x1000000, sizeof(memory), &error),
                     -EEXIST);
    assert_int_equal(pci_dma_unmap(one, 0x1000000, sizeof(memory)), 0);
    assert_int_equal(fake.mapped, 1);
    pci_close(one);
    assert_int_equal(fake.mapped, 1);
    assert_int_equal(pci_dma_unmap(two, 0x1000000, sizeof(memory)), 0);
    assert_int_equal(fake.mapped, 0);
    pci_close(two);
}

/* ---- RLIMIT_MEMLOCK ---- */

static void no_memory(struct pci_error *error)
{
    struct pci_access *dev = fake_vfio_open();

    fake.fail_request =
        fake.options.iommu == PCI_IOMMU_TYPE1 ? VFIO_IOMMU_MAP_DMA : IOMMUFD_IOAS_MAP;
    fake.fail_code = -ENOMEM;
    assert_int_equal(map_at(dev, 0x1000000, error), -ENOMEM);
    pci_close(dev);
}

static void test_memlock(void **state)
{
    static const char *const says[] = {FAKE_NIC ": cannot lock 64 KiB",
                                       "may lock 48 KiB",
                                       "has locked 12 KiB",
                                       "ulimit -l 76,",
                                       "LimitMEMLOCK=76K",
                                       "\"USER - memlock 76\""};
    struct pci_error error;
    struct rlimit before, limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
    fake_file(&fake.tree, "self/status",
              "Name:\tx\nVmLck:\t      12 kB\nVmPin:\t       8 kB\nCapEff:\t0000000000000000\n");
    limit = before;
    limit.rlim_cur = 48 << 10;
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    no_memory(&error);
    for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
        if (strstr(error.text, says[i]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.text, says[i]);
    }
    fake_vfio_iommufd();
    no_memory(&error);
    assert_non_null(strstr(error.text, "all processes of this user may lock 48 KiB"));
    /* CAP_IPC_LOCK: it was not the limit. */
    fake_file(&fake.tree, "self/status", "Name:\tx\nCapEff:\t000000ffffffffff\n");
    no_memory(&error);
    assert_non_null(strstr(error.text, "the kernel has no memory"));
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_vfio_make, fake_vfio_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_areas),          TEST(test_malformed_areas),
        TEST(test_ranges),         TEST(test_malformed_ranges),
        TEST(test_many_ranges),    TEST(test_mapping_fails),
        TEST(test_two_of_a_group), TEST(test_memlock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
