// SPDX-License-Identifier: ISC
/*
 * The software 82599 with no page shared: the queues' registers as the datasheet has them (8.2.3.8,
 * 8.2.3.9), as Linux's self-test writes and reads them.
 */
#include "ixgbe_rig.h"

static const uint32_t patterns[] = {0x5a5a5a5a, 0xa5a5a5a5, 0x00000000, 0xffffffff};

static void no_area_is_shared(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig->dev->regions[0].areas_count, 0);
    assert_int_equal(rig->dev->regions[0].flags & VFIO_USER_REGION_MMAP, 0);
    assert_int_equal(rig->dev->regions[0].fd, -1);
}

static void queue_registers_have_masks(void **state)
{
    struct rig *rig = *state;
    static const struct {
        uint32_t offset, writable;
    } regs[] = {
        {IXGBE_RDBAL(0u), 0xffffff80}, {IXGBE_RDBAH(0u), 0xffffffff},
        {IXGBE_RDLEN(0u), 0x000fff80}, {IXGBE_RDLEN(127u), 0x000fff80},
        {IXGBE_RDT(0u), 0x0000ffff},   {IXGBE_TDBAL(0u), 0xffffff80},
        {IXGBE_TDBAH(0u), 0xffffffff}, {IXGBE_TDLEN(0u), 0x000fff80},
        {IXGBE_TDT(127u), 0x0000ffff}, {IXGBE_TDWBAL(0u), 0xffffffff},
    };

    for (size_t r = 0; r < sizeof(regs) / sizeof(regs[0]); r++)
        for (unsigned i = 0; i < 4; i++) {
            rig_write(rig, regs[r].offset, patterns[i]);
            assert_int_equal(rig_read(rig, regs[r].offset), patterns[i] & regs[r].writable);
        }
}

static void inject(struct rig *rig, unsigned count)
{
    uint8_t frame[60] = {2, 0, 0, 0, 0, 1};

    for (unsigned i = 0; i < count; i++)
        rig_inject(rig, frame, sizeof(frame));
    while (rig_poll(rig) > 0)
        ;
}

/* QPRC and QBRC clear when read, as all others do. */
static void queue_counters_clear(void **state)
{
    struct rig *rig = *state;

    rig_rx_start(rig, 0, 0x02000402);
    inject(rig, 3);
    assert_int_equal(rig_read(rig, IXGBE_QPTC(0)), 0); /* does not restart them */
    assert_int_equal(rig_read(rig, IXGBE_QPRC(0)), 3);
    assert_int_equal(rig_read(rig, IXGBE_QPRC(0)), 0);
    assert_int_equal(rig_read(rig, IXGBE_QBRC_L(0)), 180);
    assert_int_equal(rig_read(rig, IXGBE_QBRC_L(0)), 0);
    assert_int_equal(rig_read(rig, IXGBE_QBRC_H(0)), 0);
    inject(rig, 2);
    assert_int_equal(rig_read(rig, IXGBE_QPRC(0)), 2);
    assert_int_equal(rig_read(rig, IXGBE_RDH(0u)), 5); /* no counter */
    assert_int_equal(rig_read(rig, IXGBE_RDH(0u)), 5);
}

static void both_ways(void **state)
{
    struct rig *rig = *state;
    const uint32_t cmd = IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_EOP;

    rig_rx_start(rig, 70, 0x02000402);
    rig_rx_start(rig, 0, 0x02000402);
    rig_tx_start(rig, 100);
    inject(rig, 1);
    assert_true(rig_rx_desc(rig, 0, 0)->wb.status & IXGBE_RXD_STAT_DD);
    rig_tx(rig, 100, RIG_RX_BUFFER(0), 60, cmd, 60u << IXGBE_TXD_PAYLEN_SHIFT);
    rig_poll(rig);
    assert_int_equal(rig->port->out_count, 1);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    assert_int_equal(rig_read(rig, IXGBE_RDLEN(0u)), 0);
    assert_int_equal(rig_read(rig, IXGBE_SRRCTL(0u)), 0x02000402);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_area_is_shared, rig_setup_exact, rig_teardown),
        cmocka_unit_test_setup_teardown(queue_registers_have_masks, rig_setup_exact, rig_teardown),
        cmocka_unit_test_setup_teardown(queue_counters_clear, rig_setup_exact, rig_teardown),
        cmocka_unit_test_setup_teardown(both_ways, rig_setup_exact, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe exact", tests, NULL, NULL);
}
