// SPDX-License-Identifier: ISC
/* Devices of the tender's PCI module that run: their interrupts, and what a guest sees and asks. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "abi/layout.h"
#include "tests/unit/tender/pci_rig.h"

#define K   1024u
#define MIB (1024u * K)

static void raise_irq(int fd)
{
    uint64_t one = 1;

    assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void test_interrupts(void **state)
{
    struct tender_pci_device *device = &rig.pci.device[0];
    struct pollfd ready;

    (void)state;
    fake_msix(&rig.fake[0], 3, 0x8000, 0x8800);
    rig.fake[0].irq_count[VFIO_USER_IRQ_MSI] = 1;
    rig_start(&rig_machine);
    assert_int_equal(device->irq_vectors, 3);
    assert_int_equal(device->irq_kind, PCI_IRQ_MSIX);
    assert_int_equal(rig.pci.device[1].irq_vectors, 0);
    assert_false(tender_pci_irq_take(&rig.pci.device[1]));
    ready = (struct pollfd){.fd = device->irq_fd, .events = POLLIN};
    assert_false(tender_pci_irq_take(device));
    for (unsigned i = 0; i < 3; i++) {
        raise_irq(rig.fake[0].irq_fd[VFIO_USER_IRQ_MSIX][i]);
        assert_int_equal(poll(&ready, 1, 0), 1);
        assert_true(tender_pci_irq_take(device));
        assert_false(tender_pci_irq_take(device));
    }
}

/* Not when it is taken: the guest has not dealt with it yet, and the pin is still asserted. */
static void test_intx_is_unmasked_before_the_next_wait(void **state)
{
    unsigned before;

    (void)state;
    rig.fake[0].irq_count[VFIO_USER_IRQ_INTX] = 1;
    rig_start(&rig_machine);
    assert_int_equal(rig.pci.device[0].irq_kind, PCI_IRQ_INTX);
    assert_int_equal(rig.pci.device[0].irq_vectors, 1);
    before = rig.fake[0].requests[VFIO_USER_DEVICE_SET_IRQS];
    tender_pci_irq_rearm(&rig.pci);
    raise_irq(rig.fake[0].irq_fd[VFIO_USER_IRQ_INTX][0]);
    assert_true(tender_pci_irq_take(&rig.pci.device[0]));
    assert_int_equal(rig.fake[0].requests[VFIO_USER_DEVICE_SET_IRQS], before);
    tender_pci_irq_rearm(&rig.pci);
    tender_pci_irq_rearm(&rig.pci);
    assert_int_equal(rig.fake[0].requests[VFIO_USER_DEVICE_SET_IRQS], before + 1);
}

/* A message is a write to memory. */
static void test_no_messages_without_bus_mastering(void **state)
{
    (void)state;
    fake_msix(&rig.fake[0], 3, 0x8000, 0x8800);
    rig.fake[0].irq_count[VFIO_USER_IRQ_MSI] = 1;
    rig.fake[0].irq_count[VFIO_USER_IRQ_INTX] = 1;
    rig.pci.device[0].want.flags &= (uint8_t)~MFT_PCI_BUS_MASTER;
    rig_start(&rig_machine);
    assert_int_equal(rig.pci.device[0].irq_kind, PCI_IRQ_INTX);
    assert_int_equal(rig.pci.device[0].irq_vectors, 1);
}

static void test_quiesce(void **state)
{
    (void)state;
    rig_start(&rig_process);
    tender_pci_quiesce(&rig.pci);
    assert_int_equal(rig.fake[0].region[7].registers[4], 2);
    assert_int_equal(rig.fake[1].region[7].registers[4], 2);
    *(volatile uint8_t *)(uintptr_t)rig.pci.device[0].dma.addr = 1; /* still there */
    *(volatile uint8_t *)(uintptr_t)rig.pci.device[0].bar[0].addr = 1;
}

/* ---- what a guest sees and asks ---- */

static void test_describe(void **state)
{
    struct hvt_ext *ext = malloc(HVT_EXT_SIZE(2));
    const struct hvt_ext_pci *device = &ext->pci[1];

    (void)state;
    rig.pci.dma_wanted = MIB;
    fake_msix(&rig.fake[1], 3, 0x8000, 0x8800);
    rig_start(&rig_machine);
    tender_pci_describe(&rig.pci, ext);
    assert_int_equal(ext->magic, HVT_EXT_MAGIC);
    assert_int_equal(ext->version, HVT_EXT_VERSION);
    assert_int_equal(ext->size, HVT_EXT_SIZE(2));
    assert_int_equal(ext->pci_count, 2);
    assert_int_equal(ext->dma.addr, DMA_SHARED_BASE);
    assert_int_equal(ext->dma.iova, DMA_SHARED_BASE);
    assert_int_equal(ext->dma.size, 2 * MIB);
    assert_int_equal(ext->pci[0].dma.addr, dma_window_addr(0));
    assert_int_equal(device->handle, 2);
    assert_int_equal(device->vendor, 0x1234);
    assert_int_equal(device->device, 1);
    assert_int_equal(device->class_code, 2);
    assert_int_equal(device->progif, 3);
    assert_int_equal(device->bus_master, 1);
    assert_int_equal(device->irq_vectors, 3);
    assert_int_equal(device->dma.addr, 0);
    assert_int_equal(device->bar[0].addr, pci_window_addr(1, 0));
    assert_int_equal(device->bar[0].ranges_count, 2);
    assert_int_equal(device->bar[0].ranges[1].offset, 36 * K);
    assert_int_equal(device->bar[1].addr, 0);
    assert_int_equal(device->bar[2].size, 256);
    free(ext);
}

static void test_config_requests(void **state)
{
    uint64_t value;

    (void)state;
    rig_start(&rig_machine);
    assert_int_equal(rig_config_read(2, 0, 4, &value), HVT_R_OK);
    assert_int_equal(value, 0x00011234);
    assert_int_equal(rig_config_read(1, 2, 1, &value), HVT_R_OK);
    assert_int_equal(value, 0);
    assert_int_equal(rig_config_read(2, 252, 4, &value), HVT_R_OK);
    assert_int_equal(rig_config_read(2, 256, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(2, UINT32_MAX & ~3u, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(2, 2, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(2, 0, 8, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(2, 0, 3, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(2, 0, 0, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(0, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(3, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_config_read(UINT64_MAX, 0, 4, &value), HVT_R_EINVAL);
}

static void test_region_requests(void **state)
{
    struct hvt_pci_region_access w = {.handle = 1, .bar = 2, .offset = 8, .size = 4, .value = 77};
    uint64_t value;

    (void)state;
    fake_bar(&rig.fake[0], 1, 4 * K); /* there, but not in the manifest */
    rig_start(&rig_machine);
    assert_int_equal(tender_pci_region_write(&rig.pci, &w), HVT_R_OK);
    assert_int_equal(rig_region_read(1, 2, 8, 4, &value), HVT_R_OK);
    assert_int_equal(value, 77);
    assert_int_equal(rig_region_read(1, 2, 256, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 2, 252, 8, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 2, UINT64_MAX - 7, 8, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 2, 1, 2, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 2, 0, 5, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 1, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 6, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(rig_region_read(1, 7, 0, 4, &value), HVT_R_EINVAL); /* configuration space */
    assert_int_equal(rig_region_read(7, 2, 0, 4, &value), HVT_R_EINVAL);
    w.bar = 7;
    assert_int_equal(tender_pci_region_write(&rig.pci, &w), HVT_R_EINVAL);
    rig.fake[0].fault = FAKE_ERROR;
    rig.fake[0].fault_command = VFIO_USER_REGION_READ;
    assert_int_equal(rig_region_read(1, 2, 0, 4, &value), HVT_R_EUNSPEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_interrupts),
        RIG_TEST(test_intx_is_unmasked_before_the_next_wait),
        RIG_TEST(test_no_messages_without_bus_mastering),
        RIG_TEST(test_quiesce),
        RIG_TEST(test_describe),
        RIG_TEST(test_config_requests),
        RIG_TEST(test_region_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
