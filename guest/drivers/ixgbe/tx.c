// SPDX-License-Identifier: ISC
/*
 * Transmit: 7.2.3. Every packet is one advanced data descriptor. Packets go out in groups, at most
 * TX_REPORT_EVERY of one batch; the last descriptor of a group asks for a report (RS), and when the
 * device sets its DD the whole group is done.
 */
#include "guest/drivers/ixgbe/driver.h"

#include <assert.h>
#include <errno.h>
#include <penstock/cycles.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND (IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_DEXT | IXGBE_TXD_CMD_IFCS | IXGBE_TXD_CMD_EOP)

/* The shortest frame that the hardware pads by itself (MIN17). */
#define SHORTEST 17u

/* Packets in flight before it is worth looking which are done. */
#define RECLAIM_FROM 64u

#define BUSY_WAIT_NS 100000000ull

typedef uint64_t descriptor_words __attribute__((vector_size(16)));

int ixgbe_tx_allocate(struct ixgbe *dev, struct ixgbe_tx_queue *q)
{
    q->sending = calloc(TX_RING, sizeof(struct packet *));
    q->group_end = calloc(TX_RING, sizeof(uint16_t));
    q->ring = pci_dma_alloc(dev->pci, TX_RING * sizeof(union ixgbe_tx_desc), 128);
    return q->sending && q->group_end && q->ring ? 0 : -ENOMEM;
}

void ixgbe_tx_release(struct ixgbe_tx_queue *q)
{
    for (; q->oldest != q->next; q->oldest = (q->oldest + 1) & (TX_RING - 1))
        packet_free(q->sending[q->oldest]);
    free(q->sending);
    free(q->group_end);
    q->sending = NULL;
    q->group_end = NULL;
}

static inline uint32_t in_flight(const struct ixgbe_tx_queue *q)
{
    return (q->next - q->oldest) & (TX_RING - 1);
}

static inline bool is_done(const struct ixgbe_tx_queue *q, uint32_t i)
{
    uint64_t word = __atomic_load_n(&q->ring[i].qword[1], __ATOMIC_RELAXED);

    if (!(word >> 32 & IXGBE_TXD_STAT_DD))
        return false;
    pci_dma_rmb();
    return true;
}

static void reclaim(struct ixgbe_tx_queue *q)
{
    while (q->oldest != q->next) {
        uint32_t end = q->group_end[q->oldest];
        uint32_t i = q->oldest;

        if (!is_done(q, end))
            return;
        end = (end + 1) & (TX_RING - 1);
        for (; i != end; i = (i + 1) & (TX_RING - 1))
            packet_free(q->sending[i]);
        q->oldest = end;
    }
}

void ixgbe_tx_reclaim(struct ixgbe *dev)
{
    for (unsigned n = 0; n < dev->tx_queues; n++)
        reclaim(&dev->tx[n]);
}

/* Lengthens a frame that is too short for the hardware. One that is longer than its buffer is ours.
 */
static void mend(struct packet *packet)
{
    assert(packet->len <= packet->room && packet->room >= SHORTEST);
    if (packet->len < SHORTEST) {
        memset(packet->data + packet->len, 0, SHORTEST - packet->len);
        packet->len = SHORTEST;
    }
}

static inline void fill(struct ixgbe_tx_queue *q, uint32_t i, struct packet *packet,
                        uint32_t report)
{
    uint64_t words;

    if (__builtin_expect(packet->len < SHORTEST || packet->len > packet->room, 0))
        mend(packet);
    q->sending[i] = packet;
    q->bytes += packet->len;
    words = (uint64_t)packet->len << (32 + IXGBE_TXD_PAYLEN_SHIFT) | COMMAND | report | packet->len;
    *(descriptor_words *)&q->ring[i] = (descriptor_words){packet->iova, words};
}

static void send_group(struct ixgbe_tx_queue *q, struct packet **batch, unsigned n)
{
    uint32_t i = q->next;

    for (unsigned k = 0; k + 1 < n; k++) {
        fill(q, i, batch[k], 0);
        i = (i + 1) & (TX_RING - 1);
    }
    fill(q, i, batch[n - 1], IXGBE_TXD_CMD_RS);
    q->group_end[q->next] = (uint16_t)i;
    q->next = (i + 1) & (TX_RING - 1);
}

unsigned ixgbe_tx_batch(struct ixgbe *dev, unsigned queue, struct packet **batch, unsigned n)
{
    struct ixgbe_tx_queue *q = &dev->tx[queue];
    uint32_t room;

    if (in_flight(q) >= RECLAIM_FROM || n == 0)
        reclaim(q);
    room = TX_RING - 1 - in_flight(q);
    if (n > room)
        n = room;
    if (n == 0)
        return 0;
    for (unsigned sent = 0; sent < n; sent += TX_REPORT_EVERY)
        send_group(q, batch + sent, n - sent < TX_REPORT_EVERY ? n - sent : TX_REPORT_EVERY);
    q->packets += n;
    ixgbe_ring(&q->doorbell, q->next);
    return n;
}

/* Waits until the oldest group is done or time is up; returns the ticks that took. */
static uint64_t wait_for_room(const struct ixgbe_tx_queue *q, solo5_time_t end)
{
    uint64_t start = cycles_now();

    while (!is_done(q, q->group_end[q->oldest]) && solo5_clock_monotonic() < end)
        ;
    return cycles_now() - start;
}

uint64_t ixgbe_tx_batch_busy_wait(struct ixgbe *dev, unsigned queue, struct packet **batch,
                                  unsigned n)
{
    unsigned sent = ixgbe_tx_batch(dev, queue, batch, n);
    uint64_t waited = 0;
    solo5_time_t end;

    if (sent == n)
        return 0;
    end = solo5_clock_monotonic() + BUSY_WAIT_NS;
    while (sent < n && solo5_clock_monotonic() < end) {
        waited += wait_for_room(&dev->tx[queue], end);
        sent += ixgbe_tx_batch(dev, queue, batch + sent, n - sent);
    }
    for (; sent < n; sent++)
        packet_free(batch[sent]);
    return waited;
}
