// SPDX-License-Identifier: ISC
/* The tender's PCI module over fake servers: from options to running devices. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "abi/layout.h"
#include "tests/unit/tender/pci_rig.h"

#define K   1024u
#define MIB (1024u * K)

/* ---- refused before anything was changed ---- */

static void refused(const char *says)
{
    rig_attach();
    assert_int_equal(tender_pci_open(&rig.pci, &rig.error), -ENODEV);
    if (strstr(rig.error.text, says) == NULL)
        print_error("%s\n", rig.error.text);
    assert_non_null(strstr(rig.error.text, says));
    assert_non_null(strstr(rig.error.text, rig.fake[1].where));
    assert_int_equal(rig_writes(&rig.fake[0]) + rig_writes(&rig.fake[1]), 0);
}

static void test_wrong_vendor(void **state)
{
    (void)state;
    fake_config16(&rig.fake[1], 0, 0x1235);
    refused("manifest wants 1234:0001 class 020003, device is 1235:0001 class 020003");
}

static void test_wrong_device(void **state)
{
    (void)state;
    fake_config16(&rig.fake[1], 2, 7);
    refused("manifest wants 1234:0001 class 020003, device is 1234:0007 class 020003");
}

static void test_wrong_class(void **state)
{
    (void)state;
    fake_config32(&rig.fake[1], 8, 0x01000301);
    refused("device is 1234:0001 class 010003");
}

static void test_wrong_subclass(void **state)
{
    (void)state;
    fake_config32(&rig.fake[1], 8, 0x02800301);
    refused("device is 1234:0001 class 028003");
}

static void test_wrong_progif(void **state)
{
    (void)state;
    fake_config32(&rig.fake[1], 8, 0x02000201);
    refused("device is 1234:0001 class 020002");
}

static void test_no_such_bar(void **state)
{
    (void)state;
    rig.fake[1].region[2].info.size = 0;
    refused("maps BAR2, the device has none");
}

static void test_io_port_bar(void **state)
{
    (void)state;
    fake_config32(&rig.fake[1], 0x18, 0xe001);
    refused("maps BAR2, which is in I/O space");
}

static void test_impossible_bar(void **state)
{
    (void)state;
    rig.fake[1].region[0].info.size = UINT64_MAX;
    refused("BAR0 is too large");
}

/* ---- running ---- */

static void test_default_addresses(void **state)
{
    (void)state;
    rig.pci.dma_wanted = 1;
    rig_start(&rig_machine);
    assert_int_equal(rig.pci.dma.addr, DMA_SHARED_BASE);
    assert_int_equal(rig.pci.dma.size, 2 * MIB);
    assert_int_equal(rig.pci.device[0].dma.addr, dma_window_addr(0));
    assert_int_equal(rig.pci.device[0].dma.size, 2 * MIB);
    assert_int_equal(rig.pci.device[1].dma.size, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rig.pci.device[i].bar[0].addr, pci_window_addr(i, 0));
        assert_int_equal(rig.pci.device[i].bar[0].size, 64 * K);
        assert_int_equal(rig.pci.device[i].bar[1].size, 0);
        assert_int_equal(rig.pci.device[i].bar[2].addr, pci_window_addr(i, 2));
        assert_int_equal(rig.pci.device[i].bar[2].size, 256);
        assert_int_equal(rig.pci.device[i].bar[2].ranges_count, 0);
    }
}

static void test_lower_addresses(void **state)
{
    const struct tender_space small = {.limit = 1ull << 39};

    (void)state;
    rig_start(&small);
    assert_true(rig.pci.device[0].bar[0].addr >= 4ull << 30);
    assert_true(rig.pci.device[0].bar[0].addr + 64 * K <= small.limit);
    assert_true(rig.pci.device[0].dma.addr >= 4ull << 30);
    assert_int_equal(rig.pci.device[0].dma.addr % (2 * MIB), 0);
    assert_int_equal(rig.fake[0].dma[0].map.address, rig.pci.device[0].dma.addr);
}

/* Registers and DMA memory are at their guest addresses, and the device sees the same. */
static void test_in_process(void **state)
{
    uint32_t value = 0x11223344;
    uint8_t *bar, *dma;

    (void)state;
    rig_start(&rig_process);
    bar = (uint8_t *)(uintptr_t)rig.pci.device[0].bar[0].addr;
    assert_int_equal(rig.pci.device[0].bar[0].ranges_count, 1);
    assert_int_equal(rig.pci.device[0].bar[0].ranges[0].size, 64 * K);
    assert_ptr_equal(rig.pci.device[0].bar[0].ranges[0].host, bar);
    assert_int_equal(pwrite(rig.fake[0].memory, &value, 4, 8), 4);
    assert_memory_equal(bar + 8, &value, 4);
    dma = (uint8_t *)(uintptr_t)rig.pci.device[0].dma.addr;
    assert_ptr_equal(rig.pci.device[0].dma.host, dma);
    dma[2 * MIB - 1] = 0x5a;
    assert_int_equal(rig.fake[0].dma[0].map.size, 2 * MIB);
    assert_int_equal(pread(rig.fake[0].dma[0].fd, &value, 1, 2 * MIB - 1), 1);
    assert_int_equal(value & 0xff, 0x5a);
    /* The window cannot be pulled away, and is nobody else's. */
    assert_int_not_equal(ftruncate(rig.fake[0].dma[0].fd, 0), 0);
    assert_int_equal(rig.fake[1].dma[0].map.size, 0);
    /* BAR2 has its page, though nothing of it is mapped. */
    assert_ptr_equal(mmap((void *)(uintptr_t)rig.pci.device[0].bar[2].addr, 4 * K, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                     MAP_FAILED);
}

static void test_stop_frees_addresses(void **state)
{
    uint64_t addr[3];

    (void)state;
    rig_start(&rig_process);
    addr[0] = rig.pci.device[0].bar[0].addr;
    addr[1] = rig.pci.device[0].bar[2].addr;
    addr[2] = rig.pci.device[0].dma.addr;
    tender_pci_stop(&rig.pci);
    for (unsigned i = 0; i < 3; i++) {
        void *at = (void *)(uintptr_t)addr[i];

        assert_ptr_equal(
            mmap(at, 4 * K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
            at);
        munmap(at, 4 * K);
    }
}

static void test_shared_dma_memory(void **state)
{
    (void)state;
    rig.pci.dma_wanted = 3 * MIB;
    rig_start(&rig_machine);
    assert_int_equal(rig.pci.dma.size, 4 * MIB);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rig.fake[i].dma[0].map.address, rig.pci.dma.addr);
        assert_int_equal(rig.fake[i].dma[0].map.size, 4 * MIB);
    }
    assert_int_equal(rig.fake[0].dma[1].map.address, rig.pci.device[0].dma.addr);
    assert_int_equal(rig.fake[1].dma[1].map.size, 0);
}

/* reset -> DMA -> interrupts -> bus mastering; the way back: bus mastering first. */
static void test_order(void **state)
{
    static const uint16_t wanted[] = {
        VFIO_USER_DEVICE_RESET,        VFIO_USER_DMA_MAP,
        VFIO_USER_DEVICE_SET_IRQS,     FAKE_LOG_COMMAND_REGISTER + 6,
        FAKE_LOG_COMMAND_REGISTER + 2, VFIO_USER_DEVICE_SET_IRQS,
        VFIO_USER_DMA_UNMAP,
    };
    unsigned next = 0, total = sizeof(wanted) / sizeof(wanted[0]);

    (void)state;
    fake_msix(&rig.fake[0], 1, 0x8000, 0x8800);
    rig_start(&rig_machine);
    tender_pci_stop(&rig.pci);
    for (unsigned i = 0; i < rig.fake[0].log_count; i++) {
        uint16_t entry = rig.fake[0].log[i];
        bool counts = entry >= FAKE_LOG_COMMAND_REGISTER;

        for (unsigned w = 0; w < total; w++)
            counts |= entry == wanted[w];
        if (!counts)
            continue;
        assert_true(next < total);
        assert_int_equal(entry, wanted[next++]);
    }
    assert_int_equal(next, total);
}

static void test_no_bus_mastering(void **state)
{
    (void)state;
    rig.pci.device[0].want.flags &= (uint8_t)~MFT_PCI_BUS_MASTER;
    rig_start(&rig_machine);
    assert_int_equal(rig.fake[0].region[7].registers[4], 2);
    assert_int_equal(rig.fake[0].requests[VFIO_USER_DMA_MAP], 0);
    assert_non_null(rig.pci.device[0].dma.host);
    assert_int_equal(rig.fake[1].region[7].registers[4], 6);
}

static void test_msix_page_is_not_mapped(void **state)
{
    const struct tender_bar *bar = &rig.pci.device[0].bar[0];

    (void)state;
    fake_msix(&rig.fake[0], 2, 0x8000, 0x8800);
    rig_start(&rig_machine);
    assert_int_equal(bar->ranges_count, 2);
    assert_int_equal(bar->ranges[0].size, 32 * K);
    assert_int_equal(bar->ranges[1].offset, 36 * K);
    assert_int_equal(bar->ranges[1].size, 28 * K);
}

static void test_more_areas_than_a_guest_can_be_told_of(void **state)
{
    struct vfio_user_sparse_area areas[10];
    const struct tender_bar *bar = &rig.pci.device[0].bar[0];

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        areas[i] = (struct vfio_user_sparse_area){i * 16 * K, i == 0 || i == 9 ? 8 * K : 4 * K};
    fake_bar(&rig.fake[0], 0, 256 * K);
    fake_sparse(&rig.fake[0], 0, areas, 10);
    rig_start(&rig_process);
    assert_int_equal(bar->ranges_count, HVT_EXT_RANGES_MAX);
    assert_int_equal(bar->ranges[0].offset, 0);
    assert_int_equal(bar->ranges[HVT_EXT_RANGES_MAX - 1].offset, 144 * K);
    for (unsigned i = 0; i < HVT_EXT_RANGES_MAX; i++)
        assert_ptr_equal(bar->ranges[i].host,
                         (void *)(uintptr_t)(bar->addr + bar->ranges[i].offset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_wrong_vendor),
        RIG_TEST(test_wrong_device),
        RIG_TEST(test_wrong_class),
        RIG_TEST(test_wrong_subclass),
        RIG_TEST(test_wrong_progif),
        RIG_TEST(test_no_such_bar),
        RIG_TEST(test_io_port_bar),
        RIG_TEST(test_impossible_bar),
        RIG_TEST(test_default_addresses),
        RIG_TEST(test_lower_addresses),
        RIG_TEST(test_in_process),
        RIG_TEST(test_stop_frees_addresses),
        RIG_TEST(test_shared_dma_memory),
        RIG_TEST(test_order),
        RIG_TEST(test_no_bus_mastering),
        RIG_TEST(test_msix_page_is_not_mapped),
        RIG_TEST(test_more_areas_than_a_guest_can_be_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
