// SPDX-License-Identifier: ISC
/* emu/config.c as a driver sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "toy.h"

static int setup(void **state)
{
    *state = toy_create();
    return 0;
}

static int teardown(void **state)
{
    toy_destroy(*state);
    return 0;
}

static void write32(struct toy *toy, unsigned offset, uint32_t value)
{
    emu_config_write(&toy->dev.config, offset, 4, (const uint8_t *)&value);
}

static uint32_t get(struct toy *toy, unsigned offset, unsigned size)
{
    return emu_config_get(&toy->dev.config, offset, size);
}

static void identity(void **state)
{
    struct toy *toy = *state;

    assert_int_equal(get(toy, PCI_VENDOR_ID, 4), 0x56781234);
    assert_int_equal(get(toy, PCI_CLASS_REVISION, 4), 0x02000001);
    assert_int_equal(get(toy, PCI_SUBSYSTEM_VENDOR_ID, 4), 0xdef09abc);
    assert_int_equal(get(toy, PCI_HEADER_TYPE, 1), 0);
    write32(toy, PCI_VENDOR_ID, 0xffffffff);
    write32(toy, PCI_CLASS_REVISION, 0);
    assert_int_equal(get(toy, PCI_VENDOR_ID, 4), 0x56781234);
    assert_int_equal(get(toy, PCI_CLASS_REVISION, 4), 0x02000001);
}

/* PCI 3.0, 6.2.5.1: all ones written, the size read back. */
static void bar_sizing(void **state)
{
    struct toy *toy = *state;

    assert_int_equal(get(toy, PCI_BASE_ADDRESS_0, 4), 0xc);
    write32(toy, PCI_BASE_ADDRESS_0, 0xffffffff);
    write32(toy, PCI_BASE_ADDRESS_1, 0xffffffff);
    write32(toy, PCI_BASE_ADDRESS_2, 0xffffffff);
    assert_int_equal(get(toy, PCI_BASE_ADDRESS_0, 4), (uint32_t)-TOY_BAR_SIZE | 0xc);
    assert_int_equal(get(toy, PCI_BASE_ADDRESS_1, 4), 0xffffffff);
    assert_int_equal(get(toy, PCI_BASE_ADDRESS_2, 4), 0);
    write32(toy, PCI_BASE_ADDRESS_0, 0xfe001234);
    assert_int_equal(get(toy, PCI_BASE_ADDRESS_0, 4), 0xfe00000c);
}

static void capability_list(void **state)
{
    static const struct {
        unsigned offset, id;
    } expected[] = {{0x40, 1}, {0x50, 5}, {0x70, 17}, {0xa0, 16}};
    struct toy *toy = *state;
    unsigned at = PCI_CAPABILITY_LIST;

    assert_true(get(toy, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
    for (unsigned i = 0; i < 4; i++) {
        at = get(toy, at, 1);
        assert_int_equal(at, expected[i].offset);
        assert_int_equal(get(toy, at, 1), expected[i].id);
        at++;
    }
    assert_int_equal(get(toy, at, 1), 0);
    assert_int_equal(get(toy, 0x72, 2), TOY_VECTORS - 1);
    assert_int_equal(get(toy, 0x74, 4), 0x2000);
    assert_int_equal(get(toy, 0x78, 4), 0x3000);
}

static void write_masks(void **state)
{
    struct toy *toy = *state;

    write32(toy, PCI_COMMAND, 0xffffffff);
    assert_int_equal(get(toy, PCI_COMMAND, 2), 0x0546);
    assert_true(emu_bus_master(&toy->dev));
    write32(toy, PCI_COMMAND, 0);
    assert_false(emu_bus_master(&toy->dev));
    write32(toy, 0x70, 0xffffffff);
    assert_int_equal(get(toy, 0x72, 2), 0xc000 | (TOY_VECTORS - 1));
    /* Status bits that are cleared by writing 1. */
    toy->dev.config.data[PCI_STATUS + 1] |= PCI_STATUS_REC_MASTER_ABORT >> 8;
    write32(toy, PCI_COMMAND, 0);
    assert_true(get(toy, PCI_STATUS, 2) & PCI_STATUS_REC_MASTER_ABORT);
    write32(toy, PCI_COMMAND, (uint32_t)PCI_STATUS_REC_MASTER_ABORT << 16);
    assert_false(get(toy, PCI_STATUS, 2) & PCI_STATUS_REC_MASTER_ABORT);
    assert_true(get(toy, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
}

static void function_level_reset(void **state)
{
    const uint8_t flr[2] = {0, 0x80}, none[2] = {0xff, 0x7f};
    struct toy *toy = *state;
    struct emu_config *config = &toy->dev.config;

    assert_true(get(toy, 0xa0 + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
    assert_false(emu_config_write(config, 0xa0 + PCI_EXP_DEVCTL, 2, none));
    assert_true(emu_config_write(config, 0xa0 + PCI_EXP_DEVCTL, 2, flr));
    assert_false(get(toy, 0xa0 + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_BCR_FLR);
    write32(toy, PCI_COMMAND, PCI_COMMAND_MASTER);
    emu_config_reset(config);
    assert_int_equal(get(toy, PCI_COMMAND, 2), 0);
    assert_int_equal(get(toy, PCI_VENDOR_ID, 4), 0x56781234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(identity, setup, teardown),
        cmocka_unit_test_setup_teardown(bar_sizing, setup, teardown),
        cmocka_unit_test_setup_teardown(capability_list, setup, teardown),
        cmocka_unit_test_setup_teardown(write_masks, setup, teardown),
        cmocka_unit_test_setup_teardown(function_level_reset, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
