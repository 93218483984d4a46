// SPDX-License-Identifier: ISC
/* HLREG0.LPBK: what the software 82599 is given to send, it receives, and the wire sees none of it.
 */
#include "ixgbe_rig.h"

#define DATA    (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_IFCS)
#define EOP     IXGBE_TXD_CMD_EOP
#define RS      IXGBE_TXD_CMD_RS
#define DEFAULT 0x02000402

static void switch_loopback(struct rig *rig, bool on)
{
    uint32_t hlreg0 = rig_read(rig, IXGBE_HLREG0) & ~IXGBE_HLREG0_LPBK;

    rig_write(rig, IXGBE_HLREG0, on ? hlreg0 | IXGBE_HLREG0_LPBK : hlreg0);
}

static void send(struct rig *rig, uint32_t len, uint8_t first)
{
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER);

    for (uint32_t i = 0; i < len; i++)
        frame[i] = i < 6 ? 0xff : (uint8_t)(first + i);
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP | RS, len << IXGBE_TXD_PAYLEN_SHIFT);
}

static void start(struct rig *rig)
{
    rig_write(rig, IXGBE_FCTRL, IXGBE_FCTRL_BAM);
    rig_rx_start(rig, 0, DEFAULT);
    rig_tx_start(rig, 0);
}

static bool received(struct rig *rig, unsigned i)
{
    return rig_rx_desc(rig, 0, i)->wb.status & IXGBE_RXD_STAT_DD;
}

static void what_is_sent_comes_back(void **state)
{
    struct rig *rig = *state;

    switch_loopback(rig, true);
    start(rig);
    send(rig, 1024, 7);
    rig_poll(rig);
    rig_poll(rig);
    assert_int_equal(rig->port->out_count, 0);
    assert_true(received(rig, 0));
    assert_int_equal(rig_rx_desc(rig, 0, 0)->wb.length, 1024);
    assert_memory_equal(rig_at(rig, RIG_RX_BUFFER(0)), rig_at(rig, RIG_TX_BUFFER), 1024);
    assert_true(rig_tx_desc(rig, 0, 0)->data.olinfo_status & IXGBE_TXD_STAT_DD);
    assert_int_equal(rig_read(rig, IXGBE_GPTC), 1);
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 1);
}

/* The filters apply. */
static void frames_for_others_do_not(void **state)
{
    struct rig *rig = *state;

    switch_loopback(rig, true);
    start(rig);
    rig_write(rig, IXGBE_FCTRL, 0);
    send(rig, 60, 1);
    rig_poll(rig);
    rig_poll(rig);
    assert_false(received(rig, 0));
}

static void the_wire_is_cut_off(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    switch_loopback(rig, true);
    start(rig);
    rig_inject(rig, frame, sizeof(frame));
    assert_int_equal(rig_poll(rig), 0);
    switch_loopback(rig, false);
    assert_int_equal(rig_poll(rig), 1);
    assert_true(received(rig, 0));
}

/* What was on its way when loopback ended does not come later. */
static void nothing_is_left_over(void **state)
{
    struct rig *rig = *state;

    switch_loopback(rig, true);
    start(rig);
    send(rig, 60, 1);
    rig_poll(rig);
    switch_loopback(rig, false);
    switch_loopback(rig, true);
    assert_int_equal(rig_poll(rig), 0);
    assert_false(received(rig, 0));
}

static void reset_ends_it(void **state)
{
    struct rig *rig = *state;

    switch_loopback(rig, true);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    start(rig);
    send(rig, 60, 1);
    rig_poll(rig);
    assert_int_equal(rig->port->out_count, 1);
    rig_poll(rig);
    assert_false(received(rig, 0));
}

/* More than there is room for on the way is lost, not a fault. */
static void a_receiver_that_sleeps(void **state)
{
    struct rig *rig = *state;

    switch_loopback(rig, true);
    start(rig);
    rig_write(rig, IXGBE_RXCTRL, 0);
    for (unsigned i = 0; i < 600; i++) {
        send(rig, 60, (uint8_t)i);
        assert_int_equal(rig_poll(rig), 1);
    }
    assert_int_equal(rig->nic->loopback->stats.tx_dropped, 600 - 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_sent_comes_back, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(frames_for_others_do_not, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_wire_is_cut_off, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_left_over, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(reset_ends_it, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_receiver_that_sleeps, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe loopback", tests, NULL, NULL);
}
