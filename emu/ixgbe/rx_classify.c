// SPDX-License-Identifier: ISC
/*
 * What becomes of a received frame: its headers (datasheet 7.1.6.2, packet type), whether the
 * filters let it in (7.1.1), its checksums (7.1.11), its queue. One file, so that the compiler sees
 * all of what is done for each frame.
 */
#include "nic.h"

#define ETH_LENGTH_MAX 1500u /* above, the field is a type */

struct headers {
    uint32_t info;   /* IXGBE_RXD_INFO_* */
    uint32_t l3, l4; /* offsets; 0: none */
    uint32_t l3_len; /* bytes from l3 to l4 */
    uint32_t end;    /* of the IP packet */
    uint16_t vlan;   /* tag, if tagged */
    uint16_t type;   /* EtherType or length, behind the tag */
    uint8_t protocol;
    uint8_t tag; /* bytes of it: 0 or 4 */
    bool fragment;
};

enum {
    ETH_HEADER = 14,
    VLAN_TAG = 4,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_DESTINATION = 60,
    IPV6_EXTENSIONS_MAX = 8,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_SCTP = 132,
};

static uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline struct headers parse_l4(struct headers h, uint32_t at)
{
    uint32_t info, header;

    switch (h.protocol) {
    case PROTO_TCP:
        info = IXGBE_RXD_INFO_TCP;
        header = 20;
        break;
    case PROTO_UDP:
        info = IXGBE_RXD_INFO_UDP;
        header = 8;
        break;
    case PROTO_SCTP:
        info = IXGBE_RXD_INFO_SCTP;
        header = 12;
        break;
    default:
        return h;
    }
    if (h.fragment || at + header > h.end)
        return h;
    h.l4 = at;
    h.info |= info;
    return h;
}

static inline struct headers parse_ipv4(const uint8_t *frame, uint32_t len, uint32_t at,
                                        struct headers h)
{
    uint32_t header, total;

    if (at + IPV4_HEADER > len || frame[at] >> 4 != 4)
        return h;
    header = (frame[at] & 15u) * 4;
    total = be16(frame + at + 2);
    if (header < IPV4_HEADER || total < header || at + total > len)
        return h;
    h.info = IXGBE_RXD_INFO_IPV4 | (header > IPV4_HEADER ? IXGBE_RXD_INFO_IPV4E : 0);
    h.l3 = at;
    h.l3_len = header;
    h.end = at + total;
    h.protocol = frame[at + 9];
    h.fragment = be16(frame + at + 6) & 0x3fff; /* an offset, or more to follow */
    return parse_l4(h, at + header);
}

static struct headers parse_ipv6(const uint8_t *frame, uint32_t len, uint32_t at, struct headers h)
{
    uint32_t next = at + IPV6_HEADER;

    if (next > len || frame[at] >> 4 != 6 || next + be16(frame + at + 4) > len)
        return h;
    h.info = IXGBE_RXD_INFO_IPV6;
    h.l3 = at;
    h.end = next + be16(frame + at + 4);
    h.protocol = frame[at + 6];
    for (unsigned i = 0; i < IPV6_EXTENSIONS_MAX && next + 8 <= h.end; i++) {
        bool fragment = h.protocol == IPV6_FRAGMENT;

        if (!fragment && h.protocol != IPV6_HOP_BY_HOP && h.protocol != IPV6_ROUTING &&
            h.protocol != IPV6_DESTINATION)
            break;
        h.info |= IXGBE_RXD_INFO_IPV6E;
        h.fragment |= fragment;
        h.protocol = frame[next];
        next += fragment ? 8 : 8 * (frame[next + 1] + 1u);
    }
    h.l3_len = next - at;
    return parse_l4(h, next);
}

/* By value, and inline where most frames go: so they stay in registers. */
static inline struct headers parse(const uint8_t *frame, uint32_t len, uint16_t vlan_type)
{
    struct headers h = {0};
    uint32_t at = ETH_HEADER;

    if (len < ETH_HEADER + VLAN_TAG)
        return h;
    h.type = be16(frame + 12);
    if (h.type == vlan_type) {
        h.tag = VLAN_TAG;
        h.vlan = be16(frame + 14);
        h.type = be16(frame + 16);
        at += VLAN_TAG;
    }
    if (h.type == TYPE_IPV4)
        return parse_ipv4(frame, len, at, h);
    return h.type == TYPE_IPV6 ? parse_ipv6(frame, len, at, h) : h;
}

/* The six bytes, the first one lowest: as RAL and RAH hold them. */
static uint64_t destination(const uint8_t *frame)
{
    uint32_t low;
    uint16_t high;

    memcpy(&low, frame, 4);
    memcpy(&high, frame + 4, 2);
    return low | (uint64_t)high << 32;
}

static enum nic_fate filter_address(struct nic *nic, const uint8_t *frame)
{
    const struct nic_filter *filter = &nic->filter;
    uint64_t address = destination(frame);

    for (unsigned i = 0; i < filter->addresses; i++)
        if (filter->address[i] == address)
            return NIC_ACCEPT;
    if (!(address & 1))
        return filter->all_unicast ? NIC_ACCEPT_INEXACT : NIC_REJECT;
    if (filter->all_multicast || (address == 0xffffffffffff && filter->broadcast))
        return NIC_ACCEPT_INEXACT;
    if (filter->multicast_table) {
        uint32_t bit = (uint32_t)(address >> filter->multicast_shift) & 0xfff;

        if (*nic_reg(nic, IXGBE_MTA(bit / 32)) >> (bit % 32) & 1)
            return NIC_ACCEPT_INEXACT;
    }
    return NIC_REJECT;
}

/* A length field must say how much follows; a frame that was padded may hold more. */
static bool wrong_length(const struct port_frame *frame, const struct headers *headers)
{
    uint32_t payload = frame->len - ETH_HEADER - headers->tag;

    return headers->type <= ETH_LENGTH_MAX &&
           (headers->type > payload || (headers->type < payload && frame->len > PORT_FRAME_MIN));
}

static enum nic_fate filter_frame(struct nic *nic, const struct port_frame *frame,
                                  const struct headers *headers)
{
    const struct nic_filter *filter = &nic->filter;

    if (frame->len < PORT_FRAME_MIN)
        return NIC_UNDERSIZE;
    if (frame->len > filter->max_frame + headers->tag)
        return NIC_OVERSIZE;
    if (filter->check_length && wrong_length(frame, headers))
        return NIC_BAD_LENGTH;
    if (filter->vlan_filter && headers->tag) {
        uint32_t id = headers->vlan & 0xfff;

        if (!(*nic_reg(nic, IXGBE_VFTA(id / 32)) >> (id % 32) & 1))
            return NIC_REJECT;
    }
    return filter_address(nic, frame->data);
}

/* The pseudo header's sum for `len` bytes of TCP or UDP. */
static uint64_t pseudo_sum(const uint8_t *frame, const struct headers *headers, uint32_t len)
{
    const uint8_t *ip = frame + headers->l3;
    const uint8_t tail[4] = {(uint8_t)(len >> 8), (uint8_t)len, 0, headers->protocol};

    return headers->info & IXGBE_RXD_INFO_IPV4 ? nic_sum(ip + 12, 8, nic_sum(tail, 4, 0))
                                               : nic_sum(ip + 8, 32, nic_sum(tail, 4, 0));
}

/* Checksums (7.1.11): a UDP checksum of 0 is none. */
static uint32_t check_sums(const uint8_t *frame, const struct headers *h)
{
    uint32_t status = 0, len = h->end - h->l4;
    uint64_t sum;

    if (h->info & IXGBE_RXD_INFO_IPV4) {
        sum = h->l3_len == IPV4_HEADER ? nic_sum(frame + h->l3, IPV4_HEADER, 0)
                                       : nic_sum(frame + h->l3, h->l3_len, 0);
        status = IXGBE_RXD_STAT_IPCS | IXGBE_RXD_ERR_IPE * (nic_fold(sum) != 0xffff);
    }
    if (!(h->info & (IXGBE_RXD_INFO_TCP | IXGBE_RXD_INFO_UDP)))
        return status;
    if (h->info & IXGBE_RXD_INFO_UDP) {
        if (be16(frame + h->l4 + 6) == 0)
            return status;
        status |= IXGBE_RXD_STAT_UDPCS;
    }
    sum = nic_sum(frame + h->l4, len, pseudo_sum(frame, h, len));
    return status | IXGBE_RXD_STAT_L4CS | IXGBE_RXD_ERR_L4E * (nic_fold(sum) != 0xffff);
}

static void classify(struct nic *nic, const struct port_frame *frame, struct nic_rx_meta *meta)
{
    const struct nic_filter *filter = &nic->filter;
    const struct headers headers = parse(frame->data, frame->len, filter->vlan_type);
    enum ixgbe_rss_type type;
    uint32_t hash;

    enum nic_fate fate;
    uint32_t status;

    fate = filter_frame(nic, frame, &headers);
    status = fate <= NIC_ACCEPT_INEXACT ? check_sums(frame->data, &headers) : 0;
    status |= IXGBE_RXD_STAT_VP * (headers.tag != 0);
    status |= IXGBE_RXD_STAT_PIF * (fate == NIC_ACCEPT_INEXACT);
    *meta = (struct nic_rx_meta){headers.info, 0, status, headers.vlan, 0, (uint8_t)fate};
    if (!filter->rss || fate > NIC_ACCEPT_INEXACT)
        return;
    type = nic_rss_hash(filter, frame->data, headers.info, headers.l3, headers.l4, &hash);
    if (type == IXGBE_RSS_NONE)
        return;
    meta->queue = filter->reta[hash & 127];
    if (filter->rss_in_descriptor) {
        meta->info |= type;
        meta->rss = hash;
    }
}

void nic_rx_classify(struct nic *nic, const struct port_frame *frames, struct nic_rx_meta *meta,
                     unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        classify(nic, &frames[i], &meta[i]);
}
