// SPDX-License-Identifier: ISC
/* What makes a card or a disk one that the machine uses, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cli/pci_use.h"
#include "tests/unit/cli/fake_machine.h"

#define DEVICE "0000:03:00.0"
#define OTHER  "0000:04:00.0"

/* Why DEVICE is in use, or NULL. */
static const char *use(struct fake_machine *machine, bool claim)
{
    static char reason[PCI_REASON_SIZE];
    struct pci_sysfs_device device;

    assert_int_equal(pci_sysfs_read(machine->sys.root, DEVICE, &device, NULL), 0);
    return pci_in_use(&machine->host, &device, claim, reason) ? reason : NULL;
}

static void assert_use(struct fake_machine *machine, const char *reason)
{
    const char *seen = use(machine, false);

    if (!reason)
        assert_null(seen);
    else {
        assert_non_null(seen);
        assert_string_equal(seen, reason);
    }
}

static int card(void **state)
{
    fake_machine_make(state);
    fake_machine_device(*state, DEVICE, "ixgbe", 1);
    fake_machine_device(*state, OTHER, "ixgbe", 2);
    fake_machine_class(*state, DEVICE, "net", "eth0");
    fake_machine_class(*state, OTHER, "net", "eth1");
    return 0;
}

static int disk(void **state)
{
    struct fake_machine *machine;

    fake_machine_make(state);
    machine = *state;
    fake_machine_device(machine, DEVICE, "nvme", 1);
    fake_machine_device(machine, OTHER, "nvme", 2);
    fake_machine_class(machine, DEVICE, "block", "nvme0n1");
    fake_machine_class(machine, DEVICE, "block", "nvme0n1p2");
    fake_machine_class(machine, OTHER, "block", "nvme1n1");
    fake_file(&machine->sys, "class/block/nvme0n1/dev", "259:0\n");
    fake_file(&machine->sys, "class/block/nvme0n1p2/dev", "259:2\n");
    fake_file(&machine->sys, "class/block/nvme1n1/dev", "259:20\n");
    return 0;
}

static void idle_card(void **state)
{
    struct fake_machine *machine = *state;

    fake_file(&machine->sys, "class/net/eth0/flags", "0x1003\n");
    fake_file(&machine->tree, "proc/net/route", "Iface\tDestination\neth1\t00000000\n");
    fake_file(&machine->tree, "proc/net/ipv6_route",
              "fe800000000000000000000000000000 40 0 00 0 00000100 1 0 00000001     eth0\n"
              "ff000000000000000000000000000000 08 0 00 0 00000100 1 0 00000001     eth0\n"
              "20010db8000000000000000000000000 40 0 00 0 00000100 1 0 00000001     eth1\n");
    machine->addressed = "eth1";
    assert_use(machine, NULL);
}

static void card_with_address(void **state)
{
    ((struct fake_machine *)*state)->addressed = "eth0";
    assert_use(*state, "eth0 has the address 192.0.2.1");
}

static void card_with_route(void **state)
{
    struct fake_machine *machine = *state;

    fake_file(&machine->tree, "proc/net/route", "Iface\tDestination\neth0\t00000000\n");
    assert_use(machine, "eth0 has a route");
    fake_file(&machine->tree, "proc/net/route", "Iface\tDestination\nffth0\t00000000\n");
    assert_use(machine, NULL);
    fake_file(&machine->tree, "proc/net/ipv6_route",
              "20010db8000000000000000000000000 40 0 00 0 00000100 1 0 00000001     eth0\n");
    assert_use(machine, "eth0 has a route");
}

static void card_below_a_vlan(void **state)
{
    struct fake_machine *machine = *state;

    fake_link(&machine->sys, "class/net/eth0/upper_bond0", "../bond0");
    fake_link(&machine->sys, "class/net/bond0/upper_bond0.5", "../bond0.5");
    fake_link(&machine->sys, "class/net/bond0.5/upper_eth0", "../eth0"); /* never ends */
    assert_use(machine, NULL);
    machine->addressed = "bond0.5";
    assert_use(machine, "bond0.5 has the address 192.0.2.1");
}

static void card_in_a_bridge(void **state)
{
    struct fake_machine *machine = *state;

    fake_link(&machine->sys, "class/net/eth0/master", "../br0");
    fake_file(&machine->sys, "class/net/eth0/flags", "0x1002\n");
    assert_use(machine, NULL);
    fake_file(&machine->sys, "class/net/eth0/flags", "0x1003\n");
    assert_use(machine, "eth0 belongs to br0 and is up");
}

static void card_in_another_namespace(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "class/net/eth0");
    fake_folder(&machine->sys, "bus/pci/devices/" DEVICE "/net");
    assert_use(machine, "its interface is in another network namespace");
}

static void card_with_virtual_functions(void **state)
{
    struct fake_machine *machine = *state;

    fake_device_file(&machine->sys, DEVICE, "sriov_numvfs", "0\n");
    assert_use(machine, NULL);
    fake_device_file(&machine->sys, DEVICE, "sriov_numvfs", "4\n");
    assert_use(machine, "it has 4 virtual functions");
}

#define ROOT "21 1 259:20 / / rw shared:1 - ext4 /dev/nvme1n1 rw\n"

static void idle_disk(void **state)
{
    struct fake_machine *machine = *state;

    assert_use(machine, NULL); /* without /proc as well */
    fake_folder(&machine->sys, "class/block/nvme0n1/holders");
    fake_file(&machine->tree, "proc/self/mountinfo",
              ROOT "22 21 0:5 / /dev rw - devtmpfs udev rw\n"
                   "23 21 259:200 / /x rw - ext4 /dev/nvme0n10 rw\nodd\n\n1 2 3\n");
    fake_file(&machine->tree, "proc/swaps", "Filename Type\n/dev/nvme1n1 partition 1 0 -2\n");
    fake_folder(&machine->sys, "fs/btrfs/uuid/devices/nvme1n1");
    assert_use(machine, NULL);
}

static void mounted_disk(void **state)
{
    struct fake_machine *machine = *state;

    fake_file(&machine->tree, "proc/self/mountinfo",
              ROOT "30 21 259:2 / /srv\\040x rw,noatime shared:2 master:3 - ext4 /dev/root rw\n");
    assert_use(machine, "nvme0n1p2 is mounted on /srv\\040x");
    fake_file(&machine->tree, "proc/self/mountinfo",
              ROOT "30 21 0:44 / /b rw - btrfs /dev/nvme0n1 rw\n");
    assert_use(machine, "nvme0n1 is mounted on /b");
}

static void swapped_disk(void **state)
{
    struct fake_machine *machine = *state;

    fake_file(&machine->tree, "proc/swaps", "Filename\n/dev/nvme0n1p2   partition 8 0 -2\n");
    assert_use(machine, "nvme0n1p2 is used as swap");
}

static void held_disk(void **state)
{
    struct fake_machine *machine = *state;

    fake_folder(&machine->sys, "class/block/nvme0n1p2/holders/dm-3");
    assert_use(machine, "nvme0n1p2 is held by dm-3");
}

static void disk_of_a_btrfs(void **state)
{
    struct fake_machine *machine = *state;

    fake_folder(&machine->sys, "fs/btrfs/features");
    fake_folder(&machine->sys, "fs/btrfs/8c1d/devices/nvme0n1");
    assert_use(machine, "nvme0n1 is part of the btrfs 8c1d");
}

/* The disk is the subsystem's, the controller the device's. */
static void disk_behind_multipath(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "class/block/nvme0n1");
    fake_drop(&machine->sys, "class/block/nvme0n1p2");
    fake_machine_class(machine, DEVICE, "nvme", "nvme0");
    fake_folder(&machine->sys, "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1");
    fake_link(&machine->sys, "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0",
              "../../../../class/nvme/nvme0");
    fake_link(&machine->sys, "class/block/nvme0n1p1",
              "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1");
    fake_file(&machine->tree, "proc/swaps", "Filename\n/dev/nvme0n1p1 partition 8 0 -2\n");
    assert_use(machine, "nvme0n1p1 is used as swap");
    fake_link(&machine->sys, "class/nvme/nvme0", "../../bus/pci/devices/" OTHER);
    fake_folder(&machine->sys, "bus/pci/devices/" OTHER);
    assert_use(machine, NULL);
}

/* Claiming is asked of a device's file only when wanted, and a file that is not there is no claim.
 */
static void claims_only_if_asked(void **state)
{
    struct fake_machine *machine = *state;
    struct stat before, after;
    char path[128];

    assert_null(use(machine, true));
    fake_file(&machine->tree, "dev/nvme0n1", "");
    snprintf(path, sizeof(path), "%s/dev/nvme0n1", machine->tree.root);
    assert_int_equal(stat(path, &before), 0);
    assert_null(use(machine, true));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void held_by_a_process(void **state)
{
    struct fake_machine *machine = *state;
    struct pci_sysfs_device device;
    char reason[PCI_REASON_SIZE], target[128];

    assert_int_equal(pci_sysfs_read(machine->sys.root, DEVICE, &device, NULL), 0);
    assert_false(pci_vfio_held(&machine->host, &device, reason));
    snprintf(target, sizeof(target), "%s/vfio/11", machine->host.dev); /* another group */
    fake_link(&machine->tree, "proc/77/fd/3", target);
    fake_file(&machine->tree, "proc/77/comm", "penstock-hvt\n");
    assert_false(pci_vfio_held(&machine->host, &device, reason));
    snprintf(target, sizeof(target), "%s/vfio/1", machine->host.dev);
    fake_link(&machine->tree, "proc/77/fd/4", target);
    assert_true(pci_vfio_held(&machine->host, &device, reason));
    assert_string_equal(reason, "penstock-hvt (process 77)");
    snprintf(target, sizeof(target), "%s/vfio/devices/vfio9", machine->host.dev);
    fake_link(&machine->tree, "proc/77/fd/4", target);
    assert_false(pci_vfio_held(&machine->host, &device, reason));
    fake_folder(&machine->sys, "bus/pci/devices/" DEVICE "/vfio-dev/vfio9");
    assert_true(pci_vfio_held(&machine->host, &device, reason));
}

#define TEST(setup, name) cmocka_unit_test_setup_teardown(name, setup, fake_machine_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(card, idle_card),
        TEST(card, card_with_address),
        TEST(card, card_with_route),
        TEST(card, card_below_a_vlan),
        TEST(card, card_in_a_bridge),
        TEST(card, card_in_another_namespace),
        TEST(card, card_with_virtual_functions),
        TEST(disk, idle_disk),
        TEST(disk, mounted_disk),
        TEST(disk, swapped_disk),
        TEST(disk, held_disk),
        TEST(disk, disk_of_a_btrfs),
        TEST(disk, disk_behind_multipath),
        TEST(disk, claims_only_if_asked),
        TEST(disk, held_by_a_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
