// SPDX-License-Identifier: ISC
/* Receive: frames into the driver's buffers, and descriptors back (datasheet 7.1.5, 7.1.6). */
#include "nic.h"

typedef uint64_t vec32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t vec16 __attribute__((vector_size(16), may_alias));

/* Most frames are small, and a call of memcpy costs as much as copying them. */
static inline void copy(uint8_t *to, const uint8_t *from, uint32_t len)
{
    if (len < 32 || len > 128) {
        memcpy(to, from, len);
        return;
    }
    if (len > 64) {
        *(vec32 *)(to + 32) = *(const vec32 *)(from + 32);
        *(vec32 *)(to + len - 64) = *(const vec32 *)(from + len - 64);
    }
    *(vec32 *)to = *(const vec32 *)from;
    *(vec32 *)(to + len - 32) = *(const vec32 *)(from + len - 32);
}

struct nic_rxq *nic_rx_open(struct nic *nic, unsigned queue)
{
    struct nic_rxq *q = &nic->rxq[queue];
    uint32_t srrctl;
    bool changed;

    if (q->turn == nic->turn)
        return q;
    q->turn = nic->turn;
    q->free = nic_ring_open(nic, &q->ring, IXGBE_RXQ(queue), &changed);
    q->strip_vlan = nic_hot_get(nic, IXGBE_RXDCTL(queue)) & IXGBE_RXDCTL_VME;
    if (!changed || !q->ring.on)
        return q;
    srrctl = nic_hot_get(nic, IXGBE_SRRCTL(queue));
    q->drop_en = srrctl & IXGBE_SRRCTL_DROP_EN;
    q->legacy = (srrctl & IXGBE_SRRCTL_DESCTYPE) == IXGBE_SRRCTL_DESCTYPE_LEGACY;
    q->buffer_size = (srrctl & IXGBE_SRRCTL_BSIZEPACKET) * 1024;
    if (q->buffer_size == 0 || q->buffer_size > 16384) {
        nic_ring_stop(nic, &q->ring, IXGBE_RXQ(queue), "SRRCTL.BSIZEPACKET is not 1 to 16 KiB");
        q->free = 0;
    }
    return q;
}

/*
 * Advanced: one 16-byte store, so that the driver, which looks for DD, finds the rest with it.
 * Legacy: the address stays; IPE and L4E are bits 7 and 6 of the errors there, too.
 */
static inline void write_back(const struct nic_rxq *q, union ixgbe_rx_desc *desc,
                              const struct nic_rx_meta *meta, uint32_t status, uint32_t len)
{
    uint64_t vlan = status & IXGBE_RXD_STAT_VP ? (uint64_t)meta->vlan << 48 : 0;

    status |= IXGBE_RXD_STAT_DD;
    if (q->legacy) {
        uint64_t errors = status >> 24 & (IXGBE_RXD_LEGACY_ERR_IPE | IXGBE_RXD_LEGACY_ERR_L4E);

        __atomic_store_n(&desc->qword[1],
                         len | (uint64_t)(status & 0xff) << 32 | errors << 40 | vlan,
                         __ATOMIC_RELAXED);
    } else {
        *(volatile vec16 *)desc =
            (vec16){meta->info | (uint64_t)meta->rss << 32, status | (uint64_t)len << 32 | vlan};
    }
}

/* Frames that need nothing done and fit one buffer each; returns how many there are at the start of
 * `count`. */
static unsigned write_plain(struct nic *nic, const struct nic_rxq *q, union ixgbe_rx_desc *desc,
                            const struct port_frame *frames, const struct nic_rx_meta *meta,
                            unsigned count)
{
    const uint32_t special = q->strip_vlan ? IXGBE_RXD_STAT_VP : 0;
    uint8_t *to[NIC_BATCH];
    unsigned n;

    if (!nic->filter.strip_crc)
        return 0;
    for (n = 0; n < count && frames[n].len <= q->buffer_size && !(meta[n].status & special); n++) {
        uint64_t addr = __atomic_load_n(&desc[n].read.pkt_addr, __ATOMIC_RELAXED);

        to[n] = emu_dma_at(&nic->dev.dma, addr, frames[n].len, EMU_DMA_WRITE);
        __builtin_prefetch(to[n], 1);
    }
    for (unsigned i = 0; i < n; i++) {
        if (to[i])
            copy(to[i], frames[i].data, frames[i].len);
        else /* as an IOMMU does it: the data is lost, the device goes on */
            nic->dev.stats.rx_errors++;
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (unsigned i = 0; i < n; i++)
        write_back(q, &desc[i], &meta[i],
                   (meta[i].status & ~IXGBE_RXD_STAT_VP) | IXGBE_RXD_STAT_EOP, frames[i].len);
    return n;
}

/* The frame as it goes to memory: without the tag that the descriptor will hold, with its FCS if
 * that is wanted. */
static uint32_t edit(struct nic *nic, const struct nic_rxq *q, const struct port_frame *frame,
                     struct nic_rx_meta *meta, uint8_t *to)
{
    uint32_t len = frame->len;

    if (q->strip_vlan && meta->status & IXGBE_RXD_STAT_VP) {
        len -= 4;
        memcpy(to, frame->data, 12);
        memcpy(to + 12, frame->data + 16, len - 12);
    } else {
        memcpy(to, frame->data, len);
        meta->status &= ~IXGBE_RXD_STAT_VP;
    }
    if (!nic->filter.strip_crc) {
        uint32_t fcs = nic_crc32(frame->data, frame->len, NIC_CRC_ETHERNET);

        memcpy(to + len, &fcs, NIC_FCS);
        len += NIC_FCS;
    }
    return len;
}

static union ixgbe_rx_desc *descriptors(struct nic *nic, unsigned queue, uint32_t i, uint32_t count)
{
    struct nic_rxq *q = &nic->rxq[queue];
    void *desc = nic_ring_at(&nic->dev.dma, &q->ring, i, count, EMU_DMA_WRITE);

    if (desc && nic_ring_at(&nic->dev.dma, &q->ring, i, count, EMU_DMA_READ))
        return desc;
    nic_ring_stop(nic, &q->ring, IXGBE_RXQ(queue),
                  "its descriptors are not readable and writable memory");
    q->free = 0;
    return NULL;
}

/* Any frame: over as many buffers as it takes. Returns how many, 0 if there are not enough. */
static uint32_t write_chain(struct nic *nic, unsigned queue, const struct port_frame *frame,
                            struct nic_rx_meta meta)
{
    struct nic_rxq *q = &nic->rxq[queue];
    uint8_t data[PORT_FRAME_MAX + NIC_FCS];
    uint32_t len = edit(nic, q, frame, &meta, data);
    uint32_t buffers = (len + q->buffer_size - 1) / q->buffer_size;

    if (buffers > q->free)
        return 0;
    for (uint32_t i = 0; i < buffers; i++) {
        uint32_t at = i * q->buffer_size;
        uint32_t part = i + 1 < buffers ? q->buffer_size : len - at;
        union ixgbe_rx_desc *desc =
            descriptors(nic, queue, nic_ring_next(&q->ring, q->ring.head, i), 1);
        static const struct nic_rx_meta none;
        uint64_t addr;

        if (!desc)
            return 0;
        addr = __atomic_load_n(&desc->read.pkt_addr, __ATOMIC_RELAXED);
        if (!emu_dma_write(&nic->dev.dma, addr, data + at, part))
            nic->dev.stats.rx_errors++;
        __atomic_thread_fence(__ATOMIC_RELEASE);
        if (i + 1 < buffers)
            write_back(q, desc, &none, 0, part);
        else
            write_back(q, desc, &meta, meta.status | IXGBE_RXD_STAT_EOP, part);
    }
    return buffers;
}

static void advance(struct nic *nic, unsigned queue, uint32_t descriptors_used)
{
    struct nic_rxq *q = &nic->rxq[queue];

    q->ring.head = nic_ring_next(&q->ring, q->ring.head, descriptors_used);
    q->free -= descriptors_used;
    nic->rx_touched[queue / 64] |= 1ull << queue % 64;
}

unsigned nic_rx_write(struct nic *nic, unsigned queue, const struct port_frame *frames,
                      const struct nic_rx_meta *meta, unsigned count)
{
    struct nic_rxq *q = nic_rx_open(nic, queue);
    unsigned done = 0;

    while (done < count && q->free > 0) {
        uint32_t run = nic_ring_run(&q->ring, q->ring.head), used;
        union ixgbe_rx_desc *desc;
        unsigned n;

        run = run < q->free ? run : q->free;
        run = run < count - done ? run : count - done;
        desc = descriptors(nic, queue, q->ring.head, run);
        if (!desc)
            break;
        used = n = write_plain(nic, q, desc, frames + done, meta + done, run);
        if (n == 0) {
            used = write_chain(nic, queue, &frames[done], meta[done]);
            n = 1;
        }
        if (used == 0)
            break;
        advance(nic, queue, used);
        for (unsigned i = 0; i < n; i++)
            q->bytes += frames[done + i].len;
        q->packets += n;
        done += n;
    }
    return done;
}

void nic_rx_publish(struct nic *nic)
{
    for (unsigned word = 0; word < NIC_QUEUES / 64; word++) {
        for (uint64_t bits = nic->rx_touched[word]; bits; bits &= bits - 1) {
            unsigned queue = word * 64 + (unsigned)__builtin_ctzll(bits);
            struct nic_rxq *q = &nic->rxq[queue];

            nic_hot_put(nic, IXGBE_RDH(queue), q->ring.head);
            nic_count_queue_rx(nic, queue, q->packets, q->bytes);
            q->packets = 0;
            q->bytes = 0;
            nic_irq_queue(nic, nic_ivar(nic, queue, false));
        }
        nic->rx_touched[word] = 0;
    }
}
