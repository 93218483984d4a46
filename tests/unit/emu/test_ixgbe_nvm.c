// SPDX-License-Identifier: ISC
/* The EEPROM through EERD and through its SPI pins, and the SFP+ module through its I2C pins: as
 * drivers do it. */
#include "ixgbe_rig.h"

static uint16_t eerd(struct rig *rig, uint32_t address)
{
    uint32_t value;

    rig_write(rig, IXGBE_EERD, address << 2 | IXGBE_EERD_START);
    value = rig_read(rig, IXGBE_EERD);
    assert_int_equal(value & 0xffff, address << 2 | IXGBE_EERD_DONE);
    return (uint16_t)(value >> 16);
}

/* Words 0 to 0x3e, and the sections that words 3 to 0xe point to, and word 0x3f. */
static void checksum(void **state)
{
    struct rig *rig = *state;
    uint16_t sum = 0;

    for (uint32_t i = 0; i <= 0x3f; i++)
        sum = (uint16_t)(sum + eerd(rig, i));
    for (uint32_t i = 3; i <= 0xe; i++) {
        uint16_t section = eerd(rig, i);

        if (section == 0 || section == 0xffff)
            continue;
        for (uint32_t k = 1; k <= eerd(rig, section); k++)
            sum = (uint16_t)(sum + eerd(rig, section + k));
    }
    assert_int_equal(sum, 0xbaba);
}

static void firmware_version(void **state)
{
    struct rig *rig = *state;
    uint16_t patch = eerd(rig, eerd(rig, 0x0f) + 4u);

    assert_true(eerd(rig, patch + 7u) > 5);
    assert_int_equal(eerd(rig, 0x3fff), 0xffff); /* there is no such word */
    assert_true(eerd(rig, 0x2e) & 0x8000);       /* the image's version, upper word: valid */
}

/* As drivers look for what to program for their module: pairs of kind and sequence, 0xffff at the
 * end of both. */
static void sfp_list(void **state)
{
    struct rig *rig = *state;
    uint32_t at = eerd(rig, 0x2b) + 1u, sequence = 0;

    assert_int_not_equal(at, 1);
    while (eerd(rig, at) != 0xffff) {
        if (eerd(rig, at) == 5) /* optical, first port */
            sequence = eerd(rig, at + 1);
        at += 2;
        assert_in_range(at, 1, NIC_NVM_WORDS);
    }
    assert_int_not_equal(sequence, 0);
    assert_int_equal(eerd(rig, sequence + 1), 0xffff);
}

/* ---- SPI ---- */

static uint32_t eec;

static void spi(struct rig *rig, uint32_t set, uint32_t clear)
{
    eec = (eec & ~clear) | set;
    rig_write(rig, IXGBE_EEC, eec);
}

static void spi_out(struct rig *rig, uint32_t bits, unsigned count)
{
    while (count-- > 0) {
        spi(rig, bits >> count & 1 ? IXGBE_EEC_DI : 0, IXGBE_EEC_DI);
        spi(rig, IXGBE_EEC_SK, 0);
        spi(rig, 0, IXGBE_EEC_SK);
    }
}

static uint32_t spi_in(struct rig *rig, unsigned count)
{
    uint32_t bits = 0;

    while (count-- > 0) {
        spi(rig, IXGBE_EEC_SK, 0);
        bits = bits << 1 | !!(rig_read(rig, IXGBE_EEC) & IXGBE_EEC_DO);
        spi(rig, 0, IXGBE_EEC_SK);
    }
    return bits;
}

static void spi_select(struct rig *rig)
{
    spi(rig, IXGBE_EEC_CS, IXGBE_EEC_SK);
    spi(rig, 0, IXGBE_EEC_CS);
}

static void bit_banged(void **state)
{
    struct rig *rig = *state;

    eec = rig_read(rig, IXGBE_EEC);
    assert_int_equal(eec & (IXGBE_EEC_GNT | IXGBE_EEC_PRES | IXGBE_EEC_AUTO_RD | IXGBE_EEC_ADDR16),
                     IXGBE_EEC_PRES | IXGBE_EEC_AUTO_RD | IXGBE_EEC_ADDR16);
    assert_int_equal(64u << (eec >> 11 & 15), NIC_NVM_WORDS);
    spi(rig, IXGBE_EEC_REQ, 0);
    assert_true(rig_read(rig, IXGBE_EEC) & IXGBE_EEC_GNT);
    spi_select(rig);
    spi_out(rig, 0x05, 8);
    assert_int_equal(spi_in(rig, 8) & 1, 0); /* ready */
    for (uint32_t i = 0; i < 0xc0; i++) {
        uint32_t word;

        spi_select(rig);
        spi_out(rig, 0x03, 8);
        spi_out(rig, i * 2, 16);
        word = spi_in(rig, 16);
        assert_int_equal((word >> 8 | word << 8) & 0xffff, eerd(rig, i));
    }
    spi(rig, 0, IXGBE_EEC_REQ);
    assert_false(rig_read(rig, IXGBE_EEC) & IXGBE_EEC_GNT);
}

/* Clocking on for ever, and an unknown command, do no harm. */
static void spi_nonsense(void **state)
{
    struct rig *rig = *state;

    eec = IXGBE_EEC_REQ;
    spi_select(rig);
    spi_out(rig, 0x03, 8);
    spi_out(rig, 0xffff, 16);
    for (unsigned i = 0; i < NIC_NVM_WORDS + 10; i++)
        spi_in(rig, 16);
    spi_select(rig);
    spi_out(rig, 0xff, 8);
    spi_out(rig, 0xffffffff, 32);
    assert_int_equal(spi_in(rig, 16), 0);
}

/* ---- I2C ---- */

static bool lines(struct rig *rig, bool scl, bool sda)
{
    uint32_t value;

    rig_write(rig, IXGBE_I2CCTL,
              (scl ? IXGBE_I2CCTL_SCL_OUT : 0) | (sda ? IXGBE_I2CCTL_SDA_OUT : 0));
    value = rig_read(rig, IXGBE_I2CCTL);
    assert_int_equal(!!(value & IXGBE_I2CCTL_SCL_IN), scl);
    return value & IXGBE_I2CCTL_SDA_IN;
}

static void start(struct rig *rig)
{
    lines(rig, false, true);
    lines(rig, true, true);
    lines(rig, true, false);
    lines(rig, false, false);
}

static void stop(struct rig *rig)
{
    lines(rig, false, false);
    lines(rig, true, false);
    lines(rig, true, true);
}

/* Clocks one bit out with SDA driven like this; returns what SDA was. */
static bool clock(struct rig *rig, bool sda)
{
    bool seen;

    lines(rig, false, sda);
    seen = lines(rig, true, sda);
    lines(rig, false, sda);
    return seen;
}

static bool i2c_write(struct rig *rig, uint8_t byte)
{
    for (unsigned i = 8; i-- > 0;)
        assert_int_equal(clock(rig, byte >> i & 1), byte >> i & 1);
    return !clock(rig, true);
}

static uint8_t i2c_read(struct rig *rig, bool more)
{
    uint8_t byte = 0;

    for (unsigned i = 0; i < 8; i++)
        byte = (uint8_t)(byte << 1 | clock(rig, true));
    clock(rig, !more);
    return byte;
}

static void sfp_read(struct rig *rig, uint8_t offset, uint8_t *to, unsigned count)
{
    start(rig);
    assert_true(i2c_write(rig, 0xa0));
    assert_true(i2c_write(rig, offset));
    start(rig);
    assert_true(i2c_write(rig, 0xa1));
    for (unsigned i = 0; i < count; i++)
        to[i] = i2c_read(rig, i + 1 < count);
    stop(rig);
    assert_true(lines(rig, true, true));
}

static void sfp_identification(void **state)
{
    struct rig *rig = *state;
    static const uint8_t intel[3] = {0x00, 0x1b, 0x21};
    uint8_t page[64], byte, sum = 0;

    assert_int_equal(rig_read(rig, IXGBE_I2CCTL), 0xf); /* idle lines are high */
    sfp_read(rig, 0, page, sizeof(page));
    for (unsigned i = 0; i < 63; i++)
        sum = (uint8_t)(sum + page[i]);
    assert_int_equal(page[63], sum);
    assert_int_equal(page[0], 3);    /* SFP */
    assert_int_equal(page[3], 0x10); /* 10GBASE-SR */
    assert_memory_equal(page + 37, intel, 3);
    for (unsigned i = 0; i < 64; i++) {
        sfp_read(rig, (uint8_t)i, &byte, 1);
        assert_int_equal(byte, page[i]);
    }
}

/* SFF-8472, bytes 56 to 95: revision, serial number, date, in ASCII padded with spaces; CC_EXT. */
static void sfp_serial_number(void **state)
{
    struct rig *rig = *state;
    uint8_t page[96], sum = 0;

    sfp_read(rig, 0, page, sizeof(page));
    for (unsigned i = 64; i < 95; i++)
        sum = (uint8_t)(sum + page[i]);
    assert_int_equal(page[95], sum);
    assert_memory_equal(page + 56, "1   ", 4);
    for (unsigned i = 68; i < 92; i++)
        assert_in_range(page[i], ' ', '~');
    for (unsigned i = 84; i < 90; i++)
        assert_in_range(page[i], '0', '9');
}

static void nobody_at_other_addresses(void **state)
{
    struct rig *rig = *state;
    uint8_t byte;

    for (unsigned address = 0; address < 256; address += 2) {
        start(rig);
        assert_int_equal(i2c_write(rig, (uint8_t)address), address == 0xa0);
        stop(rig);
    }
    start(rig); /* abandoned in the middle of a byte */
    clock(rig, true);
    clock(rig, true);
    sfp_read(rig, 0, &byte, 1);
    assert_int_equal(byte, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(checksum, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(firmware_version, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(sfp_list, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(bit_banged, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(spi_nonsense, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(sfp_identification, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(sfp_serial_number, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nobody_at_other_addresses, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe EEPROM and SFP+", tests, NULL, NULL);
}
