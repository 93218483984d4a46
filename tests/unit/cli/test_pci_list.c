// SPDX-License-Identifier: ISC
/* Names from pci.ids, the table and the JSON of penstock pci list, and strings in JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/cli/json.h"
#include "host/cli/pci_list.h"
#include "tests/unit/cli/fake_machine.h"

static const char ids[] = "# a comment\n"
                          "\n"
                          "0001  SafeNet (wrong ID)\n"
                          "8086  Intel Corporation\n"
                          "\t10fa  not this\n"
                          "# in between\n"
                          "\t10fb  82599ES 10-Gigabit SFI/SFP+ Network Connection\n"
                          "\t\t8086 0003  Ethernet Server Adapter X520-2\n"
                          "8087  Odd \x1b[2J one\n"
                          "\t10fc  another vendor's\n"
                          "C 02  Network controller\n"
                          "\t00  Ethernet controller\n"
                          "\t80  Network controller\n"
                          "C 03  Display controller";

static struct pci_name find(uint16_t vendor, uint16_t device, uint8_t class_code, uint8_t subclass)
{
    char text[sizeof(ids)];
    struct pci_names names = {text, sizeof(ids) - 1};
    struct pci_identity identity = {vendor, device, class_code, subclass, 0};
    struct pci_name name;

    memcpy(text, ids, sizeof(ids) - 1);
    pci_names_find(&names, &identity, &name);
    return name;
}

static void finds_names(void **state)
{
    struct pci_name name = find(0x8086, 0x10fb, 2, 0);

    (void)state;
    assert_string_equal(name.vendor, "Intel Corporation");
    assert_string_equal(name.device, "82599ES 10-Gigabit SFI/SFP+ Network Connection");
    assert_string_equal(name.class_name, "Ethernet controller");
}

static void finds_what_there_is(void **state)
{
    struct pci_name name = find(0x8086, 0x10fc, 2, 1); /* 10fc is 8087's, 02.01 has no name */

    (void)state;
    assert_string_equal(name.vendor, "Intel Corporation");
    assert_string_equal(name.device, "");
    assert_string_equal(name.class_name, "Network controller");
    name = find(0x1234, 0x10fb, 3, 0);
    assert_string_equal(name.vendor, "");
    assert_string_equal(name.device, "");
    assert_string_equal(name.class_name, "Display controller");
    name = find(0x8087, 0, 0xff, 0);
    assert_string_equal(name.vendor, "Odd ?[2J one");
    assert_string_equal(name.class_name, "");
}

/* Whatever stands in the file: cut anywhere, a long line, none at all. */
static void survives_any_list(void **state)
{
    struct fake_machine *machine = *state;
    struct pci_identity identity = {0x8086, 0x10fb, 2, 0, 0};
    struct pci_names names;
    struct pci_name name;
    char path[128], text[1024];

    snprintf(path, sizeof(path), "%s/pci.ids", machine->tree.root);
    machine->ids[0] = path;
    pci_names_open(&names, machine->ids);
    assert_null(names.text);
    pci_names_find(&names, &identity, &name);
    assert_string_equal(name.vendor, "");
    for (size_t cut = 0; cut < sizeof(ids); cut++) {
        snprintf(text, sizeof(text), "%.*s", (int)cut, ids);
        fake_file(&machine->tree, "pci.ids", text);
        pci_names_open(&names, machine->ids);
        pci_names_find(&names, &identity, &name);
        pci_names_close(&names);
    }
    memcpy(text, "8086  ", 6);
    for (size_t i = 6; i < 600; i += 2)
        memcpy(text + i, "\xc3\xa4", 3);
    fake_file(&machine->tree, "pci.ids", text);
    pci_names_open(&names, machine->ids);
    pci_names_find(&names, &identity, &name);
    pci_names_close(&names);
    assert_int_equal(strlen(name.vendor), 126); /* whole characters only */
}

static void writes_strings(void **state)
{
    static const char *const strings[][2] = {
        {"plain", "\"plain\""},
        {"\"quotes\" and \\", "\"\\\"quotes\\\" and \\\\\""},
        {"\n\x1b", "\"\\u000a\\u001b\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xc3", "\"\\ufffd\""},
        {"\xff\xc0\xaf.", "\"\\ufffd\\ufffd\\ufffd.\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"\xe2\x82", "\"\\ufffd\\ufffd\""},
    };
    char seen[128];

    (void)state;
    for (unsigned i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        FILE *out = fmemopen(seen, sizeof(seen), "w");

        json_string(out, strings[i][0]);
        fclose(out);
        assert_string_equal(seen, strings[i][1]);
    }
}

static char said[16384];

static int list(const struct fake_machine *machine, bool json, struct tender_error *error)
{
    FILE *out = fmemopen(said, sizeof(said), "w");
    int r;

    said[0] = 0;
    r = pci_cmd_list(out, &machine->host, json, error);
    fclose(out);
    return r;
}

static void assert_says(const char *what)
{
    if (!strstr(said, what))
        fail_msg("'%s' is not in:\n%s", what, said);
}

static void make_devices(struct fake_machine *machine)
{
    fake_machine_device(machine, "0000:00:1c.0", "pcieport", 1);
    fake_device_file(&machine->sys, "0000:00:1c.0", "class", "0x060400\n");
    fake_machine_device(machine, "0000:03:00.0", "ixgbe", 3);
    fake_device_file(&machine->sys, "0000:03:00.0", "reset", "");
    fake_device_file(&machine->sys, "0000:03:00.0", "reset_method", "flr bus\n");
    fake_device_file(&machine->sys, "0000:03:00.0", "numa_node", "1\n");
    fake_machine_device(machine, "0000:04:00.0", "vfio-pci", 4);
    fake_machine_device(machine, "0000:04:00.1", "e1000e", 4);
    fake_device(&machine->sys, "0000:05:00.0");
}

static void prints_a_table(void **state)
{
    struct fake_machine *machine = *state;
    struct tender_error error;

    make_devices(machine);
    assert_int_equal(list(machine, false, &error), 0);
    assert_string_equal(
        said,
        "ADDRESS       CLASS     NAME       DRIVER    GROUP  RESET    NUMA  BARS                   "
        "UNIKERNEL\n"
        "0000:00:1c.0  06.04.00  8086:10fb  pcieport  1      -        -     0:512K 2:4K(io) 4:16K  "
        "no: a bridge\n"
        "0000:03:00.0  02.00.00  8086:10fb  ixgbe     3      flr bus  1     0:512K 2:4K(io) 4:16K  "
        "yes\n"
        "0000:04:00.0  02.00.00  8086:10fb  vfio-pci  4      -        -     0:512K 2:4K(io) 4:16K  "
        "yes: together with 0000:04:00.1 (e1000e)\n"
        "0000:04:00.1  02.00.00  8086:10fb  e1000e    4      -        -     0:512K 2:4K(io) 4:16K  "
        "yes: without a reset of its own\n"
        "0000:05:00.0  02.00.00  8086:10fb  -         -      -        -     0:512K 2:4K(io) 4:16K  "
        "no: no IOMMU group\n");
}

static void prints_names(void **state)
{
    struct fake_machine *machine = *state;
    struct tender_error error;
    char path[128];

    snprintf(path, sizeof(path), "%s/pci.ids", machine->tree.root);
    machine->ids[0] = path;
    fake_file(&machine->tree, "pci.ids", ids);
    make_devices(machine);
    fake_device_file(&machine->sys, "0000:05:00.0", "device", "0x1234\n");
    assert_int_equal(list(machine, false, &error), 0);
    assert_says("Ethernet controller  82599ES 10-Gigabit SFI/SFP+ Network Co..  ixgbe ");
    assert_says("Ethernet controller  Intel Corporation 8086:1234  ");
    assert_int_equal(list(machine, true, &error), 0);
    assert_says("\"class_name\": \"Ethernet controller\", \"vendor_name\": \"Intel Corporation\", "
                "\"device_name\": \"82599ES 10-Gigabit SFI/SFP+ Network Connection\"");
}

static void knows_a_group_without_an_iommu(void **state)
{
    struct fake_machine *machine = *state;
    struct tender_error error;

    fake_machine_device(machine, "0000:04:00.0", "vfio-pci", 0);
    fake_file(&machine->sys, "kernel/iommu_groups/0/name", "vfio-noiommu\n");
    assert_int_equal(list(machine, false, &error), 0);
    assert_says("no: no IOMMU behind its group\n");
}

static void prints_json(void **state)
{
    struct fake_machine *machine = *state;
    struct tender_error error;

    make_devices(machine);
    fake_machine_class(machine, "0000:03:00.0", "net", "eth0");
    machine->addressed = "eth0";
    assert_int_equal(list(machine, true, &error), 0);
    assert_says("{\"address\": \"0000:03:00.0\", \"vendor\": 32902, \"device_id\": 4347, ");
    assert_says("\"driver\": \"ixgbe\", \"driver_override\": null, \"iommu_group\": 3, "
                "\"numa_node\": 1, \"has_reset\": true, \"reset_methods\": [\"flr\", \"bus\"]");
    assert_says("{\"index\": 2, \"start\": 49152, \"size\": 4096, \"io_port\": true, ");
    assert_says(
        "\"bound\": false, \"viable\": true, \"in_use\": \"eth0 has the address 192.0.2.1\", "
        "\"possible\": true, \"reason\": \"eth0 has the address 192.0.2.1: --force\"}");
    assert_says("\"bound\": true, \"viable\": false, \"in_use\": null, \"possible\": true, "
                "\"reason\": \"together with 0000:04:00.1 (e1000e)\"}");
}

static void a_machine_without_devices(void **state)
{
    struct fake_machine *machine = *state;
    struct tender_error error;

    assert_int_equal(list(machine, false, &error), -ENODEV);
    assert_non_null(strstr(error.text, "this kernel knows no PCI bus"));
    assert_string_equal(said, "");
    fake_folder(&machine->sys, "bus/pci/devices");
    assert_int_equal(list(machine, false, &error), 0);
    assert_string_equal(said, "This machine has no PCI devices.\n");
    assert_int_equal(list(machine, true, &error), 0);
    assert_string_equal(said, "{\"devices\": [\n]}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_machine_make, fake_machine_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names),
        cmocka_unit_test(finds_what_there_is),
        TEST(survives_any_list),
        cmocka_unit_test(writes_strings),
        TEST(prints_a_table),
        TEST(prints_names),
        TEST(knows_a_group_without_an_iommu),
        TEST(prints_json),
        TEST(a_machine_without_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
