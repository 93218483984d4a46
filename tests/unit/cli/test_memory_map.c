// SPDX-License-Identifier: ISC
/* The map of the thesis's Figure 3.9, and the words for sizes and devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/hvt.h"
#include "host/cli/describe.h"
#include "host/cli/memory_map.h"

static struct mft *make_mft(uint32_t entries)
{
    struct mft *mft = calloc(1, MFT_SIZE(entries));

    assert_non_null(mft);
    mft->version = MFT_VERSION;
    mft->entries = entries;
    mft->e[0].type = MFT_RESERVED_FIRST;
    return mft;
}

static void set_pci(struct mft_entry *entry, const char *name, uint8_t flags, uint64_t dma_size)
{
    strncpy(entry->name, name, MFT_NAME_MAX);
    entry->type = MFT_PCI_BASIC;
    entry->u.pci_basic.flags = flags;
    entry->u.pci_basic.dma_size = dma_size;
}

static const struct map_row *find(const struct memory_map *map, const char *what)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (strcmp(map->rows[i].what, what) == 0)
            return &map->rows[i];
    }
    fail_msg("the map has no \"%s\"", what);
    return NULL;
}

static void figure_3_9(void **state)
{
    const struct elf_file elf = {.end = HVT_GUEST_MIN_BASE};
    struct mft *mft = make_mft(4);
    struct memory_map map;

    (void)state;
    set_pci(&mft->e[1], "pci0", MFT_PCI_MAP_BAR(0) | MFT_PCI_MAP_BAR(2), 0);
    set_pci(&mft->e[2], "pci1", MFT_PCI_MAP_BAR(0), 4 << 20);
    mft->e[3].type = MFT_DMA_BASIC;
    mft->e[3].u.dma_basic.size = 16 << 20;
    assert_int_equal(memory_map_make(&map, &elf, mft), 0);
    assert_true(find(&map, "pci0 BAR0, uncached")->start == 1ull << 39);
    assert_true(find(&map, "pci0 BAR2, uncached")->start == (1ull << 39) + (2ull << 30));
    assert_true(find(&map, "pci1 BAR0, uncached")->start == (1ull << 39) + (1ull << 34));
    assert_true(find(&map, "pci1 BAR0, uncached")->at_most);
    assert_true(find(&map, "DMA memory, shared by all PCI devices")->start == 1ull << 40);
    assert_int_equal(find(&map, "DMA memory, shared by all PCI devices")->size, 16 << 20);
    assert_true(find(&map, "DMA memory of pci1 alone")->start == (1ull << 40) + (2ull << 36));
    assert_int_equal(find(&map, "DMA memory of pci1 alone")->size, 4 << 20);
    for (unsigned i = 1; i < map.count; i++)
        assert_true(map.rows[i - 1].start + map.rows[i - 1].size <= map.rows[i].start);
    memory_map_free(&map);
    free(mft);
}

static void segments(void **state)
{
    struct elf_segment segment[] = {
        {.start = 0x100000, .end = 0x102000, .flags = PF_R | PF_X, .file_size = 1},
        {.start = 0x102000, .end = 0x103000, .flags = PF_R, .file_size = 1},
        {.start = 0x103000, .end = 0x104000, .flags = PF_R | PF_W, .file_size = 1},
        {.start = 0x104000, .end = 0x200000, .flags = PF_R | PF_W},
    };
    const struct elf_file elf = {.segments_count = 4, .segments = segment, .end = 0x200000};
    struct mft *mft = make_mft(1);
    struct memory_map map;

    (void)state;
    assert_int_equal(memory_map_make(&map, &elf, mft), 0);
    assert_int_equal(map.count, 7);
    assert_string_equal(map.rows[0].access, "---");
    assert_string_equal(find(&map, "text")->access, "r-x");
    assert_string_equal(find(&map, "read-only data")->access, "r--");
    assert_int_equal(find(&map, "data")->start, 0x103000);
    assert_int_equal(find(&map, "zeroed data")->size, 0x200000 - 0x104000);
    assert_int_equal(map.rows[6].start, 0x200000);
    assert_true(map.rows[6].at_most);
    memory_map_free(&map);
    free(mft);
}

static void sizes(void **state)
{
    char text[DESCRIBE_MAX];

    (void)state;
    describe_size(0, text);
    assert_string_equal(text, "0 bytes");
    describe_size(1025, text);
    assert_string_equal(text, "1025 bytes");
    describe_size(2048, text);
    assert_string_equal(text, "2 KiB");
    describe_size(16 << 20, text);
    assert_string_equal(text, "16 MiB");
    describe_size(UINT64_MAX, text);
    assert_string_equal(text, "18446744073709551615 bytes");
}

static void devices(void **state)
{
    struct mft_entry entry = {.name = "n", .type = MFT_PCI_BASIC};
    char text[DESCRIBE_MAX];

    (void)state;
    entry.u.pci_basic = (struct mft_pci_basic){.vendor = 0x8086,
                                               .device = 0x10fb,
                                               .class_code = 2,
                                               .flags = MFT_PCI_FLAGS_KNOWN,
                                               .dma_size = 4096};
    describe_entry(&entry, text);
    assert_string_equal(text, "PCI_BASIC 8086:10fb, class 02.00.00, bus master, BARs 0 1 2 3 4 5, "
                              "4 KiB of DMA memory");
    entry.u.pci_basic = (struct mft_pci_basic){.vendor = 1};
    describe_entry(&entry, text);
    assert_string_equal(text, "PCI_BASIC 0001:0000, class 00.00.00, no BARs");
    entry.type = MFT_NET_BASIC;
    describe_entry(&entry, text);
    assert_string_equal(text, "NET_BASIC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figure_3_9),
        cmocka_unit_test(segments),
        cmocka_unit_test(sizes),
        cmocka_unit_test(devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
