// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/tender/module_pci.h"

static struct tender_pci pci;
static struct tender_error error;

static struct mft *manifest(void)
{
    struct mft *mft = calloc(1, MFT_SIZE(5));

    mft->version = MFT_VERSION;
    mft->entries = 5;
    mft->e[0].type = MFT_RESERVED_FIRST;
    strcpy(mft->e[1].name, "net0");
    mft->e[1].type = MFT_NET_BASIC;
    strcpy(mft->e[2].name, "nic0");
    mft->e[2].type = MFT_PCI_BASIC;
    mft->e[2].u.pci_basic.vendor = 0x8086;
    strcpy(mft->e[3].name, "dma");
    mft->e[3].type = MFT_DMA_BASIC;
    mft->e[3].u.dma_basic.size = 1000;
    strcpy(mft->e[4].name, "nic00");
    mft->e[4].type = MFT_PCI_BASIC;
    return mft;
}

static int setup(void **state)
{
    struct mft *mft = manifest();

    (void)state;
    assert_int_equal(tender_pci_init(&pci, mft, &error), 0);
    free(mft);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tender_pci_stop(&pci);
    return 0;
}

static void test_init(void **state)
{
    (void)state;
    assert_int_equal(pci.count, 2);
    assert_string_equal(pci.device[0].name, "nic0");
    assert_int_equal(pci.device[0].handle, 2);
    assert_int_equal(pci.device[0].index, 0);
    assert_int_equal(pci.device[0].want.vendor, 0x8086);
    assert_string_equal(pci.device[1].name, "nic00");
    assert_int_equal(pci.device[1].handle, 4);
    assert_int_equal(pci.device[1].index, 1);
    assert_int_equal(pci.dma_wanted, 1000);
}

static void test_dma_sizes_add_up(void **state)
{
    struct mft *mft = manifest();

    (void)state;
    mft->e[1].type = MFT_DMA_BASIC;
    mft->e[1].u.dma_basic.size = 24;
    assert_int_equal(tender_pci_init(&pci, mft, &error), 0);
    assert_int_equal(pci.dma_wanted, 1024);
    mft->e[1].u.dma_basic.size = UINT64_MAX;
    assert_int_equal(tender_pci_init(&pci, mft, &error), -EINVAL);
    free(mft);
}

static void refused(const char *value, const char *says)
{
    assert_int_equal(tender_pci_option(&pci, value, &error), -EINVAL);
    if (strstr(error.text, says) == NULL)
        print_error("%s\n", error.text);
    assert_non_null(strstr(error.text, value));
    assert_non_null(strstr(error.text, says));
}

static void test_options(void **state)
{
    (void)state;
    refused("", "NAME=WHERE");
    refused("nic0", "NAME=WHERE");
    refused("nic0=", "NAME=WHERE");
    refused("=vfio-user:/x", "NAME=WHERE");
    refused("nic1=vfio-user:/x", "declares no PCI device");
    refused("nic=vfio-user:/x", "declares no PCI device");
    refused("net0=vfio-user:/x", "declares no PCI device"); /* another kind of device */
    refused("dma=vfio-user:/x", "declares no PCI device");
    assert_int_equal(tender_pci_option(&pci, "nic0=vfio-user:/x=y", &error), 0);
    assert_string_equal(pci.device[0].where, "vfio-user:/x=y");
    refused("nic0=vfio-user:/z", "attached already, to vfio-user:/x=y");
    refused("nic00=vfio-user:/x=y", "is device \"nic0\" already");
    assert_int_equal(tender_pci_option(&pci, "nic00=vfio-user:/z", &error), 0);
}

static void test_one_device_spelled_twice(void **state)
{
    (void)state;
    assert_int_equal(tender_pci_option(&pci, "nic0=0000:03:00.0", &error), 0);
    refused("nic00=03:00.0", "is device \"nic0\" already");
    refused("nic00=0000:03:00.0", "is device \"nic0\" already");
    pci.may_be_physical = true;
    refused("nic00=sysfs:03:00.0", "is device \"nic0\" already");
    assert_int_equal(tender_pci_option(&pci, "nic00=0001:03:00.0", &error), 0);
}

static void test_no_reset(void **state)
{
    (void)state;
    assert_int_equal(tender_pci_no_reset_option(&pci, "nic00", &error), 0);
    assert_false(pci.device[0].allow_no_reset);
    assert_true(pci.device[1].allow_no_reset);
    assert_int_equal(tender_pci_no_reset_option(&pci, "net0", &error), -EINVAL);
    assert_string_equal(error.text, "--pci-allow-no-reset:net0: the manifest declares no PCI "
                                    "device of this name");
}

static void test_iommu(void **state)
{
    (void)state;
    assert_int_equal(pci.options.iommu, PCI_IOMMU_AUTO);
    assert_int_equal(tender_pci_iommu_option(&pci, "type1", &error), 0);
    assert_int_equal(pci.options.iommu, PCI_IOMMU_TYPE1);
    assert_int_equal(tender_pci_iommu_option(&pci, "iommufd", &error), 0);
    assert_int_equal(pci.options.iommu, PCI_IOMMU_IOMMUFD);
    assert_int_equal(tender_pci_iommu_option(&pci, "auto", &error), 0);
    assert_int_equal(pci.options.iommu, PCI_IOMMU_AUTO);
    assert_int_equal(tender_pci_iommu_option(&pci, "", &error), -EINVAL);
    assert_int_equal(tender_pci_iommu_option(&pci, "typ", &error), -EINVAL);
    assert_non_null(strstr(error.text, "'typ' (auto, type1, iommufd)"));
}

static void test_without_iommu(void **state)
{
    (void)state;
    refused("nic0=sysfs:0000:03:00.0", "only a unikernel for native");
    pci.may_be_physical = true;
    assert_int_equal(tender_pci_option(&pci, "nic0=sysfs:0000:03:00.0", &error), 0);
    assert_int_equal(tender_pci_option(&pci, "nic00=sysfs:0000:04:00.0", &error), 0);
    assert_int_equal(tender_pci_open(&pci, &error), -EPERM);
    assert_non_null(strstr(error.text, "device \"nic0\" (sysfs:0000:03:00.0): without an IOMMU"));
    assert_non_null(strstr(error.text, "--unsafe-no-iommu allows that"));
}

static void test_not_attached(void **state)
{
    (void)state;
    assert_int_equal(tender_pci_option(&pci, "nic0=vfio-user:/x", &error), 0);
    assert_int_equal(tender_pci_open(&pci, &error), -ENODEV);
    assert_string_equal(error.text, "device \"nic00\" is declared in the manifest but was not "
                                    "attached: add --pci:nic00=WHERE");
}

static void attach_both(void)
{
    assert_int_equal(tender_pci_option(&pci, "nic0=vfio-user:/nonexistent/a", &error), 0);
    assert_int_equal(tender_pci_option(&pci, "nic00=vfio-user:/nonexistent/b", &error), 0);
}

static void test_unreachable(void **state)
{
    (void)state;
    attach_both();
    assert_int_equal(tender_pci_open(&pci, &error), -ENODEV);
    assert_non_null(strstr(error.text, "device \"nic0\": vfio-user:/nonexistent/a: "));
}

static void too_large(const char *says)
{
    attach_both();
    assert_int_equal(tender_pci_open(&pci, &error), -ENOMEM);
    assert_non_null(strstr(error.text, says));
    assert_non_null(strstr(error.text, "MiB of memory in all"));
}

static void test_dma_window_too_large(void **state)
{
    (void)state;
    pci.device[1].want.dma_size = 1ull << 50;
    too_large("device \"nic00\" wants 1125899906842624 bytes of DMA memory");
}

static void test_dma_window_overflows(void **state)
{
    (void)state;
    pci.device[0].want.dma_size = UINT64_MAX;
    too_large("device \"nic0\" wants 18446744073709551615 bytes");
}

static void test_dma_sum_too_large(void **state)
{
    (void)state;
    pci.dma_wanted = 1ull << 63;
    pci.device[0].want.dma_size = 1ull << 63;
    too_large("the manifest (dma_size) wants 9223372036854775808 bytes");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_init),
        TEST(test_dma_sizes_add_up),
        TEST(test_options),
        TEST(test_one_device_spelled_twice),
        TEST(test_no_reset),
        TEST(test_iommu),
        TEST(test_without_iommu),
        TEST(test_not_attached),
        TEST(test_unreachable),
        TEST(test_dma_window_too_large),
        TEST(test_dma_window_overflows),
        TEST(test_dma_sum_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
