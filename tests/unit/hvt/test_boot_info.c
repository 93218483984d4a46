// SPDX-License-Identifier: ISC
/* What a guest is told when it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/hvt/boot_info.h"

/* The module's own test says what it writes; here it counts where. */
void tender_pci_describe(const struct tender_pci *pci, struct hvt_ext *ext)
{
    memset(ext, 0x5a, HVT_EXT_SIZE(pci->count));
}

void tender_net_describe(const struct tender_net *net, struct mft *mft)
{
    (void)net;
    for (uint32_t i = 1; i < mft->entries; i++)
        mft->e[i].u.bytes[0] = 0xa5;
}

void tender_block_describe(const struct tender_block *block, struct mft *mft, struct hvt_ext *ext)
{
    (void)block;
    (void)mft;
    assert_int_equal(ext->block_max_io, 0x5a5a5a5a5a5a5a5a);
    ext->block_max_io = 4096;
}

static struct mft *manifest(uint32_t entries)
{
    struct mft *mft = calloc(1, MFT_SIZE(entries));

    mft->version = MFT_VERSION;
    mft->entries = entries;
    mft->e[0].type = MFT_RESERVED_FIRST;
    for (uint32_t i = 1; i < entries; i++) {
        mft->e[i] = (struct mft_entry){.name = "x", .type = MFT_PCI_BASIC, .backend = 17};
        memset(mft->e[i].pad, 0xff, sizeof mft->e[i].pad);
    }
    return mft;
}

static void check(uint32_t entries, size_t cmdline_size)
{
    uint8_t *ram = calloc(1, HVT_GUEST_MIN_BASE + 4096);
    struct mft *mft = manifest(entries);
    struct tender_pci *pci = calloc(1, sizeof *pci);
    char *cmdline = calloc(1, cmdline_size);
    struct boot_info info = {.mem_size = 64 << 20,
                             .kernel_end = 0x123000,
                             .cycle_frequency = 2596120000,
                             .cmdline = memset(cmdline, 'c', cmdline_size - 1),
                             .mft = mft,
                             .pci = pci};
    struct boot_addresses at;
    const struct hvt_boot_info *boot;
    const struct mft *copy;
    size_t ext_size;

    pci->count = entries - 1;
    ext_size = HVT_EXT_SIZE(pci->count);
    at = boot_info_write(ram, &info);
    assert_int_equal(at.boot_info, HVT_BOOT_INFO_BASE);
    boot = (const void *)(ram + at.boot_info);
    assert_int_equal(boot->mem_size, 64 << 20);
    assert_int_equal(boot->kernel_end, 0x123000);
    assert_int_equal(boot->cpu_cycle_freq, 2596120000);
    assert_int_equal(boot->host_features, 0);
    assert_int_equal(boot->net_ring, 0);
    assert_string_equal((const char *)ram + boot->cmdline, cmdline);
    copy = (const void *)(ram + boot->mft);
    assert_int_equal(boot->mft % 8, 0);
    assert_int_equal(copy->entries, entries);
    for (uint32_t i = 0; i < entries; i++) {
        assert_string_equal(copy->e[i].name, mft->e[i].name);
        assert_int_equal(copy->e[i].backend, 0);
        assert_int_equal(copy->e[i].attached, i > 0);
        assert_int_equal(copy->e[i].pad[6], 0);
        assert_int_equal(copy->e[i].u.bytes[0], i > 0 ? 0xa5 : 0);
    }
    assert_int_equal(at.extension % 8, 0);
    assert_int_equal(ram[at.extension], 0x5a);
    assert_int_equal(((const struct hvt_ext *)(const void *)(ram + at.extension))->block_max_io,
                     4096);
    assert_int_equal(ram[at.extension + ext_size - 1], 0x5a);
    assert_int_equal(ram[at.extension - 1], 0);
    assert_int_equal(ram[at.extension + ext_size], 0);
    assert_true(at.extension + ext_size <= HVT_GUEST_MIN_BASE);
    assert_int_equal(ram[HVT_GUEST_MIN_BASE], 0);
    free(cmdline);
    free(pci);
    free(mft);
    free(ram);
}

static void tells_a_guest_without_devices(void **state)
{
    (void)state;
    check(1, 1);
}

static void tells_a_guest_with_all_there_can_be(void **state)
{
    (void)state;
    check(MFT_MAX_ENTRIES, HVT_CMDLINE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_guest_without_devices),
        cmocka_unit_test(tells_a_guest_with_all_there_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
