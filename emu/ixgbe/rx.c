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

/* Frames that found no descriptor, from `at` on: they wait, unless they have done so for too long.
 */
static unsigned blocked(struct nic *nic, struct nic_rx_meta *meta, unsigned at, unsigned count)
{
    if (nic->rx_blocked == 0)
        nic->rx_blocked = nic->now;
    if (nic->now - nic->rx_blocked < HOLD_NS)
        return at;
    for (unsigned i = at; i < count; i++)
        if (accepted(&meta[i]))
            meta[i].fate = NIC_MISSED;
    nic_irq_misc(nic, IXGBE_EICR_RX_MISS);
    return count;
}

/* Hands frames to their queues, in order; returns how many are done with, one way or another. */
static unsigned deliver(struct nic *nic, const struct port_frame *frames, struct nic_rx_meta *meta,
                        unsigned count)
{
    unsigned at = 0;

    while (at < count) {
        unsigned queue = meta[at].queue, end = at, written;

        while (end < count && accepted(&meta[end]) && meta[end].queue == queue)
            end++;
        if (end == at) {
            at++;
            continue;
        }
        written = nic_rx_write(nic, queue, frames + at, meta + at, end - at);
        if (written > 0)
            nic->rx_blocked = 0;
        at += written;
        if (at == end)
            continue;
        if (nic->rxq[queue].ring.on && !nic->rxq[queue].drop_en)
            return blocked(nic, meta, at, count);
        meta[at++].fate = NIC_DROPPED;
    }
    return count;
}

static void count_error(struct nic *nic, const struct nic_rx_meta *meta)
{
    static const uint8_t counters[] = {[NIC_UNDERSIZE] = C_RUC,
                                       [NIC_OVERSIZE] = C_ROC,
                                       [NIC_BAD_LENGTH] = C_RLEC,
                                       [NIC_MISSED] = C_MPC0};

    if (meta->fate == NIC_DROPPED)
        nic_count_queue_drop(nic, meta->queue, 1);
    else if (meta->fate == NIC_MISSED)
        nic->dev.stats.rx_missed++;
    else
        nic->dev.stats.rx_errors++;
    if (meta->fate != NIC_DROPPED && meta->fate != NIC_REJECT)
        nic->count[counters[meta->fate]]++;
}

static unsigned count_frames(struct nic *nic, const struct port_frame *frames,
                             const struct nic_rx_meta *meta, unsigned count)
{
    struct nic_tally tally = {0};
    uint64_t bytes = 0, bad = 0, bad_bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        bytes += frames[i].len;
        if (meta[i].status & (IXGBE_RXD_ERR_IPE | IXGBE_RXD_ERR_L4E))
            nic->count[C_XEC]++;
        if (accepted(&meta[i])) {
            nic_tally_frame(&tally, frames[i].data, frames[i].len);
            continue;
        }
        count_error(nic, &meta[i]);
        if (meta[i].fate >= NIC_UNDERSIZE && meta[i].fate <= NIC_BAD_LENGTH) {
            bad++;
            bad_bytes += frames[i].len;
        }
    }
    nic->count[C_TPR] += count;
    nic->count[C_TOR] += bytes + (uint64_t)count * NIC_FCS;
    nic->count[C_RXNFGPC] += count - bad;
    nic->count[C_RXNFGBC] += bytes - bad_bytes + (count - bad) * NIC_FCS;
    nic_count_rx(nic, &tally);
    return tally.packets;
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
    count = port_rx_peek(nic->dev.port, nic->now, frames, count);
    if (count == 0)
        return 0;
    nic_rx_classify(nic, frames, meta, count);
    count = deliver(nic, frames, meta, count);
    received = count_frames(nic, frames, meta, count);
    nic_rx_publish(nic);
    port_rx_done(nic->dev.port, count);
    return received;
}
