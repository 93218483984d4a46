// SPDX-License-Identifier: ISC
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "guest/bindings/common/pci_info.h"

/* A manifest of the reserved entry, a network card, nic0 and nic1; the block describes the latter
 * two. */
struct fixture {
    struct mft *mft;
    struct hvt_ext *ext;
    struct pci_table table;
};

static struct mft *manifest(void)
{
    struct mft *mft = calloc(1, MFT_SIZE(4));

    mft->version = MFT_VERSION;
    mft->entries = 4;
    mft->e[0].type = MFT_RESERVED_FIRST;
    mft->e[1].type = MFT_NET_BASIC;
    strcpy(mft->e[1].name, "net");
    mft->e[2].type = MFT_PCI_BASIC;
    strcpy(mft->e[2].name, "nic0");
    mft->e[3].type = MFT_PCI_BASIC;
    strcpy(mft->e[3].name, "nic1");
    return mft;
}

static struct hvt_ext *extension(void)
{
    struct hvt_ext *ext = calloc(1, HVT_EXT_SIZE(2));

    ext->magic = HVT_EXT_MAGIC;
    ext->version = HVT_EXT_VERSION;
    ext->size = (uint32_t)HVT_EXT_SIZE(2);
    ext->pci_count = 2;
    ext->pci_entry_size = sizeof(struct hvt_ext_pci);
    ext->pci[0] = (struct hvt_ext_pci){.handle = 2, .vendor = 0x8086, .device = 0x10fb};
    ext->pci[1] = (struct hvt_ext_pci){.handle = 3, .vendor = 0x8086, .device = 0x1563};
    return ext;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->mft = manifest();
    f->ext = extension();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->mft);
    free(f->ext);
    free(f);
    return 0;
}

static void start(struct fixture *f)
{
    assert_int_equal(pci_table_init(&f->table, f->mft, f->ext), SOLO5_R_OK);
}

static void info_is_what_the_block_says(void **state)
{
    struct fixture *f = *state;
    struct solo5_pci_info info;

    f->ext->pci[1].class_code = 2;
    f->ext->pci[1].subclass = 1;
    f->ext->pci[1].progif = 3;
    f->ext->pci[1].bus_master = 1;
    f->ext->pci[1].irq_vectors = 64;
    f->ext->dma.iova = 0x9000;
    f->ext->pci[1].dma = (struct hvt_ext_dma){.addr = 0x5000, .iova = 0x7000, .size = 0x2000};
    f->ext->pci[1].bar[5] = (struct hvt_ext_bar){.addr = 0x8000,
                                                 .size = 0x4000,
                                                 .ranges_count = 2,
                                                 .ranges = {{0, 0x1000}, {0x3000, 0x1000}}};
    start(f);
    assert_int_equal(pci_table_acquire(&f->table, "nic1", &info), SOLO5_R_OK);
    assert_int_equal(info.vendor_id, 0x8086);
    assert_int_equal(info.device_id, 0x1563);
    assert_int_equal(info.class_code, 2);
    assert_int_equal(info.subclass_code, 1);
    assert_int_equal(info.progif, 3);
    assert_true(info.bus_master_enable);
    assert_int_equal(info.handle, 3);
    assert_int_equal(info.irq_vectors, 64);
    assert_int_equal((uintptr_t)info.dma, 0x5000);
    assert_int_equal(info.dma_iova, 0x7000);
    assert_int_equal(info.shared_dma_iova, 0x9000);
    assert_int_equal(info.dma_size, 0x2000);
    assert_null(info.bar0);
    assert_int_equal((uintptr_t)info.bar5, 0x8000);
    assert_int_equal(info.bar5_size, 0x4000);
    assert_int_equal(info.ranges[5].count, 2);
    assert_int_equal(info.ranges[5].range[1].offset, 0x3000);
    assert_int_equal(info.ranges[5].range[1].size, 0x1000);
}

static void each_bar_goes_to_its_own_field(void **state)
{
    struct fixture *f = *state;
    struct solo5_pci_info info;

    for (unsigned i = 0; i < 6; i++) {
        f->ext->pci[0].bar[i].addr = 0x10000 * (i + 1);
        f->ext->pci[0].bar[i].size = 0x1000 * (i + 1);
        f->ext->pci[0].bar[i].ranges_count = i;
    }
    start(f);
    assert_int_equal(pci_table_acquire(&f->table, "nic0", &info), SOLO5_R_OK);
    assert_int_equal((uintptr_t)info.bar0, 0x10000);
    assert_int_equal((uintptr_t)info.bar1, 0x20000);
    assert_int_equal((uintptr_t)info.bar2, 0x30000);
    assert_int_equal((uintptr_t)info.bar3, 0x40000);
    assert_int_equal((uintptr_t)info.bar4, 0x50000);
    assert_int_equal((uintptr_t)info.bar5, 0x60000);
    assert_int_equal(info.bar0_size, 0x1000);
    assert_int_equal(info.bar1_size, 0x2000);
    assert_int_equal(info.bar2_size, 0x3000);
    assert_int_equal(info.bar3_size, 0x4000);
    assert_int_equal(info.bar4_size, 0x5000);
    assert_int_equal(info.bar5_size, 0x6000);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(info.ranges[i].count, i);
}

static void a_device_is_acquired_once(void **state)
{
    struct fixture *f = *state;
    struct solo5_pci_info info;

    start(f);
    assert_int_equal(pci_table_check(&f->table, 2), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "nic0", &info), SOLO5_R_OK);
    assert_int_equal(pci_table_acquire(&f->table, "nic0", &info), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_check(&f->table, 2), SOLO5_R_OK);
    assert_int_equal(pci_table_check(&f->table, 3), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "nic1", &info), SOLO5_R_OK);
    assert_int_equal(pci_table_check(&f->table, 3), SOLO5_R_OK);
    assert_int_equal(pci_table_check(&f->table, 64), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_check(&f->table, UINT64_MAX), SOLO5_R_EINVAL);
}

static void other_names_are_refused(void **state)
{
    struct fixture *f = *state;
    struct solo5_pci_info info;

    start(f);
    assert_int_equal(pci_table_acquire(&f->table, "nic", &info), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "nic00", &info), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "net", &info), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "", &info), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, NULL, &info), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "nic0", NULL), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "nic0", &info), SOLO5_R_OK);
}

static void shared_memory_is_there_or_not(void **state)
{
    struct fixture *f = *state;
    uint8_t *buffer = (uint8_t *)1;
    size_t size = 1;

    start(f);
    assert_int_equal(pci_table_dma(&f->table, &buffer, &size), SOLO5_R_EINVAL);
    assert_null(buffer);
    assert_int_equal(size, 0);
    f->ext->dma = (struct hvt_ext_dma){.addr = 0x4000, .iova = 0x4000, .size = 0x1000};
    assert_int_equal(pci_table_dma(&f->table, &buffer, &size), SOLO5_R_OK);
    assert_int_equal((uintptr_t)buffer, 0x4000);
    assert_int_equal(size, 0x1000);
}

static void without_a_block_there_is_no_pci(void **state)
{
    struct pci_table table = {0};
    struct solo5_pci_info info;
    uint8_t *buffer;
    size_t size;

    (void)state;
    assert_int_equal(pci_table_acquire(&table, "nic0", &info), SOLO5_R_EUNSPEC);
    assert_int_equal(pci_table_dma(&table, &buffer, &size), SOLO5_R_EUNSPEC);
    assert_int_equal(pci_table_check(&table, 2), SOLO5_R_EUNSPEC);
}

/* A later version of the block may have longer entries. */
static void longer_entries_are_stepped_over(void **state)
{
    struct fixture *f = *state;
    size_t entry_size = sizeof(struct hvt_ext_pci) + 16;
    struct hvt_ext *ext = calloc(1, sizeof(*ext) + 2 * entry_size);
    struct solo5_pci_info info;

    *ext = *f->ext;
    ext->pci_entry_size = (uint32_t)entry_size;
    ext->size = (uint32_t)(sizeof(*ext) + 2 * entry_size);
    memcpy((uint8_t *)ext->pci, &f->ext->pci[0], sizeof(struct hvt_ext_pci));
    memcpy((uint8_t *)ext->pci + entry_size, &f->ext->pci[1], sizeof(struct hvt_ext_pci));
    assert_int_equal(pci_table_init(&f->table, f->mft, ext), SOLO5_R_OK);
    assert_int_equal(pci_table_acquire(&f->table, "nic1", &info), SOLO5_R_OK);
    assert_int_equal(info.device_id, 0x1563);
    free(ext);
}

static void assert_refused(struct fixture *f)
{
    struct solo5_pci_info info;

    assert_int_equal(pci_table_init(&f->table, f->mft, f->ext), SOLO5_R_EINVAL);
    assert_int_equal(pci_table_acquire(&f->table, "nic0", &info), SOLO5_R_EUNSPEC);
}

#define REFUSED(name, change)                \
    static void refused_##name(void **state) \
    {                                        \
        struct fixture *f = *state;          \
                                             \
        change;                              \
        assert_refused(f);                   \
    }

REFUSED(magic, f->ext->magic++)
REFUSED(higher_version, f->ext->version = HVT_EXT_VERSION + 1)
REFUSED(version_0, f->ext->version = 0)
REFUSED(short_block, f->ext->size--)
REFUSED(many_devices, f->ext->pci_count = UINT32_MAX)
REFUSED(short_entry, f->ext->pci_entry_size = 8)
REFUSED(odd_entry, f->ext->pci_entry_size++)
REFUSED(huge_entry, f->ext->pci_entry_size = UINT32_MAX - 7)
REFUSED(handle_beyond_manifest, f->ext->pci[1].handle = 4)
REFUSED(handle_of_other_type, f->ext->pci[1].handle = 1)
REFUSED(too_many_ranges, f->ext->pci[1].bar[3].ranges_count = HVT_EXT_RANGES_MAX + 1)
REFUSED(manifest_version, f->mft->version = 2)
REFUSED(manifest_size, f->mft->entries = 65)

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(info_is_what_the_block_says),
        TEST(each_bar_goes_to_its_own_field),
        TEST(a_device_is_acquired_once),
        TEST(other_names_are_refused),
        TEST(shared_memory_is_there_or_not),
        TEST(without_a_block_there_is_no_pci),
        TEST(longer_entries_are_stepped_over),
        TEST(refused_magic),
        TEST(refused_higher_version),
        TEST(refused_version_0),
        TEST(refused_short_block),
        TEST(refused_many_devices),
        TEST(refused_short_entry),
        TEST(refused_odd_entry),
        TEST(refused_huge_entry),
        TEST(refused_handle_beyond_manifest),
        TEST(refused_handle_of_other_type),
        TEST(refused_too_many_ranges),
        TEST(refused_manifest_version),
        TEST(refused_manifest_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
