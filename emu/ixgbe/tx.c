// SPDX-License-Identifier: ISC
/*
 * Transmit (datasheet 7.2): a turn of a queue copies descriptors, makes frames of them, offers the
 * frames to the port, and reports those descriptors whose frames it took. What it did not take is
 * done again in the next turn.
 */
#include "nic.h"

#define SCAN_NS 20000u /* between two looks at all queues, which takes about 0.2 us */

static uint32_t length_of(const union ixgbe_tx_desc *desc)
{
    return desc->data.cmd_type_len & IXGBE_TXD_LEN_MASK;
}

static bool is_context(const union ixgbe_tx_desc *desc)
{
    return (desc->data.cmd_type_len & (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_MASK)) ==
           (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_CONTEXT);
}

/* A whole frame in one buffer that nothing is to be done with. */
static inline bool is_plain(const union ixgbe_tx_desc *desc)
{
    const uint32_t advanced = IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_MASK | IXGBE_TXD_CMD_EOP |
                              IXGBE_TXD_CMD_VLE | IXGBE_TXD_CMD_TSE;
    const uint32_t legacy =
        IXGBE_TXD_CMD_DEXT | IXGBE_TXD_CMD_EOP | IXGBE_TXD_CMD_VLE | IXGBE_TXD_CMD_IC;
    uint32_t cmd = desc->data.cmd_type_len;

    if ((cmd & advanced) == (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_EOP))
        return !(desc->data.olinfo_status & (IXGBE_TXD_POPTS_IXSM | IXGBE_TXD_POPTS_TXSM));
    return (cmd & legacy) == IXGBE_TXD_CMD_EOP;
}

/* Which queues are enabled. Nothing tells: their registers are shared memory. */
static void scan(struct nic *nic)
{
    nic->tx_scan_at = nic->now + SCAN_NS;
    for (unsigned word = 0; word < NIC_QUEUES / 64; word++) {
        nic->tx_active[word] = 0;
        for (unsigned i = 0; i < 64; i++)
            if (nic_hot_get(nic, IXGBE_TXDCTL(word * 64 + i)) & IXGBE_TXDCTL_ENABLE)
                nic->tx_active[word] |= 1ull << i;
    }
}

/* Copies what waits from the ring: from here on the driver cannot change it. */
static bool fetch(struct nic *nic, const struct nic_ring *ring, uint32_t count)
{
    struct nic_tx_batch *tx = &nic->tx;
    uint32_t at = ring->head;

    tx->desc_count = 0;
    while (tx->desc_count < count) {
        uint32_t run = nic_ring_run(ring, at), rest = count - tx->desc_count;
        const union ixgbe_tx_desc *desc;

        run = run < rest ? run : rest;
        desc = nic_ring_at(&nic->dev.dma, ring, at, run, EMU_DMA_READ);
        if (!desc)
            return false;
        for (uint32_t i = 0; i < run; i++)
            tx->desc[tx->desc_count++] = desc[i];
        at = nic_ring_next(ring, at, run);
    }
    return true;
}

static void set_context(struct nic_tx_batch *tx, struct nic_tx_mark *mark,
                        const union ixgbe_tx_desc *desc)
{
    unsigned slot = desc->context.mss_l4len_idx >> IXGBE_TXD_IDX_SHIFT & 1;

    tx->contexts[tx->contexts_count] = tx->contexts[mark->contexts];
    tx->contexts[tx->contexts_count].slot[slot] = desc->context;
    mark->contexts = (uint16_t)tx->contexts_count++;
}

/* How many descriptors the packet at `at` has; 0: its end has not been fetched. *broken: a context
 * lies within it. */
static unsigned packet_descriptors(const struct nic_tx_batch *tx, unsigned at, bool *broken)
{
    *broken = false;
    for (unsigned i = at; i < tx->desc_count; i++) {
        *broken |= is_context(&tx->desc[i]);
        if (tx->desc[i].data.cmd_type_len & IXGBE_TXD_CMD_EOP)
            return i + 1 - at;
    }
    return 0;
}

/* The packet's bytes to tx->packet; their number, or 0 if there are none, too many, or not in
 * memory. */
static uint32_t gather(struct nic *nic, unsigned at, unsigned count)
{
    struct nic_tx_batch *tx = &nic->tx;
    uint32_t len = 0;

    for (unsigned i = at; i < at + count; i++) {
        uint32_t part = length_of(&tx->desc[i]);

        if (part > NIC_TX_PACKET - len)
            return 0;
        if (part > 0 && !emu_dma_read(&nic->dev.dma, tx->desc[i].data.addr, tx->packet + len, part))
            return 0;
        len += part;
    }
    return len;
}

/* Adds the frames of the packet at mark. false: no room, or its last descriptors are missing. */
static bool add_packet(struct nic *nic, struct nic_tx_mark *mark)
{
    struct nic_tx_batch *tx = &nic->tx;
    const union ixgbe_tx_desc *first = &tx->desc[mark->descriptors];
    bool broken, legacy = !(first->data.cmd_type_len & IXGBE_TXD_CMD_DEXT);
    unsigned count = packet_descriptors(tx, mark->descriptors, &broken);
    struct nic_tx_mark then = {(uint16_t)(mark->descriptors + count), mark->contexts, 0};
    const char *wrong = NULL;
    uint32_t len;

    if (count == 0)
        return false;
    len = broken ? 0 : gather(nic, mark->descriptors, count);
    if (len == 0)
        wrong = broken ? "a context descriptor inside it" : "empty, too long or not in memory";
    else if (!nic_tx_offload(nic, len, legacy ? first + count - 1 : first, then, &wrong))
        return false;
    if (wrong) {
        nic->dev.stats.tx_errors++;
        emu_log(&nic->dev, EMU_LOG_WARN, "packet not sent: %s", wrong);
        *mark = then;
    }
    return true;
}

/* Frames that can be sent from where they lie, from mark on, as long as there are some. */
static void add_plain(struct nic *nic)
{
    struct nic_tx_batch *tx = &nic->tx;
    const struct nic_tx_mark start = tx->marks[tx->count];
    const union ixgbe_tx_desc *desc = &tx->desc[start.descriptors];
    struct port_frame *frame = &tx->frames[tx->count];
    unsigned room = NIC_BATCH - tx->count, rest = tx->desc_count - start.descriptors, n;

    for (n = 0; n < room && n < rest; n++) {
        uint32_t len = length_of(&desc[n]);

        if (!is_plain(&desc[n]) || len < PORT_FRAME_MIN || len > PORT_FRAME_MAX)
            break;
        frame[n].data = emu_dma_at(&nic->dev.dma, desc[n].data.addr, len, EMU_DMA_READ);
        if (!frame[n].data)
            break;
        __builtin_prefetch(frame[n].data);
        frame[n].len = len;
    }
    for (unsigned i = 1; i <= n; i++)
        tx->marks[tx->count + i] =
            (struct nic_tx_mark){(uint16_t)(start.descriptors + i), start.contexts, 0};
    tx->count += n;
}

/* Frames of what was fetched, as many as there is room for. */
static void make_frames(struct nic *nic)
{
    struct nic_tx_batch *tx = &nic->tx;

    for (;;) {
        struct nic_tx_mark *mark;
        const union ixgbe_tx_desc *desc;

        add_plain(nic);
        mark = &tx->marks[tx->count];
        if (mark->descriptors == tx->desc_count)
            return;
        desc = &tx->desc[mark->descriptors];
        if (is_context(desc)) {
            set_context(tx, mark, desc);
            mark->descriptors++;
        } else if (!add_packet(nic, mark)) {
            return;
        }
    }
}

/* Tells the driver what is done (7.2.3.5): DD where RS asks for it, or the head's value. */
static bool report(struct nic *nic, unsigned queue, unsigned count)
{
    struct nic_ring *ring = &nic->txq[queue].ring;
    uint32_t low = nic_hot_get(nic, IXGBE_TDWBAL(queue)), head;
    uint64_t high = nic_hot_get(nic, IXGBE_TDWBAH(queue));
    bool asked = false;

    for (unsigned i = 0; i < count; i++) {
        union ixgbe_tx_desc *desc;

        if (!(nic->tx.desc[i].data.cmd_type_len & IXGBE_TXD_CMD_RS))
            continue;
        asked = true;
        if (low & IXGBE_TDWBAL_HEAD_WB_EN)
            continue;
        desc =
            nic_ring_at(&nic->dev.dma, ring, nic_ring_next(ring, ring->head, i), 1, EMU_DMA_WRITE);
        if (desc)
            __atomic_store_n(&desc->data.olinfo_status,
                             nic->tx.desc[i].data.olinfo_status | IXGBE_TXD_STAT_DD,
                             __ATOMIC_RELEASE);
    }
    head = nic_ring_next(ring, ring->head, count);
    if (asked && low & IXGBE_TDWBAL_HEAD_WB_EN)
        emu_dma_write(&nic->dev.dma, high << 32 | (low & ~3u), &head, sizeof(head));
    return asked;
}

static unsigned send(struct nic *nic, unsigned queue)
{
    struct nic_tx_batch *tx = &nic->tx;
    struct nic_txq *q = &nic->txq[queue];
    unsigned sent = tx->count ? port_tx(nic_port(nic), nic->now, tx->frames, tx->count) : 0;
    const struct nic_tx_mark *mark = &tx->marks[sent];

    nic_count_tx(nic, queue, tx->frames, sent);
    q->segments = mark->segments;
    if (mark->descriptors == 0)
        return sent;
    q->contexts = tx->contexts[mark->contexts];
    if (report(nic, queue, mark->descriptors))
        nic_irq_queue(nic, nic_ivar(nic, queue, true));
    q->ring.head = nic_ring_next(&q->ring, q->ring.head, mark->descriptors);
    nic_hot_put(nic, IXGBE_TDH(queue), q->ring.head);
    return mark->descriptors;
}

static unsigned poll_queue(struct nic *nic, unsigned queue)
{
    struct nic_txq *q = &nic->txq[queue];
    struct nic_tx_batch *tx = &nic->tx;
    bool changed;
    uint32_t waiting = nic_ring_open(nic, &q->ring, IXGBE_TXQ(queue), &changed);

    if (waiting == 0)
        return 0;
    if (changed) {
        memset(&q->contexts, 0, sizeof(q->contexts));
        q->segments = 0;
    }
    if (!fetch(nic, &q->ring, waiting < NIC_BATCH ? waiting : NIC_BATCH)) {
        nic_ring_stop(nic, &q->ring, IXGBE_TXQ(queue), "its descriptors are not in memory");
        return 0;
    }
    tx->count = 0;
    tx->arena_used = 0;
    tx->marks[0] = (struct nic_tx_mark){.segments = q->segments};
    tx->contexts[0] = q->contexts;
    tx->contexts_count = 1;
    make_frames(nic);
    if (tx->count == 0 && tx->marks[0].descriptors == 0 && tx->desc_count >= NIC_TX_DESC_MAX) {
        nic_ring_stop(nic, &q->ring, IXGBE_TXQ(queue), "a packet of more than 40 descriptors");
        return 0;
    }
    return send(nic, queue);
}

unsigned nic_tx_poll(struct nic *nic)
{
    unsigned done = 0;

    if (!(*nic_reg(nic, IXGBE_DMATXCTL) & IXGBE_DMATXCTL_TE))
        return 0;
    if (nic->now >= nic->tx_scan_at)
        scan(nic);
    for (unsigned word = 0; word < NIC_QUEUES / 64; word++)
        for (uint64_t bits = nic->tx_active[word]; bits; bits &= bits - 1)
            done += poll_queue(nic, word * 64 + (unsigned)__builtin_ctzll(bits));
    return done;
}
