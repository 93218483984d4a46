// SPDX-License-Identifier: ISC
/* Receive side scaling (datasheet 7.1.2.8): Microsoft's Toeplitz hash over addresses and ports,
 * then a table of queues. */
#include "nic.h"

static uint8_t key_byte(struct nic *nic, unsigned i)
{
    return i < 40 ? (uint8_t)(*nic_reg(nic, IXGBE_RSSRK(i / 4)) >> (i % 4 * 8)) : 0;
}

/* For each input byte, what each value adds to the hash: bit 7 - b stands for the key's 32 bits
 * from bit b on. */
static void update_toeplitz(struct nic *nic)
{
    for (unsigned at = 0; at < NIC_RSS_INPUT; at++) {
        uint32_t *row = nic->filter.toeplitz[at];
        uint64_t window = 0;

        for (unsigned i = 0; i < 5; i++)
            window = window << 8 | key_byte(nic, at + i);
        row[0] = 0;
        for (unsigned value = 1; value < 256; value++) {
            unsigned bit = (unsigned)__builtin_ctz(value);

            row[value] = row[value & (value - 1)] ^ (uint32_t)(window >> (bit + 1));
        }
    }
}

void nic_rss_update(struct nic *nic)
{
    struct nic_filter *filter = &nic->filter;
    uint32_t mrqc = *nic_reg(nic, IXGBE_MRQC);

    filter->rss = (mrqc & IXGBE_MRQC_MRQE) == IXGBE_MRQC_MRQE_RSS;
    filter->rss_fields = mrqc;
    filter->rss_in_descriptor = *nic_reg(nic, IXGBE_RXCSUM) & IXGBE_RXCSUM_PCSD;
    for (unsigned i = 0; i < 128; i++)
        filter->reta[i] = *nic_reg(nic, IXGBE_RETA(i / 4)) >> (i % 4 * 8) & 15;
    if (filter->rss)
        update_toeplitz(nic);
}

uint32_t nic_toeplitz(const struct nic_filter *filter, const uint8_t *input, unsigned len)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < len; i++)
        hash ^= filter->toeplitz[i][input[i]];
    return hash;
}

/* Fields of MRQC and types of the descriptor, in the order TCP, UDP, addresses only. */
static const struct kind {
    uint32_t field;
    enum ixgbe_rss_type type;
} kinds[2][3] = {
    {{IXGBE_MRQC_TCP_IPV4, IXGBE_RSS_TCP_IPV4},
     {IXGBE_MRQC_UDP_IPV4, IXGBE_RSS_UDP_IPV4},
     {IXGBE_MRQC_IPV4, IXGBE_RSS_IPV4}},
    {{IXGBE_MRQC_TCP_IPV6, IXGBE_RSS_TCP_IPV6},
     {IXGBE_MRQC_UDP_IPV6, IXGBE_RSS_UDP_IPV6},
     {IXGBE_MRQC_IPV6, IXGBE_RSS_IPV6}},
};

enum ixgbe_rss_type nic_rss_hash(const struct nic_filter *filter, const uint8_t *frame,
                                 uint32_t info, unsigned l3, unsigned l4, uint32_t *hash)
{
    const bool v6 = info & IXGBE_RXD_INFO_IPV6;
    const unsigned addresses = v6 ? 32 : 8;
    const struct kind *kind = kinds[v6];
    uint8_t input[NIC_RSS_INPUT];

    *hash = 0;
    if (l3 == 0)
        return IXGBE_RSS_NONE;
    memcpy(input, frame + l3 + (v6 ? 8 : 12), addresses);
    for (unsigned i = 0; i < 2; i++)
        if (info & (IXGBE_RXD_INFO_TCP << i) && filter->rss_fields & kind[i].field) {
            memcpy(input + addresses, frame + l4, 4);
            *hash = nic_toeplitz(filter, input, addresses + 4);
            return kind[i].type;
        }
    if (!(filter->rss_fields & kind[2].field))
        return IXGBE_RSS_NONE;
    *hash = nic_toeplitz(filter, input, addresses);
    return kind[2].type;
}
