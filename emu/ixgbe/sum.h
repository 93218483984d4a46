// SPDX-License-Identifier: ISC
/* Checksums over bytes. */
#ifndef PENSTOCK_EMU_IXGBE_SUM_H
#define PENSTOCK_EMU_IXGBE_SUM_H

#include <stdint.h>
#include <string.h>

/*
 * The Internet checksum's sum (RFC 1071), not yet folded, with the carry of bit 63 added at bit 0;
 * `sum` is what it begins with. Native words give the same bytes as big-endian ones (2(B) there).
 * Inline for the headers' constant lengths.
 */
static inline uint64_t nic_sum(const uint8_t *data, uint32_t len, uint64_t sum)
{
    uint64_t word;

    for (; len >= 8; data += 8, len -= 8) {
        memcpy(&word, data, 8);
        sum += word;
        sum += sum < word;
    }
    word = 0;
    if (len & 4) {
        uint32_t half;

        memcpy(&half, data, 4);
        word = half;
        data += 4;
    }
    if (len & 2) {
        uint16_t pair;

        memcpy(&pair, data, 2);
        word += pair;
        data += 2;
    }
    if (len & 1) /* little endian: as if a 0 followed */
        word += *data;
    sum += word;
    return sum + (sum < word);
}

/* Folds to 16 bits, in memory order: store the result as it is. */
static inline uint16_t nic_fold(uint64_t sum)
{
    uint32_t high = (uint32_t)(sum >> 32), folded = (uint32_t)sum + high;

    folded += folded < high;
    folded += folded << 16 | folded >> 16;
    return (uint16_t)(folded >> 16);
}

/* The CRC of Ethernet (IEEE 802.3, 3.2.9) and that of SCTP (RFC 9260, appendix A), by their
 * polynomial. */
#define NIC_CRC_ETHERNET 0xedb88320u
#define NIC_CRC_SCTP     0x82f63b78u
uint32_t nic_crc32(const uint8_t *data, uint32_t len, uint32_t polynomial);

#endif
