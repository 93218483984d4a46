// SPDX-License-Identifier: ISC
/* CRCs, bit by bit: few frames need one. */
#include "nic.h"

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
