// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ixgbe_fixture.h"

static void allocate_packets(unsigned n, uint16_t len)
{
    for (unsigned i = 0; i < n; i++) {
        batch[i] = packet_alloc(dev->pool);
        assert_non_null(batch[i]);
        batch[i]->len = len;
    }
}

static void packets_go_out_and_come_back(void **state)
{
    unsigned all = dev->pool->available;
    uint64_t last;

    (void)state;
    allocate_packets(10, 60);
    last = batch[9]->iova;
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch, 10), 10);
    assert_int_equal(fake_get(IXGBE_TDT(0)), 10);
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch, 0), 0);
    assert_int_equal(dev->pool->available, all - 10); /* not sent yet */
    assert_int_equal(fake_ixgbe_send(0, 1024), 10);
    assert_true(fake_ixgbe.sent_iova == last);
    assert_int_equal(fake_ixgbe.sent_len, 60);
    ixgbe_tx_batch(dev, 0, batch, 0);
    assert_int_equal(dev->pool->available, all);
    assert_int_equal(stats_of(dev).tx_packets, 10);
    assert_int_equal(stats_of(dev).tx_bytes, 600);
}

static void descriptors_are_as_the_datasheet_has_them(void **state)
{
    const struct ixgbe_tx_data *desc;
    unsigned reports = 0;

    (void)state;
    allocate_packets(70, 1514);
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch, 70), 70);
    for (unsigned i = 0; i < 70; i++) {
        desc = &dev->tx[0].ring[i].data;
        assert_true(desc->addr == batch[i]->iova);
        assert_int_equal(desc->cmd_type_len & ~IXGBE_TXD_CMD_RS,
                         1514 | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_DEXT | IXGBE_TXD_CMD_IFCS |
                             IXGBE_TXD_CMD_EOP);
        assert_int_equal(desc->olinfo_status, 1514 << IXGBE_TXD_PAYLEN_SHIFT);
        if (desc->cmd_type_len & IXGBE_TXD_CMD_RS)
            reports++;
    }
    assert_true(dev->tx[0].ring[69].data.cmd_type_len & IXGBE_TXD_CMD_RS);
    assert_int_equal(reports, 3);
}

static void a_full_ring_takes_what_fits(void **state)
{
    (void)state;
    allocate_packets(600, 60);
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch, 600), TX_RING - 1);
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch + TX_RING - 1, 89), 0);
    fake_ixgbe_send(0, 40); /* the first group of 32 is done, the second not */
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch + TX_RING - 1, 89), 32);
    fake_ixgbe_send(0, 1024);
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch + TX_RING + 31, 57), 57);
}

static void busy_wait_drops_after_its_deadline(void **state)
{
    unsigned all = dev->pool->available;
    solo5_time_t begin = fake.now;

    (void)state;
    allocate_packets(600, 60);
    assert_true(ixgbe_tx_batch_busy_wait(dev, 0, batch, 600) > 0);
    assert_in_range(fake.now - begin, 100000000, 110000000);
    assert_int_equal(dev->pool->available, all - (TX_RING - 1));
    fake_ixgbe_send(0, 1024);
    assert_true(ixgbe_tx_batch_busy_wait(dev, 0, batch, 0) == 0);
    assert_int_equal(dev->pool->available, all);
}

static void short_frames_are_padded_with_zeros(void **state)
{
    (void)state;
    allocate_packets(2, 16);
    batch[1]->len = 0;
    memset(batch[0]->data, 0xff, 64);
    assert_int_equal(ixgbe_tx_batch(dev, 0, batch, 2), 2);
    assert_int_equal(dev->tx[0].ring[0].data.cmd_type_len & IXGBE_TXD_LEN_MASK, 17);
    assert_int_equal(dev->tx[0].ring[1].data.cmd_type_len & IXGBE_TXD_LEN_MASK, 17);
    assert_int_equal(batch[0]->data[15], 0xff);
    assert_int_equal(batch[0]->data[16], 0);
}

static void a_dry_pool_takes_back_what_was_sent(void **state)
{
    struct net_device *net = ixgbe_net_device(dev);

    (void)state;
    allocate_packets(40, 60);
    assert_int_equal(net_tx(net, batch, 40), 40);
    fake_ixgbe_send(0, 1024);
    while (dev->pool->available > 0)
        packet_alloc(dev->pool)->len = 1; /* someone else's from now on */
    assert_non_null(net_alloc(net));
    assert_int_equal(dev->pool->available, 39);
    dev->pool->available = 0;
    fake_ixgbe_receive(0, GOOD, 60);
    assert_int_equal(net_rx(net, batch, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packets_go_out_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(packets_go_out_and_come_back, setup_unmapped, teardown),
        cmocka_unit_test_setup_teardown(descriptors_are_as_the_datasheet_has_them, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_ring_takes_what_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(busy_wait_drops_after_its_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(short_frames_are_padded_with_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dry_pool_takes_back_what_was_sent, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
