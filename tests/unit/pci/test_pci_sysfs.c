// SPDX-License-Identifier: ISC
/* Reading sysfs: a device with everything, with nothing, and with nonsense. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/pci/pci_sysfs.h"
#include "tests/unit/pci/fake_tree.h"

#define NIC    "0000:03:00.0"
#define FOLDER "bus/pci/devices/" NIC "/"

static int make(void **state)
{
    struct fake_tree *tree = malloc(sizeof(*tree));

    fake_tree_make(tree);
    *state = tree;
    return 0;
}

static int drop(void **state)
{
    fake_tree_remove(*state);
    free(*state);
    return 0;
}

static void takes_addresses(void **state)
{
    static const char *const good[][2] = {
        {"0000:03:00.0", "0000:03:00.0"},
        {"03:00.0", "0000:03:00.0"},
        {"FFFF:aB:1f.7", "ffff:ab:1f.7"},
        {"10000:03:00.0", "10000:03:00.0"},
        {"00000003:03:00.0", "0003:03:00.0"},
        {"/sys/bus/pci/devices/0000:03:00.0", "0000:03:00.0"},
        {"/sys/bus/pci/devices/0000:03:00.0//", "0000:03:00.0"},
        {"/sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0/", "0000:03:00.0"},
    };
    char address[PCI_ADDRESS_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(pci_sysfs_address("/sys", good[i][0], address), 0);
        assert_string_equal(address, good[i][1]);
    }
    assert_int_equal(pci_sysfs_address("/sys/", "/sys/devices/0000:03:00.0", address), 0);
}

static void refuses_addresses(void **state)
{
    static const char *const bad[] = {"",
                                      ":",
                                      "::",
                                      ".",
                                      "03:00",
                                      "03:00.",
                                      "03:00.8",
                                      "03:20.0",
                                      "3:0.0",
                                      "003:00.0",
                                      "000:03:00.0",
                                      "000000000:03:00.0",
                                      "0000:03:00.0 ",
                                      " 0000:03:00.0",
                                      "0000:03:00.0x",
                                      "0000:03:00:0",
                                      "0000-03:00.0",
                                      "g000:03:00.0",
                                      "0x00:03:00.0",
                                      "-000:03:00.0",
                                      "/0000:03:00.0",
                                      "/sys/bus/pci/devices/",
                                      "/sys/bus/pci/devices",
                                      "/sys/devices/x",
                                      "/sys/bus/pci/drivers/vfio-pci/0000:03:00.0",
                                      "/sysdevices/0000:03:00.0",
                                      "devices/0000:03:00.0",
                                      "/sys/devices/0000:03:00.0/driver",
                                      "vfio-user:/tmp/nic.sock",
                                      "0000:03:00.00000000000000000000000000000000000000000000"};
    char address[PCI_ADDRESS_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pci_sysfs_address("/sys", bad[i], address), -EINVAL);
}

static void reads_a_plain_device(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d;
    struct pci_error error;

    fake_device(tree, NIC);
    assert_int_equal(pci_sysfs_read(tree->root, "03:00.0", &d, &error), 0);
    assert_string_equal(d.address, NIC);
    assert_int_equal(d.identity.vendor, 0x8086);
    assert_int_equal(d.identity.device, 0x10fb);
    assert_int_equal(d.identity.class_code << 16 | d.identity.subclass << 8 | d.identity.progif,
                     0x020000);
    assert_int_equal(d.subsystem_device, 3);
    assert_int_equal(d.revision, 1);
    assert_string_equal(d.driver, "");
    assert_string_equal(d.override, "");
    assert_int_equal(d.group, -1);
    assert_int_equal(d.numa_node, -1);
    assert_false(d.is_bridge || d.has_reset || d.reset_known);
    assert_int_equal(d.bar[0].start, 0xfe000000);
    assert_int_equal(d.bar[0].size, 512 << 10);
    assert_true(d.bar[0].is_64bit && d.bar[0].prefetchable && !d.bar[0].io_port);
    assert_int_equal(d.bar[1].size, 0);
    assert_int_equal(d.bar[2].size, 4096);
    assert_true(d.bar[2].io_port && !d.bar[2].is_64bit && !d.bar[2].prefetchable);
    assert_int_equal(d.bar[4].start, 0); /* has no address yet */
    assert_int_equal(d.bar[4].size, 16 << 10);
}

static void reads_all_that_a_device_has(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d;

    fake_device(tree, NIC);
    fake_driver(tree, NIC, "ixgbe");
    fake_group(tree, NIC, 17);
    fake_device_file(tree, NIC, "driver_override", "vfio-pci\n");
    fake_device_file(tree, NIC, "numa_node", "1\n");
    fake_device_file(tree, NIC, "reset", "");
    fake_device_file(tree, NIC, "reset_method", "flr bus\n");
    fake_device_file(tree, NIC, "secondary_bus_number", "4\n");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_string_equal(d.driver, "ixgbe");
    assert_string_equal(d.override, "vfio-pci");
    assert_string_equal(d.reset_method, "flr bus");
    assert_true(d.has_reset && d.reset_known && d.is_bridge);
    assert_int_equal(d.group, 17);
    assert_int_equal(d.numa_node, 1);
}

static void tells_resets_apart(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d;

    fake_device(tree, NIC);
    fake_device_file(tree, NIC, "reset", ""); /* before 5.15 */
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_true(d.has_reset && d.reset_known);
    assert_string_equal(d.reset_method, "");
    fake_device_file(tree, NIC, "reset_method", "\n"); /* all switched off */
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_true(!d.has_reset && d.reset_known);
    fake_device_file(tree, NIC, "reset_method", "bus\n");
    fake_device(tree, "0000:04:00.0");
    fake_device(tree, "0001:03:00.0");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_true(d.has_reset && d.reset_known);
    fake_device(tree, "0000:03:01.0"); /* on the same bus */
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_true(!d.has_reset && d.reset_known);
    fake_device_file(tree, NIC, "reset_method", "flr bus\n");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_true(d.has_reset && d.reset_known);
}

/* A file whose content makes the device unreadable, and a part of what is said. */
static void refuses_nonsense(void **state)
{
    static const struct {
        const char *file, *text, *says;
    } bad[] = {
        {"vendor", "", "vendor: not the number"},
        {"vendor", "0x18086\n", "vendor: not the number"},
        {"vendor", "8086h\n", "vendor: not the number"},
        {"device", "-1\n", "device: not the number"},
        {"class", "0x1000000\n", "class: not the number"},
        {"class", "0x99999999999999999999999999\n", "class: not the number"},
        {"subsystem_vendor", "x", "subsystem_vendor: not the number"},
        {"resource", "", "resource: not the list"},
        {"resource", "0x0 0x0 0x0\n0x0 0x0 0x0\n", "resource: not the list"},
        {"resource", "0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n",
         "resource: not the list"},
        {"resource", "0x0 0xfffffffffffffffff 0x200\n", "resource: not the list"},
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pci_sysfs_device d;
        struct pci_error error = {""};

        fake_device(*state, NIC);
        fake_device_file(*state, NIC, bad[i].file, bad[i].text);
        assert_int_equal(pci_sysfs_read(((struct fake_tree *)*state)->root, NIC, &d, &error), -EIO);
        assert_non_null(strstr(error.text, NIC));
        assert_non_null(strstr(error.text, bad[i].says));
    }
}

static void refuses_a_huge_file(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d;
    char *huge = malloc(100001);

    memset(huge, '0', 100000);
    huge[100000] = 0;
    fake_device(tree, NIC);
    fake_device_file(tree, NIC, "driver_override", huge);
    fake_device_file(tree, NIC, "numa_node", huge);
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_string_equal(d.override, "");
    assert_int_equal(d.numa_node, -1);
    fake_device_file(tree, NIC, "resource", huge);
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), -EIO);
    free(huge);
}

/* 2^64 bytes, and an end before the start: no BAR. */
static void survives_odd_bars(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d;

    fake_device(tree, NIC);
    fake_device_file(tree, NIC, "resource",
                     "0x0 0xffffffffffffffff 0x200\n0x2000 0x1fff 0x200\n0x0 0xfff 0x0\n"
                     "0xffffffffffffffff 0xffffffffffffffff 0x200\n0x0 0x0 0x0\n0x0 0x0 0x0\n");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_int_equal(d.bar[0].size, 0);
    assert_int_equal(d.bar[1].size, 0);
    assert_int_equal(d.bar[2].size, 0);
    assert_int_equal(d.bar[3].size, 1);
}

static void survives_odd_links(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d;

    fake_device(tree, NIC);
    fake_link(tree, FOLDER "driver", "driver");
    fake_link(tree, FOLDER "iommu_group", "../x/nine");
    fake_link(tree, FOLDER "reset_method", "reset_method");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), 0);
    assert_int_equal(d.group, -1);
    assert_false(d.reset_known);
    fake_drop(tree, FOLDER "vendor");
    fake_link(tree, FOLDER "vendor", "vendor");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), -EIO);
    fake_drop(tree, FOLDER "vendor");
    fake_folder(tree, FOLDER "vendor");
    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, NULL), -EIO);
}

static void misses_devices(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device d, *all;
    struct pci_error error;
    unsigned count;

    assert_int_equal(pci_sysfs_read(tree->root, NIC, &d, &error), -ENODEV);
    assert_string_equal(error.text, NIC ": there is no such PCI device");
    assert_int_equal(pci_sysfs_read(tree->root, "../../x", &d, &error), -ENODEV);
    assert_int_equal(pci_sysfs_list(tree->root, &all, &count, &error), -ENODEV);
    assert_null(all);
    assert_int_equal(pci_sysfs_group(tree->root, 3, &all, &count, &error), -ENODEV);
    fake_folder(tree, "bus/pci/devices");
    assert_int_equal(pci_sysfs_list(tree->root, &all, &count, &error), 0);
    assert_int_equal(count, 0);
    free(all);
}

static void lists_by_address(void **state)
{
    static const char *const order[] = {"0000:00:00.0", "0000:00:00.1", "0000:00:1f.0",
                                        "0000:81:00.0", "ffff:00:00.0", "10000:00:00.0"};
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device *all;
    unsigned count;

    for (unsigned i = 6; i-- > 0;)
        fake_device(tree, order[i]);
    fake_file(tree, "bus/pci/devices/README", "");
    fake_link(tree, "bus/pci/devices/0000:82:00.0", "gone");
    assert_int_equal(pci_sysfs_list(tree->root, &all, &count, NULL), 0);
    assert_int_equal(count, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_string_equal(all[i].address, order[i]);
    free(all);
    fake_device_file(tree, order[2], "class", "?");
    assert_int_equal(pci_sysfs_list(tree->root, &all, &count, NULL), -EIO);
    assert_null(all);
}

static void lists_a_group(void **state)
{
    const struct fake_tree *tree = *state;
    struct pci_sysfs_device *all;
    unsigned count;

    fake_device(tree, "0000:04:02.0");
    fake_device(tree, "0000:04:01.0");
    fake_device(tree, NIC);
    fake_group(tree, "0000:04:02.0", 5);
    fake_group(tree, "0000:04:01.0", 5);
    fake_group(tree, NIC, 6);
    fake_file(tree, "kernel/iommu_groups/5/devices/serial8250", "");
    assert_int_equal(pci_sysfs_group(tree->root, 5, &all, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_string_equal(all[0].address, "0000:04:01.0");
    assert_int_equal(all[1].group, 5);
    free(all);
}

static void knows_who_leaves_a_group_viable(void **state)
{
    static const struct {
        const char *driver;
        bool is_bridge, viable;
    } members[] = {{"", false, true},
                   {"vfio-pci", false, true},
                   {"pci-stub", false, true},
                   {"mlx5_vfio_pci", false, true},
                   {"pcieport", true, true},
                   {"shpchp", true, false},
                   {"pcieport", false, false},
                   {"ixgbe", false, false},
                   {"", true, true}};

    (void)state;
    for (unsigned i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct pci_sysfs_device d = {.is_bridge = members[i].is_bridge};

        strcpy(d.driver, members[i].driver);
        assert_int_equal(pci_sysfs_member_viable(&d), members[i].viable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_addresses),
        cmocka_unit_test(refuses_addresses),
        cmocka_unit_test_setup_teardown(reads_a_plain_device, make, drop),
        cmocka_unit_test_setup_teardown(reads_all_that_a_device_has, make, drop),
        cmocka_unit_test_setup_teardown(tells_resets_apart, make, drop),
        cmocka_unit_test_setup_teardown(refuses_nonsense, make, drop),
        cmocka_unit_test_setup_teardown(refuses_a_huge_file, make, drop),
        cmocka_unit_test_setup_teardown(survives_odd_bars, make, drop),
        cmocka_unit_test_setup_teardown(survives_odd_links, make, drop),
        cmocka_unit_test_setup_teardown(misses_devices, make, drop),
        cmocka_unit_test_setup_teardown(lists_by_address, make, drop),
        cmocka_unit_test_setup_teardown(lists_a_group, make, drop),
        cmocka_unit_test(knows_who_leaves_a_group_viable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
