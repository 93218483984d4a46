// SPDX-License-Identifier: ISC
#include <penstock/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_pci.h"

static const struct solo5_pci_range pages[] = {{0x1000, 0x1000}, {0x6000, 0x2000}};

static int setup(void **state)
{
    (void)state;
    fake_reset(2, pages);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_free();
    return 0;
}

static void acquire_reports_the_device(void **state)
{
    struct pci_device dev;

    (void)state;
    assert_int_equal(pci_acquire("nic0", &dev), 0);
    assert_string_equal(dev.name, "nic0");
    assert_int_equal(dev.info.device_id, 0x10fb);
    assert_int_equal(pci_config_read32(&dev, 0), 0x10fb8086);
    assert_int_equal(pci_config_read32(&dev, 4), 0xffffffff);
}

static void acquire_refuses_unknown_and_taken_devices(void **state)
{
    struct pci_device dev;

    (void)state;
    assert_int_equal(pci_acquire("nic1", &dev), -ENODEV);
    assert_int_equal(pci_acquire("nic0", &dev), 0);
    assert_int_equal(pci_acquire("nic0", &dev), -ENODEV);
}

static void mapped_registers_are_plain_accesses(void **state)
{
    struct pci_device dev;

    (void)state;
    pci_acquire("nic0", &dev);
    pci_write32(&dev, 0, 0x1018, 7);
    pci_write64(&dev, 0, 0x7ff8, 0x1122334455667788);
    assert_int_equal(fake_get(0x1018), 7);
    assert_int_equal(pci_read32(&dev, 0, 0x1018), 7);
    assert_true(pci_read64(&dev, 0, 0x7ff8) == 0x1122334455667788);
    assert_int_equal(fake.traps, 0);
    *pci_register(&dev, 0, 0x6018) = 9;
    assert_int_equal(fake_get(0x6018), 9);
}

static void unmapped_registers_go_to_the_tender(void **state)
{
    struct pci_device dev;

    (void)state;
    pci_acquire("nic0", &dev);
    assert_null((const void *)(uintptr_t)pci_register(&dev, 0, 0x0ffc));
    assert_null((const void *)(uintptr_t)pci_register(&dev, 0, 0x2000));
    assert_null((const void *)(uintptr_t)pci_register(&dev, 0, 0x8000));
    assert_null((const void *)(uintptr_t)pci_register(&dev, 0, 0x1002));
    assert_null((const void *)(uintptr_t)pci_register(&dev, 1, 0x1000));
    assert_null((const void *)(uintptr_t)pci_register(&dev, 6, 0x1000));
    pci_write32(&dev, 0, 0x2000, 5);
    assert_int_equal(pci_read32(&dev, 0, 0x2000), 5);
    pci_write64(&dev, 0, 0x10000, UINT64_MAX / 3);
    assert_true(pci_read64(&dev, 0, 0x10000) == UINT64_MAX / 3);
    assert_int_equal(fake.traps, 4);
}

static void outside_the_bar_all_ones(void **state)
{
    struct pci_device dev;

    (void)state;
    pci_acquire("nic0", &dev);
    assert_int_equal(pci_read32(&dev, 0, FAKE_BAR_SIZE), 0xffffffff);
    assert_true(pci_read64(&dev, 0, FAKE_BAR_SIZE) == UINT64_MAX);
    pci_write32(&dev, 0, FAKE_BAR_SIZE, 1);
    assert_int_equal(pci_read32(&dev, 5, 0), 0xffffffff);
}

static unsigned reads_until_ready;

static uint32_t ready_after_some_reads(uint32_t offset)
{
    (void)offset;
    return reads_until_ready-- == 0 ? 0x10 : 0;
}

static void wait_ends_with_the_bit_or_the_deadline(void **state)
{
    struct pci_device dev;
    solo5_time_t start;

    (void)state;
    pci_acquire("nic0", &dev);
    fake.read = ready_after_some_reads;
    reads_until_ready = 5;
    assert_int_equal(pci_wait32(&dev, 0, 0x8, 0x10, 0x10, 1000000), 0);
    fake.read = NULL;
    start = fake.now;
    assert_int_equal(pci_wait32(&dev, 0, 0x8, 0x10, 0x10, 1000000), -ETIMEDOUT);
    assert_in_range(fake.now - start, 1000000, 1100000);
}

static void dma_memory_is_handed_out_once(void **state)
{
    struct pci_device dev;
    uint8_t *a, *b;

    (void)state;
    pci_acquire("nic0", &dev);
    a = pci_dma_alloc(&dev, 100, 1);
    b = pci_dma_alloc(&dev, 100, 128);
    assert_ptr_equal(a, fake.dma);
    assert_ptr_equal(b, fake.dma + 128);
    assert_true(pci_dma_iova(&dev, b) == fake.info.dma_iova + 128);
    assert_int_equal(pci_dma_available(&dev, 4096), FAKE_DMA_SIZE - 4096);
    assert_null(pci_dma_alloc(&dev, FAKE_DMA_SIZE - 4095, 4096));
    assert_null(pci_dma_alloc(&dev, SIZE_MAX, 64));
    assert_null(pci_dma_alloc(&dev, 0, 64));
    assert_non_null(pci_dma_alloc(&dev, FAKE_DMA_SIZE - 4096, 4096));
    assert_int_equal(pci_dma_available(&dev, 1), 0);
    assert_null(pci_dma_alloc(&dev, 1, 1));
}

static void shared_region_is_one_for_all_devices(void **state)
{
    struct pci_device one, two;
    uint8_t *a, *b;

    (void)state;
    fake.info.dma = NULL;
    fake.info.dma_size = 0;
    fake.info.shared_dma_iova = 0x7000000000;
    assert_int_equal(pci_acquire("nic0", &one), 0);
    assert_null(pci_dma_alloc(&one, 1, 1));
    fake.shared_size = 8192;
    fake.taken = false;
    assert_int_equal(pci_acquire("nic0", &one), 0);
    fake.taken = false;
    assert_int_equal(pci_acquire("nic0", &two), 0);
    a = pci_dma_alloc(&one, 4096, 64);
    b = pci_dma_alloc(&two, 4096, 64);
    assert_non_null(a);
    assert_ptr_equal(b, a + 4096);
    assert_true(pci_dma_iova(&two, b) == 0x7000000000 + (uintptr_t)(b - fake.dma));
    assert_null(pci_dma_alloc(&one, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acquire_reports_the_device, setup, teardown),
        cmocka_unit_test_setup_teardown(acquire_refuses_unknown_and_taken_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(mapped_registers_are_plain_accesses, setup, teardown),
        cmocka_unit_test_setup_teardown(unmapped_registers_go_to_the_tender, setup, teardown),
        cmocka_unit_test_setup_teardown(outside_the_bar_all_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(wait_ends_with_the_bit_or_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(dma_memory_is_handed_out_once, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_region_is_one_for_all_devices, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
