// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ixgbe.h"

#define GOOD (IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP)

static struct pci_device pci;
static struct ixgbe *dev;
static struct packet *batch[1024];

static int start(bool map_hot_pages, unsigned queues)
{
    fake_ixgbe_reset(map_hot_pages);
    if (pci_acquire("nic0", &pci) != 0)
        return -1;
    return ixgbe_create(&pci, queues, queues, &dev);
}

static int setup(void **state)
{
    (void)state;
    return start(true, 1);
}

static int setup_unmapped(void **state)
{
    (void)state;
    return start(false, 1);
}

static int setup_two_queues(void **state)
{
    (void)state;
    return start(true, 2);
}

static int teardown(void **state)
{
    (void)state;
    ixgbe_destroy(dev);
    fake_free();
    return 0;
}

static void give_back(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        packet_free(batch[i]);
}

static struct net_stats stats_of(struct ixgbe *ixgbe)
{
    struct net_stats stats;

    ixgbe_stats(ixgbe, &stats);
    return stats;
}

/* ---- Receive ---- */

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

/* ---- Transmit ---- */

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

/* ---- All of it ---- */

static unsigned sending(void)
{
    unsigned n = 0;

    for (unsigned q = 0; q < dev->tx_queues; q++)
        n += (dev->tx[q].next - dev->tx[q].oldest) & (TX_RING - 1);
    return n;
}

/* Every packet has exactly one owner: the pool, a ring, or the caller. */
static void check_owners(struct packet **held, unsigned held_count)
{
    unsigned count = dev->pool->count;
    uint8_t *owners = calloc(count, 1);
    const struct packet *first = dev->pool->packets;

    for (unsigned i = 0; i < dev->pool->available; i++)
        owners[dev->pool->free[i] - first]++;
    for (unsigned i = 0; i < held_count; i++)
        owners[held[i] - first]++;
    for (unsigned q = 0; q < dev->rx_queues; q++) {
        for (unsigned i = 0; i < RX_RING; i++)
            owners[dev->rx[q].posted[i] - first]++;
    }
    for (unsigned q = 0; q < dev->tx_queues; q++) {
        const struct ixgbe_tx_queue *tx = &dev->tx[q];

        for (uint32_t i = tx->oldest; i != tx->next; i = (i + 1) % TX_RING)
            owners[tx->sending[i] - first]++;
    }
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(owners[i], 1);
    free(owners);
}

static uint32_t random_status(void)
{
    static const uint32_t status[] = {GOOD,
                                      GOOD,
                                      GOOD,
                                      GOOD,
                                      GOOD | IXGBE_RXD_STAT_IPCS,
                                      IXGBE_RXD_STAT_DD,
                                      GOOD | IXGBE_RXD_ERR_RXE,
                                      GOOD | IXGBE_RXD_ERR_IPE};

    return status[(unsigned)random() % 8];
}

static void no_packet_is_lost_or_doubled(void **state)
{
    struct packet **held = calloc(dev->pool->count, sizeof *held);
    unsigned n = 0;

    (void)state;
    srandom(82599);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned q = (unsigned)random() % dev->rx_queues;
        unsigned amount = (unsigned)random() % 100;

        switch (random() % 5) {
        case 0:
            while (amount-- > 0 &&
                   fake_ixgbe_receive(q, random_status(), (uint16_t)(random() % 2200)))
                ;
            break;
        case 1:
            n += ixgbe_rx_batch(dev, q, held + n, amount);
            break;
        case 2:
            amount = amount < n ? amount : n;
            n -= amount;
            for (unsigned i = 0; i < amount; i++)
                held[n + i]->len = (uint16_t)(held[n + i]->len % 2048);
            ixgbe_tx_batch_busy_wait(dev, q, held + n, amount);
            break;
        case 3:
            fake_ixgbe_send(q, amount);
            break;
        default:
            while (amount-- > 0 && n > 0)
                packet_free(held[--n]);
        }
        assert_int_equal(dev->pool->available + dev->rx_queues * RX_RING + sending() + n,
                         dev->pool->count);
        if (step % 500 == 0)
            check_owners(held, n);
    }
    check_owners(held, n);
    assert_true(stats_of(dev).rx_packets > 10000);
    assert_true(stats_of(dev).tx_packets > 10000);
    while (n > 0)
        packet_free(held[--n]);
    free(held);
}

static void packets_outlive_the_driver(void **state)
{
    struct packet_pool *pool = dev->pool;
    unsigned count = pool->count;

    (void)state;
    fake_ixgbe_receive(0, GOOD, 60);
    assert_int_equal(ixgbe_rx_batch(dev, 0, batch, 1), 1);
    ixgbe_destroy(dev);
    assert_int_equal(pool->available, count - 1);
    batch[0]->data[0] = 1;
    packet_free(batch[0]);
    packet_pool_destroy(pool);
    free(pool);
    fake_free();
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
        cmocka_unit_test_setup_teardown(packets_go_out_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(packets_go_out_and_come_back, setup_unmapped, teardown),
        cmocka_unit_test_setup_teardown(descriptors_are_as_the_datasheet_has_them, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_ring_takes_what_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(busy_wait_drops_after_its_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(short_frames_are_padded_with_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dry_pool_takes_back_what_was_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(no_packet_is_lost_or_doubled, setup, teardown),
        cmocka_unit_test_setup_teardown(no_packet_is_lost_or_doubled, setup_two_queues, teardown),
        cmocka_unit_test_setup(packets_outlive_the_driver, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
