// SPDX-License-Identifier: ISC
/* penstock pci check: each thing that can be missing, and what it says then. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cli/pci_check.h"
#include "tests/unit/cli/fake_machine.h"

#define NIC "0000:03:00.0"

/* A machine that lacks nothing, with a device that is bound. */
static int make(void **state)
{
    struct fake_machine *machine;
    struct fake_tree *sys, *tree;

    fake_machine_make(state);
    machine = *state;
    sys = &machine->sys;
    tree = &machine->tree;
    fake_machine_device(machine, NIC, "vfio-pci", 3);
    fake_device_file(sys, NIC, "reset", "");
    fake_device_file(sys, NIC, "reset_method", "flr\n");
    fake_folder(sys, "class/iommu/dmar0");
    fake_folder(sys, "module/vfio_iommu_type1");
    fake_file(sys, "firmware/acpi/tables/DMAR", "");
    fake_file(sys, "kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
    fake_file(sys, "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "60\n");
    fake_file(tree, "proc/cmdline", "root=/dev/sda1 intel_iommu=on quiet\n");
    fake_file(tree, "proc/interrupts", "  0:  398  IR-IO-APIC   2-edge  timer\n");
    fake_file(tree, "dev/vfio/vfio", "");
    fake_file(tree, "dev/vfio/3", "");
    fake_file(tree, "dev/kvm", "");
    return 0;
}

static char said[8192];
static struct tender_error error;

static int check(const struct fake_machine *machine, const char *device, bool json)
{
    FILE *out = fmemopen(said, sizeof(said), "w");
    int r;

    said[0] = error.text[0] = 0;
    r = pci_cmd_check(out, &machine->host, device, json, &error);
    fclose(out);
    return r;
}

static void assert_line(const struct fake_machine *machine, int status, const char *line)
{
    assert_int_equal(check(machine, NIC, false), status);
    if (!strstr(said, line))
        fail_msg("'%s' is not in:\n%s", line, said);
}

static void lacks_nothing(void **state)
{
    struct fake_machine *machine = *state;

    assert_int_equal(check(machine, NIC, false), 0);
    for (const char *line = said; *line; line = strchr(line, '\n') + 1)
        assert_memory_equal(line, "ok       ", 9);
    assert_non_null(strstr(said, "dmar0; 1 groups"));
    assert_int_equal(check(machine, NIC, true), 0);
    assert_memory_equal(said, "{\"ok\": true, \"device\": \"" NIC "\", \"checks\": [", 47);
    assert_null(strstr(said, "missing"));
    assert_int_equal(check(machine, NULL, true), 0);
    assert_non_null(strstr(said, "\"device\": null"));
}

static void no_iommu(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "class/iommu/dmar0");
    fake_drop(&machine->sys, "kernel/iommu_groups");
    assert_line(machine, 1, "missing  iommu               the machine has one (DMAR), the kernel");
    assert_line(machine, 1, "ok       command-line        nothing there against an IOMMU\n");
    fake_file(&machine->tree, "proc/cmdline", "intel_iommu=one quiet\n");
    assert_line(machine, 1,
                "missing  command-line        intel_iommu=on is not there; to mend it: ");
    fake_file(&machine->tree, "proc/cmdline", "quiet intel_iommu=off\n");
    assert_line(machine, 1,
                "missing  command-line        intel_iommu=off; to mend it: remove that");
    fake_drop(&machine->sys, "firmware");
    assert_line(machine, 1, "missing  iommu               this machine shows none; to mend it: ");
}

static void no_interrupt_remapping(void **state)
{
    struct fake_machine *machine = *state;

    fake_file(&machine->tree, "proc/interrupts", "  0:  398  IO-APIC   2-edge  timer\n");
    assert_line(machine, 1, "missing  interrupt-remapping off: vfio refuses devices then");
    fake_file(&machine->sys, "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
    assert_line(machine, 0, "note     interrupt-remapping off, and allowed to be");
    fake_drop(&machine->sys, "class/iommu/dmar0");
    fake_folder(&machine->sys, "class/iommu/smmu3.0x09050000");
    assert_int_equal(check(machine, NIC, false), 0); /* there is no such thing to switch on */
    assert_null(strstr(said, "interrupt-remapping"));
}

static void no_vfio(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "bus/pci/drivers/vfio-pci");
    assert_line(machine, 1, "missing  vfio-pci            this kernel has no such driver");
    fake_file(&machine->tree, "modules/modules.dep",
              "kernel/a/not-vfio-pci.ko.xz:\nkernel/vfio/pci/vfio-pci-core.ko.xz:\n");
    assert_line(machine, 1, "missing  vfio-pci            this kernel has no such driver");
    fake_file(
        &machine->tree, "modules/modules.dep",
        "kernel/a.ko: kernel/vfio/x.ko\nkernel/vfio/pci/vfio-pci.ko.xz: kernel/vfio/vfio.ko\n");
    assert_line(machine, 1,
                "missing  vfio-pci            not loaded (penstock pci bind loads it); to "
                "mend it: modprobe vfio-pci\n");
}

static void no_vfio_iommu(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "module");
    assert_line(machine, 1,
                "missing  vfio-iommu          this kernel has neither type1 nor iommufd");
    fake_file(&machine->tree, "modules/modules.dep", "vfio_iommu_type1.ko: vfio.ko\n");
    assert_line(machine, 1, "to mend it: modprobe vfio_iommu_type1\n");
    fake_file(&machine->tree, "dev/iommu", "");
    assert_line(machine, 0, "ok       vfio-iommu          iommufd\n");
    fake_drop(&machine->tree, "dev/vfio/vfio");
    assert_line(machine, 0, "/iommu can be opened\n");
    fake_drop(&machine->tree, "dev/iommu");
    assert_line(machine, 1, "vfio/vfio: No such file or directory; to mend it: see vfio-pci\n");
}

static void little_memory(void **state)
{
    struct fake_machine *machine = *state;

    fake_file(&machine->sys, "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
    assert_line(machine, 0,
                "note     hugepages           64 of 2 MiB, none free: DMA memory in 4 KiB "
                "pages; to mend it: sysctl -w vm.nr_hugepages=64\n");
    fake_file(&machine->sys, "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "many\n");
    assert_line(machine, 0, "note     hugepages           none of 2 MiB in this kernel");
    machine->host.memlock = 8 << 20;
    assert_line(machine, 1, "missing  memlock             8 MiB may be locked: too little");
    machine->host.memlock = 64 << 20;
    assert_line(machine, 0, "ok       memlock             64 MiB may be locked\n");
}

static void no_kvm(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->tree, "dev/kvm");
    assert_line(machine, 0, "note     kvm                 ");
}

static void not_bound(void **state)
{
    struct fake_machine *machine = *state;

    fake_driver(&machine->sys, NIC, "ixgbe");
    assert_line(machine, 1,
                "missing  bound               ixgbe has it; to mend it: penstock pci bind " NIC
                "\n");
    assert_null(strstr(said, "access"));
    fake_machine_class(machine, NIC, "net", "eth0");
    machine->addressed = "eth0";
    assert_line(machine, 1,
                "ixgbe has it, and it is in use: eth0 has the address 192.0.2.1; to mend "
                "it: penstock pci bind " NIC " --force\n");
    fake_drop(&machine->sys, "bus/pci/devices/" NIC "/driver");
    machine->addressed = NULL;
    assert_line(machine, 1,
                "missing  bound               no driver; to mend it: penstock pci bind");
}

static void group_is_not_viable(void **state)
{
    struct fake_machine *machine = *state;

    fake_machine_device(machine, "0000:03:00.1", "ixgbe", 3);
    fake_machine_device(machine, "0000:03:00.2", "igb", 3);
    assert_int_equal(check(machine, NIC, false), 1);
    assert_non_null(
        strstr(said, "missing  group               IOMMU group 3 also holds 0000:03:00."));
    assert_non_null(strstr(said, "to mend it: penstock pci bind 0000:03:00."));
}

static void no_reset_and_no_access(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "bus/pci/devices/" NIC "/reset");
    assert_line(machine, 0, "note     reset               none of its own");
    fake_drop(&machine->tree, "dev/vfio/3");
    assert_line(machine, 1, "/vfio/3: No such file or directory; to mend it: chown USER ");
}

static void access_through_the_devices_own_file(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->tree, "dev/vfio/3");
    fake_folder(&machine->sys, "bus/pci/devices/" NIC "/vfio-dev/vfio0");
    fake_file(&machine->tree, "dev/vfio/devices/vfio0", "");
    assert_line(machine, 1, "missing  access "); /* without /dev/iommu of no use */
    fake_file(&machine->tree, "dev/iommu", "");
    assert_line(machine, 0, "/vfio/devices/vfio0 can be opened\n");
}

static void no_group(void **state)
{
    struct fake_machine *machine = *state;

    fake_drop(&machine->sys, "bus/pci/devices/" NIC "/iommu_group");
    assert_line(machine, 1,
                "missing  group               no IOMMU group; to mend it: see iommu above\n");
    assert_null(strstr(said, "bound"));
}

static void no_such_device(void **state)
{
    assert_int_equal(check(*state, "0000:09:00.0", false), -ENODEV);
    assert_string_equal(error.text, "0000:09:00.0: there is no such PCI device");
    assert_int_equal(check(*state, "eth0", true), -EINVAL);
    assert_string_equal(said, "");
}

/* A write to sysfs that the kernel sits on: a FIFO that nobody reads. */
static void writes_with_a_deadline(void **state)
{
    struct fake_machine *machine = *state;
    char path[128], text[16] = "";
    int fd;

    snprintf(path, sizeof(path), "%s/fifo", machine->tree.root);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pci_host_write(&machine->host, path, "x"), -ETIMEDOUT);
    snprintf(path, sizeof(path), "%s/none", machine->tree.root);
    assert_int_equal(pci_host_write(&machine->host, path, "x"), -ENOENT);
    assert_int_equal(pci_host_write(&machine->host, "/dev/full", "x"), -ENOSPC);
    fake_file(&machine->tree, "none", "");
    assert_int_equal(pci_host_write(&machine->host, path, "vfio-pci"), 0);
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof(text) - 1), 8);
    assert_string_equal(text, "vfio-pci");
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, fake_machine_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lacks_nothing),
        TEST(no_iommu),
        TEST(no_interrupt_remapping),
        TEST(no_vfio),
        TEST(no_vfio_iommu),
        TEST(little_memory),
        TEST(no_kvm),
        TEST(not_bound),
        TEST(group_is_not_viable),
        TEST(no_reset_and_no_access),
        TEST(access_through_the_devices_own_file),
        TEST(no_group),
        TEST(no_such_device),
        TEST(writes_with_a_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
