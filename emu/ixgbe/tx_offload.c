// SPDX-License-Identifier: ISC
/* Transmit offloads (datasheet 7.2.4, 7.2.5): VLAN tags, checksums, segmentation. */
#include "nic.h"

/* Offsets in headers, and their sizes. */
enum {
    ETH_ADDRESSES = 12,
    ETH_HEADER = 14,
    IPV4_LENGTH = 2,
    IPV4_ID = 4,
    IPV4_SUM = 10,
    IPV4_HEADER = 20,
    IPV6_LENGTH = 4,
    IPV6_HEADER = 40,
    TCP_SEQUENCE = 4,
    TCP_FLAGS = 12,
    TCP_SUM = 16,
    TCP_HEADER = 20,
    UDP_LENGTH = 4,
    UDP_SUM = 6,
    UDP_HEADER = 8,
    SCTP_SUM = 8,
    SCTP_HEADER = 12,
};

#define HEADERS_MAX (IXGBE_TXD_MACLEN_MASK + IXGBE_TXD_IPLEN_MASK + 255)

/* What the context says about the packet's headers. */
struct layout {
    enum { L4_UDP, L4_TCP, L4_SCTP, L4_RESERVED } kind;
    uint32_t l3, l4; /* offsets */
    uint32_t l4_len;
    uint32_t mss;
};

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_sum(uint8_t *at, uint64_t sum)
{
    uint16_t value = (uint16_t)~nic_fold(sum);

    memcpy(at, &value, sizeof(value));
}

static struct layout layout_of(const struct ixgbe_tx_context *context)
{
    uint32_t lens = context->vlan_macip_lens;
    uint32_t l3 = lens >> IXGBE_TXD_MACLEN_SHIFT & IXGBE_TXD_MACLEN_MASK;

    return (struct layout){
        .kind = context->type_tucmd >> 11 & 3,
        .l3 = l3,
        .l4 = l3 + (lens & IXGBE_TXD_IPLEN_MASK),
        .l4_len = context->mss_l4len_idx >> IXGBE_TXD_L4LEN_SHIFT & 0xff,
        .mss = context->mss_l4len_idx >> IXGBE_TXD_MSS_SHIFT,
    };
}

/* Adds one frame: a header and what follows it, with a tag put in between the addresses and the
 * type (-1: none). */
static bool add_frame(struct nic *nic, const uint8_t *header, uint32_t header_len,
                      const uint8_t *rest, uint32_t rest_len, int32_t tag, struct nic_tx_mark then)
{
    struct nic_tx_batch *tx = &nic->tx;
    uint8_t *frame = tx->arena + tx->arena_used, *to = frame + ETH_ADDRESSES;
    uint32_t len = header_len + rest_len + (tag < 0 ? 0 : 4);

    if (tx->count == NIC_BATCH || NIC_TX_ARENA - tx->arena_used < len + PORT_FRAME_MIN)
        return false;
    memcpy(frame, header, ETH_ADDRESSES);
    if (tag >= 0) {
        put16(to, *nic_reg(nic, IXGBE_DMATXCTL) >> 16);
        put16(to + 2, (uint32_t)tag);
        to += 4;
    }
    memcpy(to, header + ETH_ADDRESSES, header_len - ETH_ADDRESSES);
    memcpy(to + header_len - ETH_ADDRESSES, rest, rest_len);
    if (len < PORT_FRAME_MIN) {
        memset(frame + len, 0, PORT_FRAME_MIN - len);
        len = PORT_FRAME_MIN;
    }
    tx->arena_used += len;
    tx->frames[tx->count] = (struct port_frame){frame, len};
    tx->marks[++tx->count] = then;
    return true;
}

static void insert_ip_sum(uint8_t *ip, uint32_t len)
{
    put16(ip + IPV4_SUM, 0);
    put_sum(ip + IPV4_SUM, nic_sum(ip, len, 0));
}

/* The field already holds the pseudo header's sum, from the driver (7.2.5.3). */
static void insert_l4_sum(uint8_t *l4, uint32_t len, const struct layout *layout)
{
    if (layout->kind == L4_SCTP) {
        uint32_t crc;

        memset(l4 + SCTP_SUM, 0, sizeof(crc));
        crc = nic_crc32(l4, len, NIC_CRC_SCTP);
        memcpy(l4 + SCTP_SUM, &crc, sizeof(crc));
        return;
    }
    put_sum(l4 + (layout->kind == L4_TCP ? TCP_SUM : UDP_SUM), nic_sum(l4, len, 0));
    if (layout->kind == L4_UDP && get16(l4 + UDP_SUM) == 0)
        put16(l4 + UDP_SUM, 0xffff);
}

static const char *insert_sums(uint8_t *packet, uint32_t len, const struct layout *layout,
                               uint32_t options)
{
    static const uint8_t header[] = {
        [L4_UDP] = UDP_HEADER, [L4_TCP] = TCP_HEADER, [L4_SCTP] = SCTP_HEADER};

    if (layout->l3 < ETH_HEADER || layout->l4 > len)
        return "its context's header lengths exceed it";
    if (options & IXGBE_TXD_POPTS_IXSM && packet[layout->l3] >> 4 == 4) {
        if (layout->l4 - layout->l3 < IPV4_HEADER)
            return "its context's IPLEN is too short";
        insert_ip_sum(packet + layout->l3, layout->l4 - layout->l3);
    }
    if (options & IXGBE_TXD_POPTS_TXSM) {
        if (layout->kind == L4_RESERVED || header[layout->kind] > len - layout->l4)
            return "no room for the checksum its context asks for";
        insert_l4_sum(packet + layout->l4, len - layout->l4, layout);
    }
    return NULL;
}

/* ---- segmentation, 7.2.4 ---- */

/* TCP flags as DTXTCPFLGL and DTXTCPFLGH leave them, for the first, a middle and the last segment.
 */
static void mask_flags(struct nic *nic, uint8_t *tcp, bool first, bool last)
{
    uint32_t low = *nic_reg(nic, IXGBE_DTXTCPFLGL), high = *nic_reg(nic, IXGBE_DTXTCPFLGH);
    uint32_t mask = last ? high : first ? low : low >> 16;

    put16(tcp + TCP_FLAGS, get16(tcp + TCP_FLAGS) & (0xf000 | (mask & 0x0fff)));
}

/* The headers of the segment that begins at `at` bytes of payload and has `part` of them. */
static void segment_headers(struct nic *nic, uint8_t *headers, const struct layout *layout,
                            uint32_t index, const uint8_t *payload, uint32_t part, bool last)
{
    uint8_t *ip = headers + layout->l3, *l4 = headers + layout->l4;
    uint32_t ip_len = layout->l4 - layout->l3, l4_len = layout->l4_len + part, sequence;
    uint8_t length[2];
    uint64_t sum;

    if (ip[0] >> 4 == 4) {
        put16(ip + IPV4_LENGTH, ip_len + l4_len);
        put16(ip + IPV4_ID, get16(ip + IPV4_ID) + index);
        insert_ip_sum(ip, ip_len);
    } else {
        put16(ip + IPV6_LENGTH, ip_len - IPV6_HEADER + l4_len);
    }
    if (layout->kind == L4_TCP) {
        sequence = (uint32_t)get16(l4 + TCP_SEQUENCE) << 16 | get16(l4 + TCP_SEQUENCE + 2);
        sequence += index * layout->mss;
        put16(l4 + TCP_SEQUENCE, sequence >> 16);
        put16(l4 + TCP_SEQUENCE + 2, sequence);
        mask_flags(nic, l4, index == 0, last);
    } else {
        put16(l4 + UDP_LENGTH, l4_len);
    }
    /* Here the driver's pseudo header sum lacks the length. */
    put16(length, l4_len);
    sum = nic_sum(payload, part, nic_sum(l4, layout->l4_len, nic_sum(length, 2, 0)));
    put_sum(l4 + (layout->kind == L4_TCP ? TCP_SUM : UDP_SUM), sum);
    if (layout->kind == L4_UDP && get16(l4 + UDP_SUM) == 0)
        put16(l4 + UDP_SUM, 0xffff);
}

static const char *check_segmentation(const uint8_t *packet, uint32_t len,
                                      const struct layout *layout, uint32_t payload_len)
{
    uint32_t headers = layout->l4 + layout->l4_len;
    bool tcp = layout->kind == L4_TCP;

    if (!tcp && layout->kind != L4_UDP)
        return "segmentation of something that is neither TCP nor UDP";
    if (layout->l3 < ETH_HEADER || headers > len ||
        layout->l4_len < (tcp ? TCP_HEADER : UDP_HEADER))
        return "segmentation with header lengths that make no sense";
    if (layout->l4 - layout->l3 < (packet[layout->l3] >> 4 == 4 ? IPV4_HEADER : IPV6_HEADER))
        return "segmentation with an IPLEN that is too short";
    if (layout->mss == 0 || headers + layout->mss + 4 > PORT_FRAME_MAX)
        return "segmentation with an MSS of 0 or above 16 KiB";
    return payload_len == len - headers ? NULL : "segmentation with a wrong PAYLEN";
}

static bool add_segments(struct nic *nic, uint32_t len, const struct layout *layout, int32_t tag,
                         struct nic_tx_mark then)
{
    const struct nic_tx_mark start = nic->tx.marks[nic->tx.count];
    const uint32_t headers_len = layout->l4 + layout->l4_len, payload_len = len - headers_len;
    uint32_t count = payload_len ? (payload_len + layout->mss - 1) / layout->mss : 1;
    uint8_t headers[HEADERS_MAX];

    for (uint32_t i = start.segments; i < count; i++) {
        const uint8_t *payload = nic->tx.packet + headers_len + i * layout->mss;
        bool last = i + 1 == count;
        uint32_t part = last ? payload_len - i * layout->mss : layout->mss;
        struct nic_tx_mark mark = {start.descriptors, start.contexts, i + 1};

        memcpy(headers, nic->tx.packet, headers_len);
        segment_headers(nic, headers, layout, i, payload, part, last);
        if (!add_frame(nic, headers, headers_len, payload, part, tag, last ? then : mark))
            return false;
    }
    return true;
}

/* ---- what a descriptor asks for ---- */

/* Legacy: one sum from CSS to the end, put at CSO (7.2.3.2.2). */
static bool offload_legacy(struct nic *nic, uint32_t len, const struct ixgbe_tx_legacy *desc,
                           struct nic_tx_mark then, const char **wrong)
{
    uint32_t cmd = (uint32_t)desc->cmd << 24;
    uint8_t *packet = nic->tx.packet;

    if (cmd & IXGBE_TXD_CMD_IC) {
        if (desc->css >= len || desc->cso + 2u > len) {
            *wrong = "its CSS or CSO lies outside";
            return true;
        }
        put_sum(packet + desc->cso, nic_sum(packet + desc->css, len - desc->css, 0));
    }
    return add_frame(nic, packet, len, packet + len, 0, cmd & IXGBE_TXD_CMD_VLE ? desc->vlan : -1,
                     then);
}

bool nic_tx_offload(struct nic *nic, uint32_t len, const union ixgbe_tx_desc *desc,
                    struct nic_tx_mark then, const char **wrong)
{
    uint32_t cmd = desc->data.cmd_type_len, options = desc->data.olinfo_status;
    const struct ixgbe_tx_context *context =
        &nic->tx.contexts[then.contexts].slot[options >> IXGBE_TXD_IDX_SHIFT & 1];
    const struct layout layout = layout_of(context);
    int32_t tag = cmd & IXGBE_TXD_CMD_VLE ? (int32_t)(context->vlan_macip_lens >> 16) : -1;
    uint8_t *packet = nic->tx.packet;

    if (len < ETH_HEADER)
        *wrong = "shorter than an Ethernet header";
    else if (!(cmd & IXGBE_TXD_CMD_TSE && cmd & IXGBE_TXD_CMD_DEXT) && len > PORT_FRAME_MAX - 4)
        *wrong = "longer than 16 KiB";
    else if (!(cmd & IXGBE_TXD_CMD_DEXT))
        return offload_legacy(nic, len, &desc->legacy, then, wrong);
    else if ((cmd & IXGBE_TXD_DTYP_MASK) != IXGBE_TXD_DTYP_DATA)
        *wrong = "an unknown descriptor type";
    else if (cmd & IXGBE_TXD_CMD_TSE)
        *wrong = check_segmentation(packet, len, &layout, options >> IXGBE_TXD_PAYLEN_SHIFT);
    else if (options & (IXGBE_TXD_POPTS_IXSM | IXGBE_TXD_POPTS_TXSM))
        *wrong = insert_sums(packet, len, &layout, options);
    if (*wrong)
        return true;
    if (cmd & IXGBE_TXD_CMD_TSE)
        return add_segments(nic, len, &layout, tag, then);
    return add_frame(nic, packet, len, packet + len, 0, tag, then);
}
