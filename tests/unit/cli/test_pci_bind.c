// SPDX-License-Identifier: ISC
/* bind and unbind: the way there, the way back, and the way back from each point on the way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cli/pci_bind.h"
#include "tests/unit/cli/fake_machine.h"

#define NIC  "0000:03:00.0"
#define DISK "0000:04:00.0"

static int make(void **state)
{
    fake_machine_make(state);
    fake_machine_device(*state, NIC, "ixgbe", 3);
    fake_machine_device(*state, DISK, "nvme", 4);
    fake_device_file(&((struct fake_machine *)*state)->sys, DISK, "driver_override", "nvme\n");
    return 0;
}

static void assert_has(const struct fake_machine *machine, const char *address, const char *driver,
                       const char *override)
{
    struct pci_sysfs_device device;

    assert_int_equal(pci_sysfs_read(machine->sys.root, address, &device, NULL), 0);
    assert_string_equal(device.driver, driver);
    assert_string_equal(device.override, override);
}

static bool recorded(const struct fake_machine *machine, const char *address)
{
    return pci_host_exists("%s/%s", machine->host.records, address);
}

static void assert_untouched(const struct fake_machine *machine)
{
    assert_has(machine, NIC, "ixgbe", "");
    assert_has(machine, DISK, "nvme", "nvme");
    assert_false(recorded(machine, NIC) || recorded(machine, DISK));
}

/* What the last command said. */
static char said[2048];
static struct tender_error error;

enum way { BIND, FORCE, UNBIND };

static int go(struct fake_machine *machine, enum way way, const char *one, const char *other)
{
    char names[2][64], *list[2] = {names[0], names[1]};
    unsigned count = other ? 2 : 1;
    FILE *out = fmemopen(said, sizeof(said), "w");
    int r;

    snprintf(names[0], sizeof(names[0]), "%s", one);
    snprintf(names[1], sizeof(names[1]), "%s", other ? other : "");
    error.text[0] = said[0] = 0;
    r = way == UNBIND ? pci_cmd_unbind(out, &machine->host, list, count, &error)
                      : pci_cmd_bind(out, &machine->host, list, count, way == FORCE, &error);
    fclose(out);
    return r;
}

static void assert_refused(struct fake_machine *machine, enum way way, const char *name, int code,
                           const char *message)
{
    assert_int_equal(go(machine, way, name, NULL), code);
    if (!strstr(error.text, message))
        fail_msg("'%s' does not say '%s'", error.text, message);
    assert_string_equal(said, "");
}

static void there_and_back(void **state)
{
    struct fake_machine *machine = *state;

    assert_int_equal(go(machine, BIND, "03:00.0", DISK), 0);
    assert_string_equal(said, NIC ": from ixgbe to vfio-pci (/dev/vfio/3)\n" DISK
                                  ": from nvme to vfio-pci (/dev/vfio/4)\n");
    assert_has(machine, NIC, "vfio-pci", "vfio-pci");
    assert_has(machine, DISK, "vfio-pci", "vfio-pci");
    assert_true(recorded(machine, NIC) && recorded(machine, DISK));
    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    assert_string_equal(said, NIC ": vfio-pci has it already (/dev/vfio/3)\n");
    assert_int_equal(go(machine, UNBIND, DISK, NIC), 0);
    assert_string_equal(said, DISK ": from vfio-pci to nvme\n" NIC ": from vfio-pci to ixgbe\n");
    assert_untouched(machine);
}

static void a_device_without_a_driver(void **state)
{
    struct fake_machine *machine = *state;

    machine->chosen = "ixgbe"; /* the kernel would have one for it */
    fake_machine_device(machine, "0000:05:00.0", "", 5);
    assert_int_equal(go(machine, BIND, "05:00.0", NULL), 0);
    assert_string_equal(said, "0000:05:00.0: from no driver to vfio-pci (/dev/vfio/5)\n");
    assert_int_equal(go(machine, UNBIND, "05:00.0", NULL), 0);
    assert_has(machine, "0000:05:00.0", "", "");
}

/* Each write of a bind of two fails once, in each way; all is as it was then. */
static void every_failure_is_taken_back(void **state)
{
    struct fake_machine *machine = *state;
    static const int failures[] = {-EIO, -ENODEV, -ETIMEDOUT};

    for (unsigned i = 0; i < 18; i++) {
        machine->writes = 0;
        machine->fails_from = machine->fails_to = 1 + i % 6;
        machine->failure = failures[i / 6];
        assert_int_equal(go(machine, BIND, NIC, DISK), failures[i / 6]);
        assert_non_null(strstr(error.text, i % 6 < 3 ? NIC : DISK));
        assert_null(strstr(error.text, "; and "));
        assert_string_equal(said, "");
        assert_untouched(machine);
    }
}

/* The kernel takes nothing any more, from some write on; unbind mends it later. */
static void what_cannot_be_taken_back_is_said(void **state)
{
    struct fake_machine *machine = *state;

    for (unsigned from = 2; from <= 6; from++) {
        machine->writes = 0;
        machine->fails_from = from;
        machine->fails_to = 100;
        machine->failure = -EIO;
        assert_int_equal(go(machine, BIND, NIC, DISK), -EIO);
        assert_non_null(strstr(error.text, "; and " NIC ": "));
        assert_true(recorded(machine, NIC));
        machine->fails_from = machine->fails_to = 0;
        assert_int_equal(go(machine, UNBIND, NIC, recorded(machine, DISK) ? DISK : NULL), 0);
        assert_untouched(machine);
    }
}

/* As if bind had been killed: the record is there, and a part of the changes. */
static void unbind_finishes_what_was_interrupted(void **state)
{
    struct fake_machine *machine = *state;
    struct pci_record record = {.vendor = 0x8086, .device = 0x10fb, .driver = "ixgbe"};

    assert_int_equal(go(machine, BIND, DISK, NULL), 0); /* makes the folder */
    assert_int_equal(go(machine, UNBIND, DISK, NULL), 0);
    for (unsigned step = 1; step < 3; step++) {
        assert_int_equal(pci_record_save(&machine->host, NIC, &record, &error), 0);
        fake_device_file(&machine->sys, NIC, "driver_override", "vfio-pci\n");
        if (step == 2)
            fake_drop(&machine->sys, "bus/pci/devices/" NIC "/driver");
        assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
        assert_untouched(machine);
    }
}

/* A second bind must not take what the first one wrote for what was there before. */
static void bind_finishes_what_was_interrupted(void **state)
{
    struct fake_machine *machine = *state;
    struct pci_record record = {.vendor = 0x8086, .device = 0x10fb, .driver = "ixgbe"};

    assert_int_equal(go(machine, BIND, DISK, NULL), 0);
    assert_int_equal(go(machine, UNBIND, DISK, NULL), 0);
    assert_int_equal(pci_record_save(&machine->host, NIC, &record, &error), 0);
    fake_device_file(&machine->sys, NIC, "driver_override", "vfio-pci\n");
    fake_drop(&machine->sys, "bus/pci/devices/" NIC "/driver");
    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
    assert_untouched(machine);
}

static void an_old_record_counts_for_nothing(void **state)
{
    struct fake_machine *machine = *state;
    struct pci_record record = {.vendor = 0x8086, .device = 0x10fb, .driver = "old"};

    assert_int_equal(go(machine, BIND, DISK, NULL), 0);
    assert_int_equal(go(machine, UNBIND, DISK, NULL), 0);
    assert_int_equal(pci_record_save(&machine->host, NIC, &record, &error), 0);
    assert_refused(machine, UNBIND, NIC, -ENODEV,
                   "is not bound to vfio-pci: it has the driver ixgbe");
    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
    assert_untouched(machine);
}

static void without_a_record_the_kernel_chooses(void **state)
{
    struct fake_machine *machine = *state;

    fake_driver(&machine->sys, NIC, "vfio-pci");
    fake_device_file(&machine->sys, NIC, "driver_override", "vfio-pci\n");
    machine->chosen = "ixgbe";
    assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
    assert_string_equal(said, NIC ": from vfio-pci to ixgbe, which the kernel chose (penstock had "
                                  "not bound it)\n");
    assert_untouched(machine);
    fake_driver(&machine->sys, NIC, "vfio-pci"); /* vfio-pci.ids= */
    machine->chosen = "vfio-pci";
    assert_refused(machine, UNBIND, NIC, -EBUSY, "the kernel gave it to vfio-pci again");
}

static void a_record_of_another_device(void **state)
{
    struct fake_machine *machine = *state;

    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    fake_device_file(&machine->sys, NIC, "device", "0x1533\n");
    machine->chosen = "igb";
    assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
    assert_has(machine, NIC, "igb", "");
}

static void a_driver_that_is_gone(void **state)
{
    struct fake_machine *machine = *state;

    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    fake_drop(&machine->sys, "bus/pci/drivers/ixgbe");
    assert_refused(machine, UNBIND, NIC, -ENODEV, "its driver ixgbe is gone");
    assert_has(machine, NIC, "", "");
    machine->chosen = "ixgbe"; /* modprobe ixgbe */
    assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
    assert_untouched(machine);
}

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void records_that_make_no_sense(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "vendor 8086\n",
        "vendor 8086\ndevice 10fb\ndriver ../../x\noverride \n",
        "vendor 8086\ndevice 10fb\ndriver ixgbe\noverride \nmore\n",
        "vendor zz\ndevice 10fb\ndriver ixgbe\noverride \n",
        ("vendor 8086\ndevice 10fb\ndriver " LONG "\noverride \n"),
    };
    struct fake_machine *machine = *state;

    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fake_file(&machine->tree, "run/pci/" NIC, bad[i]);
        assert_refused(machine, UNBIND, NIC, -EINVAL, "/run/pci/" NIC ": not what penstock");
        assert_has(machine, NIC, "vfio-pci", "vfio-pci");
    }
}

static void refuses_names(void **state)
{
    struct fake_machine *machine = *state;

    assert_refused(machine, BIND, "eth0", -EINVAL, "'eth0' is not the address of a PCI device");
    assert_refused(machine, UNBIND, "09:00.0", -ENODEV,
                   "0000:09:00.0: there is no such PCI device");
    assert_int_equal(go(machine, BIND, NIC, "03:00.0"), -EINVAL);
    assert_string_equal(error.text, NIC " is named twice");
    assert_int_equal(go(machine, BIND, NIC, "09:00.0"), -ENODEV);
    assert_int_equal(machine->writes, 0);
    assert_untouched(machine);
}

static void refuses_devices(void **state)
{
    struct fake_machine *machine = *state;

    fake_machine_device(machine, "0000:00:1c.0", "pcieport", 1);
    fake_device_file(&machine->sys, "0000:00:1c.0", "class", "0x060400\n");
    assert_refused(machine, BIND, "00:1c.0", -EINVAL, "is a bridge");
    fake_device(&machine->sys, "0000:05:00.0");
    assert_refused(machine, BIND, "05:00.0", -ENOTSUP, "without an IOMMU");
    machine->loadable = false;
    assert_refused(machine, BIND, NIC, -ENOTSUP,
                   "no driver vfio-pci, and modprobe vfio-pci failed");
    assert_int_equal(machine->writes, 0);
    assert_untouched(machine);
}

static void refuses_what_is_in_use(void **state)
{
    struct fake_machine *machine = *state;

    fake_machine_class(machine, NIC, "net", "eth0");
    machine->addressed = "eth0";
    assert_refused(machine, BIND, NIC, -EBUSY, NIC " is in use: eth0 has the address 192.0.2.1");
    assert_int_equal(go(machine, BIND, DISK, NIC), -EBUSY);
    assert_int_equal(machine->writes, 0);
    assert_untouched(machine);
    assert_int_equal(go(machine, FORCE, NIC, NULL), 0);
    assert_has(machine, NIC, "vfio-pci", "vfio-pci");
}

static void refuses_to_take_it_from_a_tender(void **state)
{
    struct fake_machine *machine = *state;
    char target[128];

    assert_int_equal(go(machine, BIND, NIC, DISK), 0);
    machine->writes = 0;
    snprintf(target, sizeof(target), "%s/vfio/4", machine->host.dev);
    fake_link(&machine->tree, "proc/12/fd/5", target);
    fake_file(&machine->tree, "proc/12/comm", "penstock-spt\n");
    assert_int_equal(go(machine, UNBIND, NIC, DISK), -EBUSY);
    assert_string_equal(error.text,
                        DISK " is in use: penstock-spt (process 12) has IOMMU group 4 open");
    assert_int_equal(machine->writes, 0);
    assert_has(machine, NIC, "vfio-pci", "vfio-pci");
}

/* One that does not go back does not keep the other. */
static void unbind_goes_on(void **state)
{
    struct fake_machine *machine = *state;

    assert_int_equal(go(machine, BIND, NIC, DISK), 0);
    machine->writes = 0;
    machine->fails_from = machine->fails_to = 2;
    machine->failure = -ETIMEDOUT;
    assert_int_equal(go(machine, UNBIND, NIC, DISK), -ETIMEDOUT);
    assert_non_null(strstr(error.text, NIC ": vfio-pci does not let it go: the kernel"));
    assert_string_equal(said, DISK ": from vfio-pci to nvme\n");
    assert_true(recorded(machine, NIC));
    assert_int_equal(go(machine, UNBIND, NIC, NULL), 0);
    assert_untouched(machine);
}

static void names_the_group(void **state)
{
    struct fake_machine *machine = *state;

    fake_machine_device(machine, "0000:03:00.1", "e1000e", 3);
    fake_machine_device(machine, "0000:02:01.0", "shpchp", 3);
    fake_device_file(&machine->sys, "0000:02:01.0", "class", "0x060400\n");
    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
    assert_non_null(strstr(said,
                           NIC ": cannot be used yet: 0000:03:00.1 of its IOMMU group has the "
                               "driver e1000e; to bind it as well: penstock pci bind "
                               "0000:03:00.1\n"));
    assert_non_null(strstr(said, "to take it away: echo 0000:02:01.0 > "));
}

static void another_penstock_is_at_work(void **state)
{
    struct fake_machine *machine = *state;
    int lock = pci_record_lock(&machine->host, &error);

    assert_true(lock >= 0);
    assert_refused(machine, BIND, NIC, -EBUSY, "/lock: another penstock pci is at work");
    assert_untouched(machine);
    close(lock);
    assert_int_equal(go(machine, BIND, NIC, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, fake_machine_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_and_back),
        TEST(a_device_without_a_driver),
        TEST(every_failure_is_taken_back),
        TEST(what_cannot_be_taken_back_is_said),
        TEST(unbind_finishes_what_was_interrupted),
        TEST(bind_finishes_what_was_interrupted),
        TEST(an_old_record_counts_for_nothing),
        TEST(without_a_record_the_kernel_chooses),
        TEST(a_record_of_another_device),
        TEST(a_driver_that_is_gone),
        TEST(records_that_make_no_sense),
        TEST(refuses_names),
        TEST(refuses_devices),
        TEST(refuses_what_is_in_use),
        TEST(refuses_to_take_it_from_a_tender),
        TEST(unbind_goes_on),
        TEST(names_the_group),
        TEST(another_penstock_is_at_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
