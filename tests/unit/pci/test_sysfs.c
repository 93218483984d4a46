// SPDX-License-Identifier: ISC
/* A device without an IOMMU: who gets it, and what is done to it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/pci/fake_sysfs.h"

#define COMMAND 4u
#define NO_BAR  "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static void refused(struct fake_sysfs *fake, int code, const char *says)
{
    struct pci_error error = {.text = ""};
    struct pci_access *dev = NULL;
    char text[64];

    assert_int_equal(fake_sysfs_open(fake, &dev, &error), code);
    assert_null(dev);
    assert_non_null(strstr(error.text, "sysfs:" FAKE_NIC));
    if (strstr(error.text, says) == NULL)
        fail_msg("%s", error.text);
    /* Nothing was changed. */
    fake_sysfs_read(fake, "enable", text, sizeof(text));
    assert_true(text[0] == '\0' || strcmp(text, "0\n") == 0);
    fake_sysfs_read(fake, "reset", text, sizeof(text));
    assert_string_equal(text, "");
}

static void test_only_if_allowed(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_options options = {.allow_no_reset = true};
    struct pci_error error;
    struct pci_access *dev = NULL;

    assert_int_equal(
        sysfs_open_on(&fake->host, "sysfs:" FAKE_NIC, FAKE_NIC, &options, &dev, &error), -EPERM);
    assert_non_null(strstr(error.text, "--unsafe-no-iommu"));
    assert_int_equal(pci_open("sysfs:" FAKE_NIC, NULL, &dev, &error), -EPERM);
    assert_null(dev);
}

static void test_where(void **state)
{
    static const struct pci_options options = {.unsafe_no_iommu = true};
    static const struct {
        const char *rest;
        int code;
    } bad[] = {{"", -EINVAL}, {"eth0", -EINVAL}, {"03:00", -EINVAL}, {"0000:04:00.0", -ENODEV}};
    struct fake_sysfs *fake = *state;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pci_error error = {.text = ""};
        struct pci_access *dev = NULL;

        assert_int_equal(sysfs_open_on(&fake->host, "sysfs:", bad[i].rest, &options, &dev, &error),
                         bad[i].code);
        assert_true(error.text[0] != '\0');
    }
}

static void test_drivers(void **state)
{
    static const char *const fine[] = {"uio_pci_generic", "igb_uio", "vfio-pci"};
    struct fake_sysfs *fake = *state;

    fake_driver(&fake->tree, FAKE_NIC, "ixgbe");
    refused(fake, -EBUSY, "echo " FAKE_NIC " > /sys/bus/pci/drivers/ixgbe/unbind");
    for (unsigned i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        fake_driver(&fake->tree, FAKE_NIC, fine[i]);
        pci_close(fake_sysfs_opened(fake));
    }
}

static void test_groups(void **state)
{
    struct fake_sysfs *fake = *state;

    fake_group(&fake->tree, FAKE_NIC, 7);
    refused(fake, -ENOTSUP, "group 7, domain type unknown");
    fake_file(&fake->tree, "kernel/iommu_groups/7/type", "DMA-FQ\n");
    refused(fake, -ENOTSUP, "without \"sysfs:\"");
    fake_file(&fake->tree, "kernel/iommu_groups/7/type", "blocked\n");
    refused(fake, -ENOTSUP, "domain type blocked");
    fake_file(&fake->tree, "kernel/iommu_groups/7/type", "identity\n");
    pci_close(fake_sysfs_opened(fake));
    fake_driver(&fake->tree, FAKE_NIC, "vfio-pci"); /* whose next user would bring a domain */
    refused(fake, -ENOTSUP, "bound to vfio-pci");
    fake_file(&fake->tree, "kernel/iommu_groups/7/type", "unknown\n");
    fake_file(&fake->tree, "kernel/iommu_groups/7/name", "vfio-noiommu\n");
    pci_close(fake_sysfs_opened(fake));
}

static void test_lockdown(void **state)
{
    struct fake_sysfs *fake = *state;

    fake_file(&fake->tree, "kernel/security/lockdown", "none [integrity] confidentiality\n");
    refused(fake, -EACCES, "locked down");
    fake_file(&fake->tree, "kernel/security/lockdown", "[none] integrity confidentiality\n");
    pci_close(fake_sysfs_opened(fake));
}

static void test_secret_addresses(void **state)
{
    struct fake_sysfs *fake = *state;

    fake_memory.code = -EPERM;
    refused(fake, -EACCES, "CAP_SYS_ADMIN");
}

static void test_bridge(void **state)
{
    struct fake_sysfs *fake = *state;

    fake_device_file(&fake->tree, FAKE_NIC, "class", "0x060400\n");
    refused(fake, -EINVAL, "bridge");
}

static void test_no_reset(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev;

    fake_drop(&fake->tree, "bus/pci/devices/" FAKE_NIC "/reset");
    refused(fake, -EPERM, "cannot be reset");
    fake->options.allow_no_reset = true;
    dev = fake_sysfs_opened(fake);
    assert_int_equal(pci_reset(dev, NULL), 0);
    pci_close(dev);
}

static void test_one_user(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);

    refused(fake, -EBUSY, "another process");
    pci_close(dev);
    pci_close(fake_sysfs_opened(fake));
}

static void test_identity_and_regions(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct pci_region region;

    assert_int_equal(pci_region_info(dev, 0, &region, NULL), 0);
    assert_int_equal(region.size, 512 * 1024);
    assert_int_equal(region.areas_count, 1);
    assert_int_equal(region.areas[0].size, 512 * 1024);
    assert_int_equal(pci_region_info(dev, 1, &region, NULL), 0);
    assert_int_equal(region.size, 0);
    assert_int_equal(pci_region_info(dev, PCI_REGION_CONFIG, &region, NULL), 0);
    assert_int_equal(region.size, 4096);
    for (unsigned i = 0; i < PCI_IRQ_KINDS; i++)
        assert_int_equal(pci_irq_count(dev, (enum pci_irq_index)i), 0);
    assert_int_equal(pci_lost_fd(dev), -1);
    assert_true(pci_dma_is_physical(dev));
    assert_int_equal(pci_dma_map(dev, -1, 0, NULL, 0, 4096, NULL), -ENOTSUP);
    pci_close(dev);
}

static void test_registers(void **state)
{
    static const unsigned sizes[] = {1, 2, 4, 8};
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct pci_area area = {.offset = 4096, .size = 4096};
    void *mapped = NULL;

    assert_int_equal(pci_map(dev, 0, area, NULL, &mapped, NULL), 0);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t value = 0, wrote = 0x8877665544332211ull & (UINT64_MAX >> (64 - 8 * sizes[i]));

        assert_int_equal(pci_region_write(dev, 0, 4096 + 64 * i, sizes[i], UINT64_MAX), 0);
        assert_int_equal(pci_region_write(dev, 0, 4096 + 64 * i, sizes[i], wrote), 0);
        assert_int_equal(pci_region_read(dev, 0, 4096 + 64 * i, sizes[i], &value), 0);
        assert_int_equal(value, wrote);
        assert_memory_equal((char *)mapped + 64 * i, &wrote, sizeof(wrote));
        assert_int_equal(pci_region_write(dev, PCI_REGION_CONFIG, 64 + 8 * i, sizes[i], wrote), 0);
        assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 64 + 8 * i, sizes[i], &value), 0);
        assert_int_equal(value, wrote);
    }
    assert_int_equal(pci_region_read(dev, 0, 512 * 1024, 4, &(uint64_t){0}), -EINVAL);
    pci_close(dev);
}

/* Registers that share their page with others' are reached one by one only. */
static void test_small_bar(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev;
    struct pci_region region;
    uint64_t value;
    char page[0x102];

    memset(page, 'x', sizeof(page));
    page[0x100] = 0x5a;
    page[0x101] = '\0';
    fake_device_file(&fake->tree, FAKE_NIC, "resource",
                     "0x00000000fe000100 0x00000000fe0001ff 0x0000000000040200\n" NO_BAR NO_BAR
                         NO_BAR NO_BAR NO_BAR NO_BAR);
    fake_device_file(&fake->tree, FAKE_NIC, "resource0", page);
    dev = fake_sysfs_opened(fake);
    assert_int_equal(pci_region_info(dev, 0, &region, NULL), 0);
    assert_int_equal(region.size, 0x100);
    assert_int_equal(region.areas_count, 0);
    assert_int_equal(pci_region_read(dev, 0, 0, 1, &value), 0);
    assert_int_equal(value, 0x5a);
    pci_close(dev);
}

static void expect_file(struct fake_sysfs *fake, const char *file, const char *text)
{
    char is[64];

    fake_sysfs_read(fake, file, is, sizeof(is));
    assert_string_equal(is, text);
}

/* Switched on at the first use, and as before at the end. */
static void test_power(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    uint64_t command;

    /* As a killed process left it, with a bit of others' beside. */
    assert_int_equal(pwrite(sysfs_of(dev)->config_fd, "\x04\x01", 2, COMMAND), 2);
    expect_file(fake, "enable", "0\n");
    expect_file(fake, "power/control", "auto\n");
    assert_int_equal(pci_reset(dev, NULL), 0);
    expect_file(fake, "enable", "1\n");
    expect_file(fake, "power/control", "onto\n"); /* over "auto\n", in a plain file */
    expect_file(fake, "reset", "1");
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, COMMAND, 2, &command), 0);
    assert_int_equal(command, 0x502);
    assert_int_equal(pci_bus_master(dev, true, NULL), 0);
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, COMMAND, 2, &command), 0);
    assert_int_equal(command, 0x506);
    pci_close(dev);
    expect_file(fake, "enable", "0\n");
    expect_file(fake, "power/control", "auto\n");
    dev = fake_sysfs_opened(fake);
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, COMMAND, 2, &command), 0);
    assert_int_equal(command, 0x100);
    pci_close(dev);
}

static void test_check(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct pci_error error;

    assert_int_equal(pci_check(dev, &error), 0);
    assert_int_equal(pci_bus_master(dev, true, &error), 0);
    assert_int_equal(pci_check(dev, &error), 0);
    assert_int_equal(pci_region_write(dev, PCI_REGION_CONFIG, COMMAND, 2, 2), 0);
    assert_int_equal(pci_check(dev, &error), -ESTALE);
    assert_int_equal(pci_region_write(dev, PCI_REGION_CONFIG, COMMAND, 2, 0xffff), 0);
    assert_int_equal(pci_check(dev, &error), -ENODEV);
    pci_close(dev);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_sysfs_make, fake_sysfs_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_only_if_allowed), T(test_where),
        T(test_drivers),         T(test_groups),
        T(test_lockdown),        T(test_secret_addresses),
        T(test_bridge),          T(test_no_reset),
        T(test_one_user),        T(test_identity_and_regions),
        T(test_registers),       T(test_small_bar),
        T(test_power),           T(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
