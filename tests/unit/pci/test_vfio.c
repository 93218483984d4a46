// SPDX-License-Identifier: ISC
/* A host device from open to close, its resets and interrupts, against a kernel that writes down
 * what it is asked. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "host/pci/vfio.h"
#include "tests/unit/pci/fake_vfio.h"

#define COMMAND  4
#define MASTER   4
#define INTX_OFF 4 /* in the upper byte */

static char memory[1 << 16] __attribute__((aligned(4096)));

static int map_at(struct pci_access *dev, uint64_t iova, struct pci_error *error)
{
    return pci_dma_map(dev, -1, 0, memory, iova, sizeof(memory), error);
}

static void test_late_and_in_order(void **state)
{
    static const char *const lines[] = {
        "open /dev/vfio/vfio\n",
        "open " FAKE_GROUP "\n",
        "device " FAKE_NIC "\n",
        "irqs 3 ",
        "irqs 4 ",
        "reset\n",
        "map 0x1000000 0x10000",
        "irqs 2 flags 0x24 start 0 count 3\n",
        "write region 7 0x4 2 0x406", /* memory decoding, bus mastering, no INTx */
        "write region 7 0x4 2 0x402",
        "irqs 2 flags 0x21 start 0 count 0\n",
        "unmap 0x1000000 0x10000",
        "close device\n",
        "close group\n",
        "close container\n",
        NULL};
    const int fds[] = {71, -1, 73};
    struct pci_identity id;
    struct pci_access *dev;
    struct pci_bar bar;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_identify(dev, &id, NULL), 0);
    assert_int_equal(id.vendor, 0x8086);
    assert_int_equal(id.device, 0x10fb);
    assert_int_equal(id.class_code, 2);
    assert_int_equal(pci_bar_look(dev, 2, &bar, NULL), 0);
    assert_int_equal(bar.size, 0x1000);
    assert_true(bar.io_port);
    assert_int_equal(pci_bar_look(dev, 1, &bar, NULL), 0);
    assert_int_equal(bar.size, 0);
    assert_int_equal(pci_bar_look(dev, 6, &bar, NULL), -EINVAL);
    assert_int_not_equal(pci_kvm_fd(dev), -1);
    assert_int_equal(pci_check(dev, NULL), 0);
    assert_false(fake.device_open);
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(map_at(dev, 0x1000000, NULL), 0);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 3, fds, NULL), 0);
    assert_memory_equal(fake.irq_fds[PCI_IRQ_MSIX], fds, sizeof(fds));
    assert_int_equal(pci_bus_master(dev, true, NULL), 0);
    pci_close(dev);
    fake_vfio_logged(lines);
}

static void test_iommufd_in_order(void **state)
{
    static const char *const lines[] = {"open /dev/iommu\n",
                                        "open " FAKE_CDEV "\n",
                                        "bind\n",
                                        "attach 5\n",
                                        "map 0x1000000 0x10000",
                                        "unmap 0x1000000 0x10000",
                                        "close device\n",
                                        "destroy 5\n",
                                        "close iommu\n",
                                        NULL};
    struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX];
    struct pci_access *dev;
    unsigned count;

    (void)state;
    fake_vfio_iommufd();
    dev = fake_vfio_open();
    assert_false(fake.device_open);
    assert_int_equal(pci_iova_ranges(dev, ranges, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_true(ranges[1].last == 0xffffffffffff);
    assert_int_equal(map_at(dev, 0x1000000, NULL), 0);
    pci_close(dev);
    fake_vfio_logged(lines);
}

/* What is half done when a step fails is undone: fake_vfio_remove looks. */
static void test_each_step_may_fail(void **state)
{
    static const unsigned long steps[] = {VFIO_GROUP_GET_DEVICE_FD,    VFIO_DEVICE_GET_INFO,
                                          VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_SET_IRQS,
                                          VFIO_DEVICE_RESET,           VFIO_IOMMU_MAP_DMA};

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct pci_error error = {.text = ""};
        struct pci_access *dev;
        int rc;

        fake.fail_request = 0;
        dev = fake_vfio_open();
        fake.fail_request = steps[i];
        fake.fail_code = -EIO;
        rc = pci_reset(dev, &error);
        if (rc == 0)
            rc = map_at(dev, 0x1000000, &error);
        assert_int_equal(rc, -EIO);
        assert_non_null(strstr(error.text, FAKE_NIC ": "));
        assert_int_equal(fake.mapped, 0);
        pci_close(dev);
        assert_false(fake.device_open);
    }
}

static void test_held_by_another(void **state)
{
    struct pci_error error;
    struct pci_access *dev;

    (void)state;
    fake.fail_request = VFIO_GROUP_GET_DEVICE_FD;
    fake.fail_code = -EBUSY;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, &error), -EBUSY);
    assert_non_null(strstr(error.text, "another process has it"));
    assert_int_equal(pci_reset(dev, &error), -EBUSY);
    pci_close(dev);
    fake_vfio_iommufd();
    fake.fail_request = VFIO_CDEV_BIND;
    fake.fail_code = -EINVAL;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, &error), -EBUSY);
    pci_close(dev);
}

static void test_waits_for_the_lock(void **state)
{
    struct pci_access *dev;

    (void)state;
    fake.fail_request = VFIO_DEVICE_RESET;
    fake.fail_code = -EAGAIN;
    fake.fail_times = 3;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(fake.resets, 1);
    pci_close(dev);
}

/* ---- resets ---- */

static void test_hot_reset(void **state)
{
    struct pci_error error;
    struct pci_access *dev;

    (void)state;
    fake.device_flags = VFIO_DEVICE_FLAGS_PCI;
    fake.hot_reset_groups[0] = fake.hot_reset_groups[1] = 7;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, &error), 0);
    fake_vfio_logged((const char *const[]){"hot reset of 1 groups\n", NULL});
    fake.hot_reset_groups[1] = 8; /* somebody else's */
    assert_int_equal(pci_reset(dev, &error), -EPERM);
    assert_non_null(strstr(error.text, "devices that are not ours"));
    fake.hot_reset_groups[0] = 0;
    assert_int_equal(pci_reset(dev, &error), -EPERM);
    pci_close(dev);
    fake.options.allow_no_reset = true;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, &error), 0);
    pci_close(dev);
    assert_int_equal(fake.resets, 1);
}

static void test_hot_reset_by_iommufd(void **state)
{
    struct pci_access *dev;

    (void)state;
    fake_vfio_iommufd();
    fake.device_flags = VFIO_DEVICE_FLAGS_PCI;
    fake.hot_reset_groups[0] = 1;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, NULL), -EPERM);
    fake.hot_reset_flags = VFIO_CDEV_HOT_RESET_OWNED | 1;
    assert_int_equal(pci_reset(dev, NULL), 0);
    fake_vfio_logged((const char *const[]){"hot reset of 0 groups\n", NULL});
    pci_close(dev);
}

/* ---- interrupts ---- */

static void test_lost(void **state)
{
    struct pci_error error;
    struct pci_access *dev;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_lost_events(dev), POLLIN);
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(fake.irq_fds[VFIO_PCI_ERR_IRQ_INDEX][0], pci_lost_fd(dev));
    assert_int_equal(fake.irq_fds[VFIO_PCI_REQ_IRQ_INDEX][0], pci_lost_fd(dev));
    assert_int_equal(pci_bus_master(dev, true, NULL), 0);
    assert_int_equal(pci_check(dev, &error), 0);
    fake.config[COMMAND] &= (uint8_t)~MASTER;
    assert_int_equal(pci_check(dev, &error), -ESTALE);
    memset(fake.config, 0xff, sizeof(fake.config));
    assert_int_equal(pci_check(dev, &error), -ENODEV);
    pci_close(dev);
}

static void test_intx_is_off_until_wanted(void **state)
{
    struct pci_access *dev;
    const int fd = 72;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_INTX), 1);
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_MSI), 0);
    assert_int_equal(fake.config[COMMAND + 1], INTX_OFF);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_INTX, 1, &fd, NULL), 0);
    assert_int_equal(fake.config[COMMAND + 1], 0);
    assert_int_equal(fake.irq_fds[PCI_IRQ_INTX][0], fd);
    assert_int_equal(pci_irq_unmask(dev, PCI_IRQ_INTX), 0);
    fake_vfio_logged((const char *const[]){"irqs 0 flags 0x11 start 0 count 1\n", NULL});
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_INTX, 0, NULL, NULL), 0);
    assert_int_equal(fake.config[COMMAND + 1], INTX_OFF);
    assert_int_equal(fake.irq_fds[PCI_IRQ_INTX][0], -1);
    pci_close(dev);
}

/* The kernel answers with the number that it could give. */
static void test_fewer_vectors(void **state)
{
    const int fds[] = {71, 72, 73};
    struct pci_error error;
    struct pci_access *dev;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_MSIX), 3);
    fake.fail_request = VFIO_DEVICE_SET_IRQS;
    fake.fail_code = 2;
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 3, fds, &error), -ENOSPC);
    assert_non_null(strstr(error.text, "3 interrupt vectors wanted, the machine has 2"));
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_MSIX), 2);
    fake.fail_request = 0;
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 2, fds, &error), 0);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 1, fds, &error), 0);
    fake_vfio_logged((const char *const[]){"irqs 2 flags 0x24 start 0 count 2\n",
                                           "irqs 2 flags 0x21 start 0 count 0\n",
                                           "irqs 2 flags 0x24 start 0 count 1\n", NULL});
    pci_close(dev);
}

/* ---- what a sandbox and KVM are told ---- */

static bool listed(const struct pci_access *dev, long number, unsigned long request)
{
    struct pci_syscall calls[PCI_SYSCALLS_MAX];
    unsigned count = pci_syscalls(dev, calls);

    for (unsigned i = 0; i < count; i++) {
        if (calls[i].number == number && calls[i].request == request && calls[i].fd >= 0)
            return true;
    }
    return false;
}

static void test_syscalls(void **state)
{
    struct pci_access *dev;

    (void)state;
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_true(listed(dev, SYS_pread64, 0));
    assert_true(listed(dev, SYS_pwrite64, 0));
    assert_true(listed(dev, SYS_ioctl, VFIO_DEVICE_SET_IRQS));
    assert_true(listed(dev, SYS_ioctl, VFIO_IOMMU_UNMAP_DMA));
    assert_false(listed(dev, SYS_ioctl, VFIO_IOMMU_MAP_DMA));
    pci_close(dev);
    fake_vfio_iommufd();
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_true(listed(dev, SYS_ioctl, IOMMUFD_IOAS_UNMAP));
    assert_true(listed(dev, SYS_ioctl, IOMMUFD_DESTROY));
    pci_close(dev);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_vfio_make, fake_vfio_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_late_and_in_order),
        TEST(test_iommufd_in_order),
        TEST(test_each_step_may_fail),
        TEST(test_held_by_another),
        TEST(test_waits_for_the_lock),
        TEST(test_hot_reset),
        TEST(test_hot_reset_by_iommufd),
        TEST(test_lost),
        TEST(test_intx_is_off_until_wanted),
        TEST(test_fewer_vectors),
        TEST(test_syscalls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
