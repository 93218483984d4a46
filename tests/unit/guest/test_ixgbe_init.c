// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ixgbe.h"

static struct pci_device pci;

static int setup(void **state)
{
    (void)state;
    fake_ixgbe_reset(true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_free();
    return 0;
}

static int create(unsigned rx_queues, unsigned tx_queues, struct ixgbe **dev)
{
    fake.taken = false;
    assert_int_equal(pci_acquire("nic0", &pci), 0);
    return ixgbe_create(&pci, rx_queues, tx_queues, dev);
}

static void starts_a_healthy_device(void **state)
{
    struct ixgbe *dev;
    unsigned mbps;

    (void)state;
    assert_int_equal(create(1, 1, &dev), 0);
    assert_int_equal(fake_ixgbe.resets, 1);
    assert_string_equal(fake.console, "");
    assert_memory_equal(ixgbe_net_device(dev)->mac, "\x02\x11\x22\x33\x44\x55", 6);
    assert_int_equal(ixgbe_net_device(dev)->mtu, 1500);
    assert_int_equal(ixgbe_net_device(dev)->handle, FAKE_HANDLE);
    assert_true(ixgbe_link(dev, &mbps));
    assert_int_equal(mbps, 10000);
    ixgbe_destroy(dev);
    assert_int_equal(fake_ixgbe.resets, 2);
}

static void registers_say_what_the_datasheet_asks_for(void **state)
{
    struct ixgbe *dev;
    uint32_t hlreg0, rdrxctl;

    (void)state;
    assert_int_equal(create(1, 1, &dev), 0);
    hlreg0 = fake_get(IXGBE_HLREG0);
    rdrxctl = fake_get(IXGBE_RDRXCTL);
    assert_true(hlreg0 & IXGBE_HLREG0_RXCRCSTRP);
    assert_true(hlreg0 & IXGBE_HLREG0_TXCRCEN);
    assert_true(hlreg0 & IXGBE_HLREG0_TXPADEN);
    assert_false(hlreg0 & IXGBE_HLREG0_JUMBOEN);
    assert_true(rdrxctl & IXGBE_RDRXCTL_CRCSTRIP);
    assert_int_equal(rdrxctl & IXGBE_RDRXCTL_RSCFRSTSIZE, 0);
    assert_false(fake_get(IXGBE_ESDP) & IXGBE_ESDP_SDP(3));
    assert_true(fake_get(IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN);
    assert_false(fake_get(IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS);
    assert_true(fake_get(IXGBE_DMATXCTL) & IXGBE_DMATXCTL_TE);
    assert_false(fake_get(IXGBE_RTTDCS) & IXGBE_RTTDCS_ARBDIS);
    assert_int_equal(fake_get(IXGBE_SRRCTL(0)), 2 | IXGBE_SRRCTL_DESCTYPE_ADV);
    assert_int_equal(fake_get(IXGBE_RDLEN(0)), RX_RING * 16);
    assert_int_equal(fake_get(IXGBE_RDT(0)), RX_RING - 1);
    assert_int_equal(fake_get(IXGBE_RDBAL(0)) % 128, 0);
    assert_int_equal(fake_get(IXGBE_MRQC), 0);
    assert_int_equal(fake_get(IXGBE_EIMS), 0);
    ixgbe_destroy(dev);
}

static void several_queues_share_by_hash(void **state)
{
    struct ixgbe *dev;

    (void)state;
    assert_int_equal(create(3, 2, &dev), 0);
    assert_int_equal(fake_get(IXGBE_MRQC) & IXGBE_MRQC_MRQE, IXGBE_MRQC_MRQE_RSS);
    assert_int_equal(fake_get(IXGBE_RETA(0)), 0x00020100);
    assert_int_equal(fake_get(IXGBE_RETA(1)), 0x01000201);
    assert_int_equal(fake_get(IXGBE_RSSRK(9)), fake_get(IXGBE_RSSRK(0)));
    for (unsigned q = 0; q < 3; q++) {
        assert_true(fake_get(IXGBE_RXDCTL(q)) & IXGBE_RXDCTL_ENABLE);
        assert_true(fake_get(IXGBE_SRRCTL(q)) & IXGBE_SRRCTL_DROP_EN);
    }
    assert_false(fake_get(IXGBE_RXDCTL(3)) & IXGBE_RXDCTL_ENABLE);
    assert_true(fake_get(IXGBE_TXDCTL(1)) & IXGBE_TXDCTL_ENABLE);
    ixgbe_destroy(dev);
}

static void refuses_other_devices_and_arguments(void **state)
{
    struct ixgbe *dev;

    (void)state;
    assert_int_equal(create(0, 1, &dev), -EINVAL);
    assert_int_equal(create(1, 0, &dev), -EINVAL);
    assert_int_equal(create(IXGBE_QUEUES_MAX + 1, 1, &dev), -EINVAL);
    assert_int_equal(create(1, IXGBE_QUEUES_MAX + 1, &dev), -EINVAL);
    fake.info.bus_master_enable = false;
    assert_int_equal(create(1, 1, &dev), -EINVAL);
    fake.info.bus_master_enable = true;
    fake.info.bar0_size = 0x10000;
    assert_int_equal(create(1, 1, &dev), -EINVAL);
    fake.info.bar0 = NULL;
    assert_int_equal(create(1, 1, &dev), -EINVAL);
    fake.info.device_id = 0x1572;
    assert_int_equal(create(1, 1, &dev), -ENODEV);
    assert_int_equal(fake.traps, 0);
}

static void too_little_memory_is_refused_before_the_device_is_touched(void **state)
{
    struct ixgbe *dev;

    (void)state;
    fake.info.dma_size = 1u << 20;
    assert_int_equal(create(1, 1, &dev), -ENOMEM);
    assert_non_null(strstr(fake.console, "ixgbe nic0: 1024 KiB of DMA memory are left, at least"));
    assert_int_equal(fake.traps, 0);
}

static void memory_that_just_suffices_suffices(void **state)
{
    size_t least =
        PACKET_POOL_BYTES(RX_RING + TX_REPORT_EVERY, BUFFER_SIZE) + (RX_RING + TX_RING) * 16;
    struct ixgbe *dev;

    (void)state;
    fake.info.dma_size = least - 1;
    assert_int_equal(create(1, 1, &dev), -ENOMEM);
    fake.info.dma_size = least;
    assert_int_equal(create(1, 1, &dev), 0);
    ixgbe_destroy(dev);
}

/* Each wait of the start: what the register reads as, and what the message must contain. */
static const struct stuck {
    uint32_t reg, value;
    const char *says;
} stuck[] = {
    {IXGBE_CTRL, IXGBE_CTRL_RST, "CTRL.RST"},
    {IXGBE_EEC, 0, "EEC.AUTO_RD"},
    {IXGBE_RDRXCTL, 0, "RDRXCTL.DMAIDONE"},
    {IXGBE_SECRXSTAT, 0, "SECRXSTAT"},
    {IXGBE_RXDCTL(0), 0, "RXDCTL.ENABLE stays clear"},
    {IXGBE_TXDCTL(0), 0, "TXDCTL.ENABLE stays clear"},
};

static void every_wait_has_a_deadline_and_a_message(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof stuck / sizeof stuck[0]; i++) {
        struct ixgbe *dev;
        char reg[16];

        fake_ixgbe_reset(false);
        fake_ixgbe.is_stuck = true;
        fake_ixgbe.stuck_reg = stuck[i].reg;
        fake_ixgbe.stuck_value = stuck[i].value;
        assert_int_equal(create(1, 1, &dev), -ETIMEDOUT);
        assert_non_null(strstr(fake.console, stuck[i].says));
        snprintf(reg, sizeof reg, "0x%05x", stuck[i].reg);
        assert_non_null(strstr(fake.console, reg));
    }
}

static void requests_that_do_not_end_take_a_second_reset(void **state)
{
    struct ixgbe *dev;

    (void)state;
    fake_ixgbe.is_stuck = true;
    fake_ixgbe.stuck_reg = IXGBE_STATUS;
    fake_ixgbe.stuck_value = IXGBE_STATUS_MASTER_ENABLE;
    assert_int_equal(create(1, 1, &dev), 0);
    assert_int_equal(fake_ixgbe.resets, 2);
    assert_non_null(strstr(fake.console, "STATUS"));
    ixgbe_destroy(dev);
}

/* A card that was pulled out reads as all ones. */
static uint32_t all_ones(uint32_t offset)
{
    (void)offset;
    return UINT32_MAX;
}

static void a_vanished_device_is_given_up_soon(void **state)
{
    struct ixgbe *dev;
    solo5_time_t start;

    (void)state;
    fake_ixgbe_reset(false);
    fake.read = all_ones;
    start = fake.now;
    assert_int_equal(create(8, 8, &dev), -ETIMEDOUT);
    assert_true(fake.now - start < 5000000000);
}

static void no_link_is_not_an_error(void **state)
{
    struct ixgbe *dev;
    unsigned mbps;

    (void)state;
    assert_int_equal(create(1, 1, &dev), 0);
    fake_set(IXGBE_LINKS, 0);
    assert_false(ixgbe_link(dev, &mbps));
    ixgbe_destroy(dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_a_healthy_device, setup, teardown),
        cmocka_unit_test_setup_teardown(registers_say_what_the_datasheet_asks_for, setup, teardown),
        cmocka_unit_test_setup_teardown(several_queues_share_by_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_other_devices_and_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(too_little_memory_is_refused_before_the_device_is_touched,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(memory_that_just_suffices_suffices, setup, teardown),
        cmocka_unit_test_setup_teardown(every_wait_has_a_deadline_and_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_that_do_not_end_take_a_second_reset, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_vanished_device_is_given_up_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(no_link_is_not_an_error, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
