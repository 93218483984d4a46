// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ixgbe_fixture.h"

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
        cmocka_unit_test_setup_teardown(no_packet_is_lost_or_doubled, setup, teardown),
        cmocka_unit_test_setup_teardown(no_packet_is_lost_or_doubled, setup_two_queues, teardown),
        cmocka_unit_test_setup(packets_outlive_the_driver, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
