// SPDX-License-Identifier: ISC
/*
 * The Internet checksum (RFC 1071) over 64-bit words: its sum does not depend on the width of the
 * words nor on the order of the additions, as long as every carry comes back in at the end.
 */
#include <lwip/arch.h>
#include <string.h>

static inline uint64_t load64(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

static inline uint64_t add_carry(uint64_t sum, uint64_t word)
{
    uint64_t result;

    return __builtin_add_overflow(sum, word, &result) ? result + 1 : result;
}

/* The bytes behind the last whole word, padded with zeroes. */
static uint64_t load_tail(const unsigned char *p, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, p, len);
    return word;
}

uint16_t net_chksum(const void *data, int len)
{
    const unsigned char *p = data;
    size_t left = (size_t)len;
    uint64_t even = 0, odd = 0;

    for (; left >= 32; left -= 32, p += 32) {
        even = add_carry(even, load64(p));
        odd = add_carry(odd, load64(p + 8));
        even = add_carry(even, load64(p + 16));
        odd = add_carry(odd, load64(p + 24));
    }
    for (; left >= 8; left -= 8, p += 8)
        even = add_carry(even, load64(p));
    even = add_carry(even, load_tail(p, left));
    even = add_carry(even, odd);
    even = (even >> 32) + (even & 0xffffffff);
    even = (even >> 32) + (even & 0xffffffff);
    even = (even >> 16) + (even & 0xffff);
    even = (even >> 16) + (even & 0xffff);
    return (uint16_t)even;
}
