// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ixgbe_fixture.h"

static void give_back(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        packet_free(batch[i]);
}

static void frames_come_in_order_with_their_lengths(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 0);
    for (uint16_t i = 0; i < 10; i++)
        assert_true(fake_ixgbe_receive(0, GOOD, 60 + i));
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 4), 4);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch + 4, 64), 6);
    for (uint16_t i = 0; i < 10; i++) {
        assert_int_equal(batch[i]->len, 60 + i);
        assert_int_equal(batch[i]->flags, 0);
    }
    assert_int_equal(stats_of(dev).rx_packets, 10);
    assert_int_equal(stats_of(dev).rx_bytes, 10 * 60 + 45);
    give_back(10);
}

static void the_ring_wraps(void **state)
{
    unsigned received = 0;

    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        unsigned n = 0;

        while (n < 40 && fake_ixgbe_receive(0, GOOD, 60))
            n++;
        assert_int_equal(n, 40);
        assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 40);
        give_back(40);
        received += n;
    }
    assert_true(received > 4 * RX_RING);
}

static void a_full_ring_holds_all_but_one(void **state)
{
    unsigned n = 0;

    (void)state;
    while (fake_ixgbe_receive(0, GOOD, 60))
        n++;
    assert_int_equal(n, RX_RING - 1);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 1024), RX_RING - 1);
    give_back(RX_RING - 1);
    n = 0;
    while (fake_ixgbe_receive(0, GOOD, 60))
        n++;
    assert_int_equal(n, RX_RING - 1);
}

static void the_doorbell_rings_for_many_descriptors(void **state)
{
    uint32_t tail = fake_get(IXGBE_RDT(0));

    (void)state;
    for (unsigned i = 0; i < RX_DOORBELL_EVERY - 1; i++)
        fake_ixgbe_receive(0, GOOD, 60);
    ixgbe_rx_batch(dev, 0, batch, 64);
    give_back(RX_DOORBELL_EVERY - 1);
    assert_int_equal(fake_get(IXGBE_RDT(0)), tail);
    fake_ixgbe_receive(0, GOOD, 60);
    ixgbe_rx_batch(dev, 0, batch, 64);
    give_back(1);
    assert_int_equal(fake_get(IXGBE_RDT(0)), (tail + RX_DOORBELL_EVERY) % RX_RING);
}

static void posted_descriptors_are_clean_and_their_packets_new(void **state)
{
    struct packet *first;

    (void)state;
    fake_ixgbe_receive(0, GOOD, 60);
    first = dev->rx[0].posted[0];
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 1), 1);
    assert_ptr_equal(batch[0], first);
    assert_ptr_not_equal(dev->rx[0].posted[0], first);
    assert_true(dev->rx[0].ring[0].read.pkt_addr == dev->rx[0].posted[0]->iova);
    assert_true(dev->rx[0].ring[0].read.hdr_addr == 0);
    give_back(1);
}

static void frames_with_errors_are_dropped_and_counted(void **state)
{
    static const struct {
        uint32_t status;
        uint16_t length;
    } bad[] = {
        {GOOD | IXGBE_RXD_ERR_RXE, 60},
        {GOOD | IXGBE_RXD_ERR_LE, 60},
        {GOOD, 0},
        {GOOD, BUFFER_SIZE + 1}, /* longer than the buffer: it cannot be */
        {GOOD, UINT16_MAX},
    };
    unsigned count = sizeof bad / sizeof bad[0];

    (void)state;
    for (unsigned i = 0; i < count; i++)
        fake_ixgbe_receive(0, bad[i].status, bad[i].length);
    fake_ixgbe_receive(0, GOOD, BUFFER_SIZE);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 1);
    assert_int_equal(batch[0]->len, BUFFER_SIZE);
    assert_int_equal(stats_of(dev).rx_errors, count);
    assert_int_equal(stats_of(dev).rx_packets, 1);
    give_back(1);
}

static void a_frame_in_pieces_is_dropped_whole(void **state)
{
    (void)state;
    fake_ixgbe_receive(0, GOOD, 60);
    fake_ixgbe_receive(0, IXGBE_RXD_STAT_DD, 2048);
    fake_ixgbe_receive(0, IXGBE_RXD_STAT_DD, 2048);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 1);
    fake_ixgbe_receive(0, GOOD, 100); /* its end */
    fake_ixgbe_receive(0, GOOD, 61);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch + 1, 64), 1);
    assert_int_equal(batch[1]->len, 61);
    assert_int_equal(stats_of(dev).rx_errors, 1);
    give_back(2);
}

static void an_endless_row_of_bad_frames_does_not_hold_us(void **state)
{
    (void)state;
    /* A device that has overrun its tail: every descriptor of the ring reads as done, for ever. */
    for (unsigned i = 0; i < RX_RING; i++)
        dev->rx[0].ring[i].wb = (struct ixgbe_rx_wb){.status = IXGBE_RXD_STAT_DD, .length = 1};
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 0);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 0);
}

static void checksum_flags_say_what_was_checked(void **state)
{
    static const struct {
        uint32_t status, flags;
    } cases[] = {
        {GOOD, 0},
        {GOOD | IXGBE_RXD_STAT_IPCS, PACKET_IP_CSUM_OK},
        {GOOD | IXGBE_RXD_STAT_L4CS, PACKET_L4_CSUM_OK},
        {GOOD | IXGBE_RXD_STAT_IPCS | IXGBE_RXD_STAT_L4CS, PACKET_IP_CSUM_OK | PACKET_L4_CSUM_OK},
        {GOOD | IXGBE_RXD_STAT_IPCS | IXGBE_RXD_ERR_IPE, PACKET_CSUM_BAD},
        {GOOD | IXGBE_RXD_STAT_IPCS | IXGBE_RXD_STAT_L4CS | IXGBE_RXD_ERR_L4E, PACKET_CSUM_BAD},
    };
    unsigned count = sizeof cases / sizeof cases[0];

    (void)state;
    for (unsigned i = 0; i < count; i++)
        fake_ixgbe_receive(0, cases[i].status, 60);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(batch[i]->flags, cases[i].flags);
    give_back(count);
}

static void a_udp_checksum_that_the_device_misjudges_is_left_to_the_stack(void **state)
{
    (void)state;
    fake_ixgbe_receive(0, GOOD | IXGBE_RXD_STAT_IPCS | IXGBE_RXD_STAT_L4CS | IXGBE_RXD_ERR_L4E, 60);
    dev->rx[0].ring[0].wb.info = IXGBE_RXD_INFO_IPV4 | IXGBE_RXD_INFO_UDP;
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 1);
    assert_int_equal(batch[0]->flags, 0);
    give_back(1);
}

static void an_empty_pool_leaves_frames_in_the_ring(void **state)
{
    unsigned all = dev->pool->available;
    struct packet **held = calloc(all, sizeof *held);

    (void)state;
    for (unsigned i = 0; i < all; i++)
        held[i] = packet_alloc(dev->pool);
    for (unsigned i = 0; i < 5; i++)
        fake_ixgbe_receive(0, GOOD, 60);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 0);
    packet_free(held[--all]);
    packet_free(held[--all]);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 2);
    give_back(2);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 2);
    give_back(2);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 64), 1);
    give_back(1);
    while (all > 0)
        packet_free(held[--all]);
    free(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_come_in_order_with_their_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ring_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ring_wraps, setup_unmapped, teardown),
        cmocka_unit_test_setup_teardown(a_full_ring_holds_all_but_one, setup, teardown),
        cmocka_unit_test_setup_teardown(the_doorbell_rings_for_many_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(posted_descriptors_are_clean_and_their_packets_new, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(frames_with_errors_are_dropped_and_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_frame_in_pieces_is_dropped_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(an_endless_row_of_bad_frames_does_not_hold_us, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(checksum_flags_say_what_was_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_udp_checksum_that_the_device_misjudges_is_left_to_the_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_pool_leaves_frames_in_the_ring, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
