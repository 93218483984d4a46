// SPDX-License-Identifier: ISC
/*
 * Receive: 7.1.5, 7.1.6, 7.1.9. The device fills descriptors in ring order; each one taken gets a
 * fresh packet at once, so that the ring is always full of packets.
 *
 * The device may write anything into a descriptor. All the driver believes is one 64-bit word, read
 * once (ONEWORD): its status, errors and length.
 */
#include "guest/drivers/ixgbe/driver.h"

#include <errno.h>
#include <stdlib.h>

#define STATUS(bit)  ((uint64_t)(bit)) /* bits of the word */
#define LENGTH(word) ((uint16_t)((word) >> 32))

/* PACKET_IP_CSUM_OK and PACKET_L4_CSUM_OK stand as the status bits IPCS and L4CS do, 6 bits up. */
#define CSUM_SHIFT 6

typedef uint64_t descriptor_words __attribute__((vector_size(16)));

static inline uint64_t written_back(const struct ixgbe_rx_queue *q, uint32_t i)
{
    return __atomic_load_n(&q->ring[i].qword[1], __ATOMIC_RELAXED);
}

static inline void post(struct ixgbe_rx_queue *q, uint32_t i, struct packet *packet)
{
    q->posted[i] = packet;
    /* One store; the second word clears DD. */
    *(descriptor_words *)&q->ring[i] = (descriptor_words){packet->iova, 0};
}

int ixgbe_rx_allocate(struct ixgbe *dev, struct ixgbe_rx_queue *q)
{
    q->pool = dev->pool;
    q->posted = calloc(RX_RING, sizeof(struct packet *));
    q->ring = pci_dma_alloc(dev->pci, RX_RING * sizeof(union ixgbe_rx_desc), 128);
    if (!q->posted || !q->ring)
        return -ENOMEM;
    for (uint32_t i = 0; i < RX_RING; i++) {
        struct packet *packet = packet_alloc(q->pool);

        if (!packet)
            return -ENOMEM;
        post(q, i, packet);
    }
    return 0;
}

void ixgbe_rx_release(struct ixgbe_rx_queue *q)
{
    for (uint32_t i = 0; q->posted && i < RX_RING; i++) {
        if (q->posted[i])
            packet_free(q->posted[i]);
    }
    free(q->posted);
    q->posted = NULL;
}

bool ixgbe_rx_waiting(const struct ixgbe_rx_queue *q)
{
    return (written_back(q, q->next) & IXGBE_RXD_STAT_DD) != 0;
}

/* A whole frame in one buffer, without errors. */
static inline bool is_good(const struct ixgbe_rx_queue *q, uint64_t word,
                           const struct packet *packet)
{
    const uint64_t wanted = STATUS(IXGBE_RXD_STAT_EOP);
    const uint64_t unwanted = STATUS(IXGBE_RXD_ERR_RXE | IXGBE_RXD_ERR_LE);

    return (word & (wanted | unwanted)) == wanted && !q->in_bad_frame && LENGTH(word) != 0 &&
           LENGTH(word) <= packet->room;
}

/* The checksums that the device found wrong, or nothing where it is known to be mistaken. */
static uint32_t bad_checksum(const struct ixgbe_rx_queue *q, uint32_t i, uint64_t word)
{
    uint32_t info = __atomic_load_n(&q->ring[i].wb.info, __ATOMIC_RELAXED);

    /* Of a UDP datagram without a checksum the 82599 says that it is wrong (UDPZERO). */
    if (!(word & STATUS(IXGBE_RXD_ERR_IPE)) && (info & IXGBE_RXD_INFO_UDP))
        return 0;
    return PACKET_CSUM_BAD;
}

static inline uint32_t checksums(const struct ixgbe_rx_queue *q, uint32_t i, uint64_t word)
{
    if (__builtin_expect((word & STATUS(IXGBE_RXD_ERR_IPE | IXGBE_RXD_ERR_L4E)) != 0, 0))
        return bad_checksum(q, i, word);
    return (uint32_t)(word >> CSUM_SHIFT & 1) * PACKET_IP_CSUM_OK |
           (uint32_t)(word >> (CSUM_SHIFT - 1) & 1) * PACKET_L4_CSUM_OK;
}

/* A frame that is in pieces, wrong or nonsense: dropped whole, up to its EOP, and counted once. */
static void drop(struct ixgbe_rx_queue *q, uint32_t i, uint64_t word)
{
    if (word & STATUS(IXGBE_RXD_STAT_EOP)) {
        q->in_bad_frame = false;
        q->errors++;
    } else {
        q->in_bad_frame = true;
    }
    post(q, i, q->posted[i]);
}

static void announce(struct ixgbe_rx_queue *q, uint32_t taken)
{
    q->unannounced += taken;
    if (q->unannounced < RX_DOORBELL_EVERY)
        return;
    q->unannounced = 0;
    /* The tail is the first descriptor that is not the device's (7.1.9): it keeps one unused. */
    ixgbe_ring(&q->doorbell, (q->next - 1) & (RX_RING - 1));
}

unsigned ixgbe_rx_batch(struct ixgbe *dev, unsigned queue, struct packet **batch, unsigned max)
{
    struct ixgbe_rx_queue *q = &dev->rx[queue];
    uint32_t i = q->next;
    uint32_t taken = 0;
    unsigned n = 0;

    if (__builtin_expect(q->pool->available < max, 0))
        ixgbe_tx_reclaim(dev);
    /* Not more than a ring at a time: frames that are dropped must not keep us here. */
    while (n < max && taken < RX_RING && q->pool->available != 0) {
        uint64_t word = written_back(q, i);
        struct packet *packet = q->posted[i];

        if (!(word & IXGBE_RXD_STAT_DD))
            break;
        pci_dma_rmb();
        if (__builtin_expect(is_good(q, word, packet), 1)) {
            packet->len = LENGTH(word);
            packet->flags = checksums(q, i, word);
            q->bytes += packet->len;
            batch[n++] = packet;
            post(q, i, packet_alloc(q->pool));
        } else {
            drop(q, i, word);
        }
        i = (i + 1) & (RX_RING - 1);
        taken++;
    }
    q->packets += n;
    q->next = i;
    announce(q, taken);
    return n;
}
