// SPDX-License-Identifier: ISC
/* Host devices that cannot be had: why, in words, and before VFIO opens (and so resets) any. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "host/pci/vfio_abi.h"
#include "tests/unit/pci/fake_vfio.h"

#define NEIGHBOUR "0000:03:00.1"

static void test_names(void **state)
{
    char path[256];

    (void)state;
    fake_vfio_refused("nonsense", -EINVAL, "nonsense: no device can be there");
    fake_vfio_refused("", -EINVAL, "give it as 0000:03:00.0");
    fake_vfio_refused("04:00.0", -ENODEV, "0000:04:00.0: there is no such PCI device");
    snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:05:00.0/", fake.tree.root);
    fake_vfio_refused(path, -ENODEV, "0000:05:00.0: there is no such PCI device");
    assert_string_equal(fake.log, "");
}

static void test_no_iommu(void **state)
{
    (void)state;
    fake_file(&fake.tree, "kernel/iommu_groups/7/name", "vfio-noiommu\n");
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "no IOMMU between it and memory");
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/iommu_group");
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "intel_iommu=on");
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/driver");
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "intel_iommu=on");
    assert_string_equal(fake.log, "");
}

static void test_group_comes_with_the_driver(void **state)
{
    (void)state;
    fake_folder(&fake.tree, "class/iommu/smmu3.0x0000000009050000");
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/iommu_group");
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "no IOMMU between it and memory");
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/driver");
    fake_vfio_refused(FAKE_NIC, -ENODEV, "it has no driver");
    assert_string_equal(fake.log, "");
}

static void test_driver(void **state)
{
    (void)state;
    fake_driver(&fake.tree, FAKE_NIC, "ixgbe");
    fake_vfio_refused(FAKE_NIC, -ENODEV, "its driver is ixgbe");
    fake_vfio_refused(FAKE_NIC, -ENODEV, "penstock pci bind " FAKE_NIC);
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/driver");
    fake_vfio_refused(FAKE_NIC, -ENODEV, "it has no driver");
    fake_device_file(&fake.tree, FAKE_NIC, "class", "0x060400\n");
    fake_vfio_refused(FAKE_NIC, -ENODEV, "this is a bridge");
    assert_string_equal(fake.log, "");
}

static void test_group(void **state)
{
    (void)state;
    fake_device(&fake.tree, NEIGHBOUR);
    fake_group(&fake.tree, NEIGHBOUR, 7);
    fake_driver(&fake.tree, NEIGHBOUR, "nvme");
    fake_vfio_refused(FAKE_NIC, -ENODEV, FAKE_NIC " (vfio-pci), " NEIGHBOUR " (nvme)");
    fake_vfio_refused(FAKE_NIC, -ENODEV, "penstock pci bind " NEIGHBOUR);
    assert_string_equal(fake.log, "");
    /* The kernel knows better than sysfs. */
    fake_drop(&fake.tree, "bus/pci/devices/" NEIGHBOUR "/driver");
    fake.group_flags = 0;
    fake_vfio_refused(FAKE_NIC, -ENODEV, NEIGHBOUR " (no driver)");
}

static void test_reset(void **state)
{
    (void)state;
    fake_device_file(&fake.tree, FAKE_NIC, "reset_method", "bus\n");
    fake_device(&fake.tree, NEIGHBOUR);
    fake_vfio_refused(FAKE_NIC, -EPERM, "it has no reset");
    fake_drop(&fake.tree, "bus/pci/devices/" NEIGHBOUR);
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/reset_method");
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC "/reset");
    fake_vfio_refused(FAKE_NIC, -EPERM, "the caller must allow that");
    assert_string_equal(fake.log, "");
    fake.options.allow_no_reset = true;
    pci_close(fake_vfio_open());
}

/* The device's folder stands below its bridge's, as the kernel has it. */
static void put_behind_bridge(const char *address)
{
    char link[64], target[128];

    snprintf(link, sizeof(link), "bus/pci/devices/%s", address);
    snprintf(target, sizeof(target), "devices/pci0000:00/0000:00:1c.0/%s", address);
    fake_folder(&fake.tree, target);
    snprintf(target, sizeof(target), "../../../devices/pci0000:00/0000:00:1c.0/%s", address);
    fake_link(&fake.tree, link, target);
    fake_device(&fake.tree, address);
    fake_driver(&fake.tree, address, "vfio-pci");
    fake_group(&fake.tree, address, 7);
}

static void test_reset_of_the_bus(void **state)
{
    (void)state;
    fake_drop(&fake.tree, "bus/pci/devices/" FAKE_NIC);
    fake_drop(&fake.tree, "kernel/iommu_groups/7");
    put_behind_bridge(FAKE_NIC);
    pci_close(fake_vfio_open());
    put_behind_bridge(NEIGHBOUR);
    pci_close(fake_vfio_open());
    fake_device_file(&fake.tree, NEIGHBOUR, "class", "0x060400\n"); /* with more behind it */
    fake.log[0] = '\0';
    fake_vfio_refused(FAKE_NIC, -EPERM, "it has no reset");
    fake_device_file(&fake.tree, NEIGHBOUR, "class", "0x020000\n");
    fake_driver(&fake.tree, NEIGHBOUR, "pci-stub");
    fake.log[0] = '\0';
    fake_vfio_refused(FAKE_NIC, -EPERM, "it has no reset");
}

static void test_files(void **state)
{
    static const struct {
        const char *path;
        int code, result;
        const char *says;
    } cases[] = {
        {"/dev/vfio/vfio", -ENOENT, -ENOTSUP, "modprobe -a vfio-pci vfio_iommu_type1"},
        {"/dev/vfio/vfio", -EACCES, -EACCES, "/dev/vfio/vfio: not allowed"},
        {FAKE_GROUP, -EACCES, -EACCES, "chown $USER " FAKE_GROUP},
        {FAKE_GROUP, -EPERM, -EACCES, "as root"},
        {FAKE_GROUP, -EBUSY, -EBUSY, "another process has it"},
        {FAKE_GROUP, -EMFILE, -EMFILE, "cannot open " FAKE_GROUP},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake.fail_path = cases[i].path;
        fake.fail_path_code = cases[i].code;
        fake_vfio_refused(FAKE_NIC, cases[i].result, cases[i].says);
    }
}

static void test_type1(void **state)
{
    static const struct {
        unsigned long request;
        int code, result;
        const char *says;
    } cases[] = {
        {VFIO_GET_API_VERSION, 1, -ENOTSUP, "another version"},
        {VFIO_CHECK_EXTENSION, -ENOTTY, -ENOTSUP, "modprobe vfio_iommu_type1"},
        {VFIO_GROUP_GET_STATUS, -EIO, -EIO, "state of IOMMU group 7"},
        {VFIO_GROUP_SET_CONTAINER, -EINVAL, -EINVAL, "group 7"},
        {VFIO_SET_IOMMU, -EPERM, -EACCES, "vfio_iommu_type1/parameters/allow_unsafe_interrupts"},
        {VFIO_SET_IOMMU, -ENOMEM, -ENOMEM, "cannot get a domain"},
        {VFIO_IOMMU_GET_INFO, -EIO, -EIO, "what the IOMMU can"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake.fail_request = cases[i].request;
        fake.fail_code = cases[i].code;
        fake_vfio_refused(FAKE_NIC, cases[i].result, cases[i].says);
    }
    fake.fail_request = 0;
    fake.page_sizes = 0x10000 | 0x20000000;
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "no pages of 4096 bytes");
}

static void test_iommufd(void **state)
{
    (void)state;
    fake.options.iommu = PCI_IOMMU_IOMMUFD;
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "CONFIG_VFIO_DEVICE_CDEV");
    fake_vfio_iommufd();
    fake.fail_path = "/dev/iommu";
    fake.fail_path_code = -ENOENT;
    fake_vfio_refused(FAKE_NIC, -ENOTSUP, "/dev/iommu is not there");
    fake.fail_path = FAKE_CDEV;
    fake.fail_path_code = -EACCES;
    fake_vfio_refused(FAKE_NIC, -EACCES, "chown $USER " FAKE_CDEV);
    fake.fail_path = FAKE_GROUP;
    fake.fail_path_code = -EBUSY;
    fake_vfio_refused(FAKE_NIC, -EBUSY, "another process has it");
    fake.fail_path = NULL;
    fake.fail_request = IOMMUFD_IOAS_ALLOC;
    fake.fail_code = -ENOMEM;
    fake_vfio_refused(FAKE_NIC, -ENOMEM, "no address space");
}

/* Kernels without iommufd, and users who may not, get type1. */
static void test_auto(void **state)
{
    static const char *const type1[] = {"open /dev/iommu", "open /dev/vfio/vfio", NULL};
    static const char *const iommufd[] = {"open /dev/iommu", "open " FAKE_CDEV, "bind", NULL};
    struct pci_access *dev;

    (void)state;
    fake.options.iommu = PCI_IOMMU_AUTO;
    pci_close(fake_vfio_open());
    fake_vfio_logged(type1);
    fake_vfio_iommufd();
    fake.options.iommu = PCI_IOMMU_AUTO;
    fake.fail_path = FAKE_CDEV;
    fake.fail_path_code = -EACCES;
    pci_close(fake_vfio_open());
    fake_vfio_logged(type1);
    fake.fail_path = NULL;
    fake.log[0] = '\0';
    dev = fake_vfio_open();
    assert_int_equal(pci_reset(dev, NULL), 0);
    pci_close(dev);
    fake_vfio_logged(iommufd);
    assert_null(strstr(fake.log, "open /dev/vfio/vfio"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_vfio_make, fake_vfio_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names),
        TEST(test_no_iommu),
        TEST(test_group_comes_with_the_driver),
        TEST(test_driver),
        TEST(test_group),
        TEST(test_reset),
        TEST(test_reset_of_the_bus),
        TEST(test_files),
        TEST(test_type1),
        TEST(test_iommufd),
        TEST(test_auto),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
