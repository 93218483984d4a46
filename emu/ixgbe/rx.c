// SPDX-License-Identifier: ISC
/* Receive: which frames are taken from the port, what their descriptors will say, and what becomes
 * of the others. */
#include "nic.h"

/* How long frames wait for a descriptor: what a 512 KiB packet buffer holds at 10 Gbit/s. */
#define HOLD_NS 420000u

static bool accepted(const struct nic_rx_meta *meta)
{
    return meta->fate <= NIC_ACCEPT_INEXACT;
}

/* A frame that was not received, for whatever reason. */
static void count_lost(struct nic *nic, const struct port_frame *frame,
                       const struct nic_rx_meta *meta)
{
    static const uint8_t counters[] = {[NIC_UNDERSIZE] = C_RUC,
                                       [NIC_OVERSIZE] = C_ROC,
                                       [NIC_BAD_LENGTH] = C_RLEC,
                                       [NIC_MISSED] = C_MPC0};
    const bool bad = meta->fate >= NIC_UNDERSIZE && meta->fate <= NIC_BAD_LENGTH;

    nic_count_lost(nic, frame, !bad);
    if (meta->fate == NIC_DROPPED) {
        nic_count_queue_drop(nic, meta->queue, 1);
        return;
    }
    if (meta->fate == NIC_MISSED)
        nic->dev.stats.rx_missed++;
    else
        nic->dev.stats.rx_errors++;
    if (meta->fate != NIC_REJECT)
        nic->count[counters[meta->fate]]++;
}

static void count_received(struct nic *nic, const struct port_frame *frames,
                           const struct nic_rx_meta *meta, unsigned count)
{
    uint32_t wrong_sums = 0;

    for (unsigned i = 0; i < count; i++)
        wrong_sums += (meta[i].status & (IXGBE_RXD_ERR_IPE | IXGBE_RXD_ERR_L4E)) != 0;
    nic->count[C_XEC] += wrong_sums;
    nic_count_rx(nic, frames, count);
}

/* Frames that found no descriptor: they wait, unless they have done so for too long. Returns how
 * many are given up. */
static unsigned blocked(struct nic *nic, const struct port_frame *frames, struct nic_rx_meta *meta,
                        unsigned count)
{
    if (nic->rx_blocked == 0)
        nic->rx_blocked = nic->now;
    if (nic->now - nic->rx_blocked < HOLD_NS)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        if (accepted(&meta[i]))
            meta[i].fate = NIC_MISSED;
        count_lost(nic, &frames[i], &meta[i]);
    }
    nic_irq_misc(nic, IXGBE_EICR_RX_MISS);
    return count;
}

/* How many frames from the start have the same queue as the first. */
static unsigned run_of(const struct nic_rx_meta *meta, unsigned count)
{
    unsigned n = 0;

    while (n < count && accepted(&meta[n]) && meta[n].queue == meta[0].queue)
        n++;
    return n;
}

/*
 * Hands frames to their queues, in order. Returns how many are done with, one way or another;
 * *received: how many found a descriptor.
 */
static unsigned deliver(struct nic *nic, const struct port_frame *frames, struct nic_rx_meta *meta,
                        unsigned count, unsigned *received)
{
    unsigned at = 0;

    for (*received = 0; at < count;) {
        unsigned run = run_of(meta + at, count - at), queue = meta[at].queue;
        unsigned written = run ? nic_rx_write(nic, queue, frames + at, meta + at, run) : 0;

        if (written > 0) {
            count_received(nic, frames + at, meta + at, written);
            nic->rx_blocked = 0;
            *received += written;
            at += written;
        }
        if (written < run) {
            if (nic->rxq[queue].ring.on && !nic->rxq[queue].drop_en)
                return at + blocked(nic, frames + at, meta + at, count - at);
            meta[at].fate = NIC_DROPPED;
        }
        if (written < run || run == 0) {
            count_lost(nic, &frames[at], &meta[at]);
            at++;
        }
    }
    return count;
}

unsigned nic_rx_poll(struct nic *nic)
{
    struct port_frame frames[NIC_BATCH];
    struct nic_rx_meta meta[NIC_BATCH];
    unsigned count = NIC_BATCH, received;

    if (!(*nic_reg(nic, IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN) ||
        *nic_reg(nic, IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS)
        return 0;
    if (nic->filter_stale)
        nic_filter_update(nic);
    if (!nic->filter.rss) { /* there is no point in looking at more than the queue can take */
        uint32_t free = nic_rx_open(nic, 0)->free;

        count = free == 0 ? 1 : free < NIC_BATCH ? free : NIC_BATCH;
    }
    count = port_rx_peek(nic_port(nic), nic->now, frames, count);
    if (count == 0)
        return 0;
    nic_rx_classify(nic, frames, meta, count);
    count = deliver(nic, frames, meta, count, &received);
    nic_rx_publish(nic);
    port_rx_done(nic_port(nic), count);
    return received;
}
