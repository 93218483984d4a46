// SPDX-License-Identifier: ISC
/* Interrupts of the software 82599: causes, masks, automatic clearing and masking, throttling,
 * vectors. */
#include "ixgbe_rig.h"

static const uint32_t msix = IXGBE_GPIE_MULTIPLE_MSIX;

/* Receive queue 0 raises vector 3, transmit queue 0 vector 5, everything else vector 9. */
static void wire_up(struct rig *rig, uint32_t gpie)
{
    rig_msix(rig, 64);
    rig_write(rig, IXGBE_GPIE, gpie);
    rig_write(rig, IXGBE_IVAR(0), 0x8583);
    rig_write(rig, IXGBE_IVAR_MISC, 0x8900);
}

static void receive_one(struct rig *rig)
{
    uint8_t frame[PORT_FRAME_MAX];

    if (!(rig_read(rig, IXGBE_RXCTRL) & 1))
        rig_rx_start(rig, 0, 0x02000402);
    rig_inject(rig, frame, rig_build(frame, (struct rig_flow){.protocol = 17}));
    assert_int_equal(rig_poll(rig), 1);
}

static void set_and_clear(void **state)
{
    struct rig *rig = *state;

    rig_write(rig, IXGBE_EIMS, 0x00110003);
    rig_write(rig, IXGBE_EIMS, 0x00000004);
    assert_int_equal(rig_read(rig, IXGBE_EIMS), 0x00110007);
    rig_write(rig, IXGBE_EIMC, 0x00010001);
    assert_int_equal(rig_read(rig, IXGBE_EIMS), 0x00100006);
    rig_write(rig, IXGBE_EIMC, 0x7fffffff);
    assert_int_equal(rig_read(rig, IXGBE_EIMS), 0);
    rig_write(rig, IXGBE_EIMS_EX(0), 0x80000001); /* bits 15:0 are those of EIMS */
    rig_write(rig, IXGBE_EIMS_EX(1), 0x40000000);
    assert_int_equal(rig_read(rig, IXGBE_EIMS), 1);
    assert_int_equal(rig_read(rig, IXGBE_EIMS_EX(0)), 0x80000001);
    assert_int_equal(rig_read(rig, IXGBE_EIMS_EX(1)), 0x40000000);
    rig_write(rig, IXGBE_EIMC_EX(1), 0xffffffff);
    rig_write(rig, IXGBE_EIMC, 0x7fffffff);
    assert_int_equal(rig_read(rig, IXGBE_EIMS_EX(0)), 0x80000000);
    assert_int_equal(rig_read(rig, IXGBE_EIMS_EX(1)), 0);
    rig_write(rig, IXGBE_EIAM, 0x40008000);
    rig_write(rig, IXGBE_EIAM_EX(1), 7);
    assert_int_equal(rig_read(rig, IXGBE_EIAM), 0x40008000);
    assert_int_equal(rig_read(rig, IXGBE_EIAM_EX(0)), 0x8000);
    assert_int_equal(rig_read(rig, IXGBE_EIAM_EX(1)), 7);
}

static void causes(void **state)
{
    struct rig *rig = *state;

    rig_write(rig, IXGBE_EICS, 0x00100005);
    assert_int_equal(rig_read(rig, IXGBE_EICS), 0x00100005); /* reading this clears nothing */
    rig_write(rig, IXGBE_EICR, 1);
    assert_int_equal(rig_read(rig, IXGBE_EICR), 0x00100004);
    assert_int_equal(rig_read(rig, IXGBE_EICR), 0);
    rig_write(rig, IXGBE_GPIE, IXGBE_GPIE_OCD); /* only bits 29:16 clear when read */
    rig_write(rig, IXGBE_EICS, 0x40100005);
    assert_int_equal(rig_read(rig, IXGBE_EICR), 0x40100005);
    assert_int_equal(rig_read(rig, IXGBE_EICR), 0x40000005);
    rig_write(rig, IXGBE_EICR, 0x7fffffff);
    assert_int_equal(rig_read(rig, IXGBE_EICR), 0);
    rig_write(rig, IXGBE_EICS_EX(1), 0x80000000);
    assert_int_equal(rig_read(rig, IXGBE_EICS_EX(1)), 0x80000000);
}

static void raises_the_queue_vector(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 0); /* not enabled */
    assert_int_equal(rig_read(rig, IXGBE_EICS), 1u << 3);
    rig_write(rig, IXGBE_EIMS, 1u << 3); /* enabling lets it go */
    assert_int_equal(rig_fired(rig, 3), 1);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 1);
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    rig_write(rig, IXGBE_EIMC, 1u << 3);
    rig_write(rig, IXGBE_EIMS, ~(1u << 3)); /* only the cause's own bit counts */
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    for (unsigned v = 0; v < 64; v++)
        assert_int_equal(rig_fired(rig, v), 0);
}

static void invalid_ivar(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix);
    rig_write(rig, IXGBE_IVAR(0), 0x0503);
    rig_write(rig, IXGBE_EIMS, 0xffff);
    receive_one(rig);
    assert_int_equal(rig_read(rig, IXGBE_EICS), 0);
    assert_int_equal(rig_fired(rig, 3), 0);
}

static void transmit_interrupts(void **state)
{
    struct rig *rig = *state;
    const uint32_t cmd = IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_EOP;

    wire_up(rig, msix);
    rig_write(rig, IXGBE_EIMS, 0xffff);
    rig_tx_start(rig, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, cmd, 0);
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 5), 0); /* nobody asked to be told */
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, cmd | IXGBE_TXD_CMD_RS, 0);
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 5), 1);
}

static void other_causes(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix);
    rig_write(rig, IXGBE_EIMS, IXGBE_EICR_LSC);
    rig_write(rig, IXGBE_AUTOC, rig_read(rig, IXGBE_AUTOC) | IXGBE_AUTOC_RESTART_AN);
    assert_int_equal(rig_fired(rig, 9), 1);
    assert_int_equal(rig_read(rig, IXGBE_EICS), IXGBE_EICR_LSC);
    rig_write(rig, IXGBE_EICR, IXGBE_EICR_LSC);
    assert_int_equal(rig_read(rig, IXGBE_EICS), 0);
    rig_write(rig, IXGBE_EICS, IXGBE_EICR_ECC); /* not enabled */
    assert_int_equal(rig_fired(rig, 9), 0);
}

/* What Linux sets up: EIAC clears the cause, EIAM with EIAME masks it, EIMS_EX arms again. */
static void auto_clear_and_mask(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix | IXGBE_GPIE_EIAME | IXGBE_GPIE_OCD | IXGBE_GPIE_PBA_SUPPORT);
    rig_write(rig, IXGBE_EIAC, 0xffff);
    rig_write(rig, IXGBE_EIAM_EX(0), 0xffffffff);
    rig_write(rig, IXGBE_EIMS_EX(0), 0xffffffff);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 1);
    assert_int_equal(rig_read(rig, IXGBE_EICS), 0);
    assert_int_equal(rig_read(rig, IXGBE_EIMS_EX(0)), ~(1u << 3));
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    rig_write(rig, IXGBE_EIMS_EX(0), 1u << 3); /* what came in between is not lost */
    assert_int_equal(rig_fired(rig, 3), 1);
    assert_int_equal(rig_read(rig, IXGBE_EIMS_EX(0)), ~(1u << 3));
    rig_write(rig, IXGBE_EICS_EX(0), 1u << 3); /* triggering enables what EIAM names */
    assert_int_equal(rig_fired(rig, 3), 1);
}

static void upper_vectors_clear_themselves(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix);
    rig_write(rig, IXGBE_IVAR(0), 0xbf); /* vector 63 */
    rig_write(rig, IXGBE_EIMS_EX(1), 0xffffffff);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 63), 1);
    assert_int_equal(rig_read(rig, IXGBE_EICS_EX(1)), 0);
}

static void throttling(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix);
    rig_write(rig, IXGBE_EIMS, 0xffff);
    rig_write(rig, IXGBE_EITR(3), 500 << 3); /* 1 ms */
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 1);
    receive_one(rig);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    rig->now += 900000;
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    assert_true(nic_irq_waiting(rig->nic));
    rig->now += 100000;
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 3), 1); /* once for both */
    assert_false(nic_irq_waiting(rig->nic));
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    rig_write(rig, IXGBE_EITR(3), 500 << 3 | IXGBE_EITR_CNT_WDIS); /* goes on counting */
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 3), 0);
    rig_write(rig, IXGBE_EITR(3), 500 << 3); /* starts again */
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 3), 1);
}

static void immediate_trigger(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix | IXGBE_GPIE_EIMEN);
    rig_write(rig, IXGBE_EIMS, 0xffff);
    rig_write(rig, IXGBE_EITR(3), IXGBE_EITR_INTERVAL); /* 1 ms */
    rig_write(rig, IXGBE_EICS, 1u << 3);
    rig_write(rig, IXGBE_EICS, 1u << 3);
    assert_int_equal(rig_fired(rig, 3), 2);
    rig_write(rig, IXGBE_GPIE, msix);
    rig_write(rig, IXGBE_EICS, 1u << 3);
    assert_int_equal(rig_fired(rig, 3), 0);
}

/* Without bus mastering no message leaves; it does once that is on. */
static void bus_master_off(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, msix);
    rig_write(rig, IXGBE_EIMS, 0xffff);
    rig->dev->config.data[PCI_COMMAND] &= (uint8_t)~PCI_COMMAND_MASTER;
    rig_write(rig, IXGBE_EICS, 1u << 3);
    assert_int_equal(rig_fired(rig, 3), 0);
    rig->dev->config.data[PCI_COMMAND] |= PCI_COMMAND_MASTER;
    rig_poll(rig);
    assert_int_equal(rig_fired(rig, 3), 1);
}

/* One interrupt for all: IVAR names bits 3:0 of EICR, reading EICR clears and masks. */
static void single_vector(void **state)
{
    struct rig *rig = *state;

    wire_up(rig, 0);
    rig_write(rig, IXGBE_EIAM, 0xffff);
    rig_write(rig, IXGBE_EIMS, IXGBE_EICR_LSC | 0xffff);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 0), 1);
    assert_int_equal(rig_fired(rig, 3), 0);
    assert_int_equal(rig_read(rig, IXGBE_EICR), 1u << 3);
    assert_int_equal(rig_read(rig, IXGBE_EIMS), IXGBE_EICR_LSC);
    receive_one(rig);
    assert_int_equal(rig_fired(rig, 0), 0);
    rig_write(rig, IXGBE_EIMS, 0xffff);
    assert_int_equal(rig_fired(rig, 0), 1);
}

/* A pin needs no bus mastering, and stays asserted until the cause is masked or gone. */
static void pin(void **state)
{
    struct rig *rig = *state;

    rig->dev->config.data[PCI_COMMAND] &= (uint8_t)~PCI_COMMAND_MASTER;
    rig->dev->irqs.index[VFIO_USER_IRQ_INTX].enabled = 1;
    rig_write(rig, IXGBE_EIMS, 1);
    rig_write(rig, IXGBE_EICS, 1);
    assert_true(rig->dev->irqs.intx_level);
    rig_write(rig, IXGBE_EIMC, 1);
    assert_false(rig->dev->irqs.intx_level);
    rig_write(rig, IXGBE_EIMS, 1);
    assert_true(rig->dev->irqs.intx_level);
    rig_read(rig, IXGBE_EICR);
    assert_false(rig->dev->irqs.intx_level);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(set_and_clear, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(causes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(raises_the_queue_vector, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(invalid_ivar, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(transmit_interrupts, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(other_causes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(auto_clear_and_mask, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(upper_vectors_clear_themselves, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(throttling, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(immediate_trigger, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(bus_master_off, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(single_vector, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(pin, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe interrupts", tests, NULL, NULL);
}
