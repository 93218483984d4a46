// SPDX-License-Identifier: ISC
/* Frames for the tests, and a second opinion on their checksums: RFC 1071 as it is written, byte by
 * byte. */
#include "ixgbe_rig.h"

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t add(uint32_t sum, const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

unsigned rig_l3(const uint8_t *frame)
{
    return get16(frame + 12) == 0x8100 ? 18 : 14;
}

unsigned rig_l4(const uint8_t *frame)
{
    unsigned l3 = rig_l3(frame);

    return l3 + (frame[l3] >> 4 == 4 ? (frame[l3] & 15u) * 4 : 40);
}

static uint32_t l4_len(const uint8_t *frame)
{
    const uint8_t *ip = frame + rig_l3(frame);

    return ip[0] >> 4 == 4 ? get16(ip + 2) - (ip[0] & 15u) * 4 : get16(ip + 4);
}

static uint8_t protocol(const uint8_t *frame)
{
    const uint8_t *ip = frame + rig_l3(frame);

    return ip[0] >> 4 == 4 ? ip[9] : ip[6];
}

/* The sum over pseudo header, header and payload: 0xffff if the checksum is in it and right. */
static uint32_t l4_sum(const uint8_t *frame)
{
    const uint8_t *ip = frame + rig_l3(frame);
    uint32_t len = l4_len(frame), sum = len + protocol(frame);

    sum = ip[0] >> 4 == 4 ? add(sum, ip + 12, 8) : add(sum, ip + 8, 32);
    return add(sum, frame + rig_l4(frame), len);
}

bool rig_sums_right(const uint8_t *frame)
{
    const uint8_t *ip = frame + rig_l3(frame);

    return (ip[0] >> 4 != 4 || add(0, ip, (ip[0] & 15u) * 4) == 0xffff) && l4_sum(frame) == 0xffff;
}

static void build_ip(uint8_t *ip, struct rig_flow flow, uint32_t l4_bytes)
{
    static const uint8_t v6[40] = {0x60, 0, 0, 0, 0, 0, 0, 64, 0xfd, 0, 0,    0, 0, 0,
                                   0,    0, 0, 0, 0, 0, 0, 0,  0,    1, 0xfd, 0, 0, 0,
                                   0,    0, 0, 0, 0, 0, 0, 0,  0,    0, 0,    2};
    static const uint8_t v4[20] = {0x45, 0, 0,   0, 0x12, 0x34, 0x40, 0, 64, 0,
                                   0,    0, 192, 0, 2,    1,    192,  0, 2,  2};

    if (flow.v6) {
        memcpy(ip, v6, sizeof(v6));
        put16(ip + 4, l4_bytes);
        ip[6] = flow.protocol;
        return;
    }
    memcpy(ip, v4, sizeof(v4));
    put16(ip + 2, 20 + l4_bytes);
    ip[9] = flow.protocol;
    put16(ip + 10, ~add(0, ip, 20));
}

uint32_t rig_build(uint8_t *frame, struct rig_flow flow)
{
    static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xfe};
    const uint32_t header = flow.protocol == 6 ? 20 : 8;
    uint8_t *at = frame + 12, *l4;
    uint32_t len;

    memcpy(frame, addresses, sizeof(addresses));
    if (flow.vlan) {
        put16(at, 0x8100);
        put16(at + 2, 0x6123);
        at += 4;
    }
    put16(at, flow.v6 ? 0x86dd : 0x0800);
    build_ip(at + 2, flow, header + flow.payload);
    l4 = at + 2 + (flow.v6 ? 40 : 20);
    memset(l4, 0, header);
    put16(l4, 4096);
    put16(l4 + 2, 7);
    if (flow.protocol == 6)
        l4[12] = 0x50;
    else
        put16(l4 + 4, header + flow.payload);
    for (uint32_t i = 0; i < flow.payload; i++)
        l4[header + i] = (uint8_t)(i * 7 + 1);
    put16(l4 + (flow.protocol == 6 ? 16 : 6), ~l4_sum(frame));
    len = (uint32_t)(l4 - frame) + header + flow.payload;
    if (len < 60)
        memset(frame + len, 0, 60 - len);
    return len < 60 ? 60 : len;
}
