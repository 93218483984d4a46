// SPDX-License-Identifier: ISC
/*
 * Statistics (datasheet 8.2.3.23): 64-bit counters behind registers that clear on read and stick at
 * their highest value. A pair of registers is one 36-bit counter: reading the low word takes all of
 * it and keeps the upper bits for the high word's reading, so that nothing is lost in between. Only
 * QPRC, QBRC and QPRDC are in a shared page: they are plain memory there and no read can clear
 * them; they start again when the driver reads their transmit counterparts. When nothing is shared
 * they are as the others.
 */
#include "nic.h"

static const struct stat {
    uint32_t offset;
    uint8_t counter;
    bool pair; /* the high word follows */
} stats[] = {
    {IXGBE_PRC64, C_PRC64, false},     {IXGBE_PRC127, C_PRC127, false},
    {IXGBE_PRC255, C_PRC255, false},   {IXGBE_PRC511, C_PRC511, false},
    {IXGBE_PRC1023, C_PRC1023, false}, {IXGBE_PRC1522, C_PRC1522, false},
    {IXGBE_GPRC, C_GPRC, false},       {IXGBE_BPRC, C_BPRC, false},
    {IXGBE_MPRC, C_MPRC, false},       {IXGBE_GORCL, C_GORC, true},
    {IXGBE_TORL, C_TOR, true},         {IXGBE_TPR, C_TPR, false},
    {IXGBE_RXNFGPC, C_RXNFGPC, false}, {IXGBE_RXNFGBCL, C_RXNFGBC, true},
    {IXGBE_RXDGPC, C_RXDGPC, false},   {IXGBE_RXDGBCL, C_RXDGBC, true},
    {IXGBE_MPC(0), C_MPC0, false},     {IXGBE_RLEC, C_RLEC, false},
    {IXGBE_RUC, C_RUC, false},         {IXGBE_ROC, C_ROC, false},
    {IXGBE_XEC, C_XEC, false},         {IXGBE_PTC64, C_PTC64, false},
    {IXGBE_PTC127, C_PTC127, false},   {IXGBE_PTC255, C_PTC255, false},
    {IXGBE_PTC511, C_PTC511, false},   {IXGBE_PTC1023, C_PTC1023, false},
    {IXGBE_PTC1522, C_PTC1522, false}, {IXGBE_GPTC, C_GPTC, false},
    {IXGBE_BPTC, C_BPTC, false},       {IXGBE_MPTC, C_MPTC, false},
    {IXGBE_GOTCL, C_GOTC, true},       {IXGBE_TPT, C_TPT, false},
    {IXGBE_TXDGPC, C_TXDGPC, false},   {IXGBE_TXDGBCL, C_TXDGBC, true},
};

static uint32_t take(struct nic *nic, unsigned counter)
{
    uint64_t value = nic->count[counter];

    nic->count[counter] = 0;
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static uint32_t take_low(struct nic *nic, unsigned counter)
{
    uint64_t value = nic->count[counter] + ((uint64_t)nic->count_high[counter] << 32);

    nic->count[counter] = 0;
    nic->count_high[counter] = value >> 36 ? 0xf : (uint32_t)(value >> 32);
    return value >> 36 ? UINT32_MAX : (uint32_t)value;
}

static uint32_t take_high(struct nic *nic, unsigned counter)
{
    uint32_t value = nic->count_high[counter];

    nic->count_high[counter] = 0;
    return value;
}

/* QPRC, QBRC_L, QBRC_H of 16 queues, and QPRDC. */
static bool is_queue_stat(uint32_t offset)
{
    return (offset >= IXGBE_QPRC(0) && offset <= IXGBE_QBRC_H(15) && (offset & 0x3f) >= 0x30 &&
            (offset & 0x3f) <= 0x38) ||
           (offset >= IXGBE_QPRDC(0) && offset <= IXGBE_QPRDC(15) && (offset & 0x3f) == 0x30);
}

uint32_t nic_queue_stat_read(struct nic *nic, uint32_t offset)
{
    uint32_t value = nic_hot_get(nic, offset);

    if (is_queue_stat(offset))
        nic_hot_put(nic, offset, 0);
    return value;
}

static void restart_queue_rx(struct nic *nic, unsigned i)
{
    if (nic->exact)
        return;
    nic_hot_put(nic, IXGBE_QPRC(i), 0);
    nic_hot_put(nic, IXGBE_QPRDC(i), 0);
}

static void restart_queue_rx_bytes(struct nic *nic, unsigned i)
{
    if (nic->exact)
        return;
    nic_hot_put(nic, IXGBE_QBRC_L(i), 0);
    nic_hot_put(nic, IXGBE_QBRC_H(i), 0);
}

uint32_t nic_stat_read(struct nic *nic, uint32_t offset)
{
    if (offset >= IXGBE_QPTC(0) && offset <= IXGBE_QPTC(15)) {
        restart_queue_rx(nic, (offset - IXGBE_QPTC(0)) / 4);
        return take(nic, C_QPTC + (offset - IXGBE_QPTC(0)) / 4);
    }
    if (offset >= IXGBE_QBTC_L(0) && offset <= IXGBE_QBTC_H(15)) {
        unsigned i = (offset - IXGBE_QBTC_L(0)) / 8;

        restart_queue_rx_bytes(nic, i);
        return offset & 4 ? take_high(nic, C_QBTC + i) : take_low(nic, C_QBTC + i);
    }
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
        if (offset == stats[i].offset)
            return stats[i].pair ? take_low(nic, stats[i].counter) : take(nic, stats[i].counter);
        if (stats[i].pair && offset == stats[i].offset + 4)
            return take_high(nic, stats[i].counter);
    }
    return 0;
}

/* What the driver mapped queue `queue` to: RQSMR and TQSM have four bits in each byte. */
static unsigned mapped(struct nic *nic, uint32_t base, unsigned queue)
{
    return *nic_reg(nic, base + queue / 4 * 4) >> (queue % 4 * 8) & 15;
}

/* What frames add to the counters of one direction. */
struct tally {
    uint64_t bytes; /* without FCS */
    uint64_t sizes; /* six numbers of 8 bits: a batch is at most 64 frames */
    uint32_t groups, broadcasts;
};

static struct tally tally_frames(const struct port_frame *frames, unsigned count)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint64_t bytes = 0, sizes = 0;
    uint32_t groups = 0, broadcasts = 0;

    static_assert(NIC_BATCH < 256, "a byte counts the frames of a size");
    for (unsigned i = 0; i < count; i++) {
        uint32_t size = frames[i].len + NIC_FCS;
        unsigned log2 = 31 - (unsigned)__builtin_clz(size | 64);

        bytes += frames[i].len;
        /* 64, 65-127, 128-255 ... 1024- */
        sizes += 1ull << 8 * (size <= 64 ? 0 : log2 < 10 ? log2 - 5 : 5);
        if (frames[i].data[0] & 1) {
            groups++;
            broadcasts += memcmp(frames[i].data, broadcast, 6) == 0;
        }
    }
    return (struct tally){bytes, sizes, groups, broadcasts};
}

void nic_count_rx(struct nic *nic, const struct port_frame *frames, unsigned count)
{
    const struct tally tally = tally_frames(frames, count);
    const uint64_t octets = tally.bytes + (uint64_t)count * NIC_FCS;
    static const uint8_t packet_counters[] = {C_GPRC, C_TPR, C_RXNFGPC, C_RXDGPC};
    static const uint8_t octet_counters[] = {C_GORC, C_TOR, C_RXNFGBC, C_RXDGBC};

    for (unsigned i = 0; i < 6; i++)
        nic->count[C_PRC64 + i] += tally.sizes >> 8 * i & 0xff;
    for (unsigned i = 0; i < sizeof(packet_counters); i++) {
        nic->count[packet_counters[i]] += count;
        nic->count[octet_counters[i]] += octets;
    }
    nic->count[C_BPRC] += tally.broadcasts;
    nic->count[C_MPRC] += tally.groups - tally.broadcasts;
    nic->dev.stats.rx_packets += count;
    nic->dev.stats.rx_bytes += tally.bytes;
}

void nic_count_lost(struct nic *nic, const struct port_frame *frame, bool good)
{
    nic->count[C_TPR]++;
    nic->count[C_TOR] += frame->len + NIC_FCS;
    if (good) {
        nic->count[C_RXNFGPC]++;
        nic->count[C_RXNFGBC] += frame->len + NIC_FCS;
    }
}

void nic_count_tx(struct nic *nic, unsigned queue, const struct port_frame *frames, unsigned count)
{
    const struct tally tally = tally_frames(frames, count);
    const uint64_t octets = tally.bytes + (uint64_t)count * NIC_FCS;
    const unsigned q = mapped(nic, IXGBE_TQSM(0), queue);
    const uint8_t packet_counters[] = {C_GPTC, C_TPT, C_TXDGPC, (uint8_t)(C_QPTC + q)};
    const uint8_t octet_counters[] = {C_GOTC, C_TXDGBC, (uint8_t)(C_QBTC + q)};

    for (unsigned i = 0; i < 6; i++)
        nic->count[C_PTC64 + i] += tally.sizes >> 8 * i & 0xff;
    for (unsigned i = 0; i < sizeof(packet_counters); i++)
        nic->count[packet_counters[i]] += count;
    for (unsigned i = 0; i < sizeof(octet_counters); i++)
        nic->count[octet_counters[i]] += octets;
    nic->count[C_BPTC] += tally.broadcasts;
    nic->count[C_MPTC] += tally.groups - tally.broadcasts;
    nic->dev.stats.tx_packets += count;
    nic->dev.stats.tx_bytes += tally.bytes;
}

void nic_count_queue_rx(struct nic *nic, unsigned queue, uint32_t packets, uint64_t bytes)
{
    unsigned q = mapped(nic, IXGBE_RQSMR(0), queue);
    uint64_t octets = nic_hot_get(nic, IXGBE_QBRC_L(q)) +
                      ((uint64_t)nic_hot_get(nic, IXGBE_QBRC_H(q)) << 32) + bytes;

    nic_hot_put(nic, IXGBE_QPRC(q), nic_hot_get(nic, IXGBE_QPRC(q)) + packets);
    nic_hot_put(nic, IXGBE_QBRC_L(q), (uint32_t)octets);
    nic_hot_put(nic, IXGBE_QBRC_H(q), (uint32_t)(octets >> 32) & 0xf);
}

void nic_count_queue_drop(struct nic *nic, unsigned queue, uint32_t packets)
{
    unsigned q = mapped(nic, IXGBE_RQSMR(0), queue);

    nic_hot_put(nic, IXGBE_QPRDC(q), nic_hot_get(nic, IXGBE_QPRDC(q)) + packets);
    nic->dev.stats.rx_missed += packets;
}
