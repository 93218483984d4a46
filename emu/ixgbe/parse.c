// SPDX-License-Identifier: ISC
/* What the 82599 knows of a frame: its headers (datasheet 7.1.6.2, packet type), and sums over it.
 */
#include "nic.h"

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

static void parse_l4(struct nic_headers *h, uint32_t at)
{
    static const uint8_t header[] = {20, 8, 12}; /* TCP, UDP, SCTP */
    unsigned kind = h->protocol == PROTO_TCP ? 0 : h->protocol == PROTO_UDP ? 1 : 2;

    if (h->fragment || (kind == 2 && h->protocol != PROTO_SCTP) || at + header[kind] > h->end)
        return;
    h->l4 = (uint16_t)at;
    h->info |= IXGBE_RXD_INFO_TCP << kind;
}

static void parse_ipv4(const uint8_t *frame, uint32_t len, uint32_t at, struct nic_headers *h)
{
    uint32_t header, total;

    if (at + IPV4_HEADER > len || frame[at] >> 4 != 4)
        return;
    header = (frame[at] & 15u) * 4;
    total = be16(frame + at + 2);
    if (header < IPV4_HEADER || total < header || at + total > len)
        return;
    h->info |=
        header > IPV4_HEADER ? IXGBE_RXD_INFO_IPV4 | IXGBE_RXD_INFO_IPV4E : IXGBE_RXD_INFO_IPV4;
    h->l3 = (uint16_t)at;
    h->l3_len = (uint16_t)header;
    h->end = (uint16_t)(at + total);
    h->protocol = frame[at + 9];
    h->fragment = be16(frame + at + 6) & 0x3fff; /* an offset, or more to follow */
    parse_l4(h, at + header);
}

static void parse_ipv6(const uint8_t *frame, uint32_t len, uint32_t at, struct nic_headers *h)
{
    uint32_t next = at + IPV6_HEADER;

    if (next > len || frame[at] >> 4 != 6 || next + be16(frame + at + 4) > len)
        return;
    h->info |= IXGBE_RXD_INFO_IPV6;
    h->l3 = (uint16_t)at;
    h->end = (uint16_t)(next + be16(frame + at + 4));
    h->protocol = frame[at + 6];
    for (unsigned i = 0; i < IPV6_EXTENSIONS_MAX && next + 8 <= h->end; i++) {
        bool fragment = h->protocol == IPV6_FRAGMENT;

        if (!fragment && h->protocol != IPV6_HOP_BY_HOP && h->protocol != IPV6_ROUTING &&
            h->protocol != IPV6_DESTINATION)
            break;
        h->info |= IXGBE_RXD_INFO_IPV6E;
        h->fragment |= fragment;
        h->protocol = frame[next];
        next += fragment ? 8 : 8 * (frame[next + 1] + 1u);
    }
    h->l3_len = (uint16_t)(next - at);
    parse_l4(h, next);
}

void nic_parse(const uint8_t *frame, uint32_t len, uint16_t vlan_type, struct nic_headers *headers)
{
    uint32_t at = ETH_HEADER;
    uint16_t type;

    *headers = (struct nic_headers){0};
    if (len < ETH_HEADER + VLAN_TAG)
        return;
    type = be16(frame + 12);
    if (type == vlan_type) {
        headers->tagged = true;
        headers->vlan = be16(frame + 14);
        type = be16(frame + 16);
        at += VLAN_TAG;
    }
    headers->type = type;
    if (type == TYPE_IPV4)
        parse_ipv4(frame, len, at, headers);
    else if (type == TYPE_IPV6)
        parse_ipv6(frame, len, at, headers);
}

/* Sums native words, which gives the same bytes as summing big-endian ones (RFC 1071, 2(B)). */
uint64_t nic_sum(const uint8_t *data, uint32_t len, uint64_t sum)
{
    uint64_t word;
    uint32_t half;
    uint16_t pair;

    for (; len >= 8; data += 8, len -= 8) {
        memcpy(&word, data, 8);
        sum += (word & 0xffffffff) + (word >> 32);
    }
    if (len >= 4) {
        memcpy(&half, data, 4);
        sum += half;
        data += 4;
        len -= 4;
    }
    if (len >= 2) {
        memcpy(&pair, data, 2);
        sum += pair;
        data += 2;
        len -= 2;
    }
    return len > 0 ? sum + data[0] : sum; /* little endian: as if a 0 followed */
}

uint64_t nic_pseudo_sum(const uint8_t *frame, const struct nic_headers *headers, uint32_t len)
{
    const uint8_t *ip = frame + headers->l3;
    const uint8_t tail[4] = {(uint8_t)(len >> 8), (uint8_t)len, 0, headers->protocol};

    return headers->info & IXGBE_RXD_INFO_IPV4 ? nic_sum(ip + 12, 8, nic_sum(tail, 4, 0))
                                               : nic_sum(ip + 8, 32, nic_sum(tail, 4, 0));
}

uint32_t nic_crc32(const uint8_t *data, uint32_t len, uint32_t polynomial)
{
    uint32_t crc = ~0u;

    while (len-- > 0) {
        crc ^= *data++;
        for (unsigned i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
    }
    return ~crc;
}
