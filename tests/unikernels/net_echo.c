// SPDX-License-Identifier: ISC
/*
 * Answers ARP and ICMP echo requests for the IPv4 address on its command line, and returns frames
 * of EtherType 0x88b5 to their sender. One of EtherType 0x88b6 ends it (IEEE 802: both for local
 * experiments).
 */
#include <solo5.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"

#define FRAME_MAX (65535 + SOLO5_NET_HLEN)
#define SECOND    1000000000ull

#define TYPE_IPV4 0x0800
#define TYPE_ARP  0x0806
#define TYPE_ECHO 0x88b5
#define TYPE_END  0x88b6

#define IP_SOURCE      26 /* in a frame, without options */
#define IP_DESTINATION 30
#define IP_PROTOCOL    23
#define ICMP           34
#define ARP_OPERATION  20
#define ARP_SENDER     22
#define ARP_TARGET     32

struct station {
    solo5_handle_t handle;
    struct solo5_net_info info;
    uint8_t ip[4];
    unsigned long frames;
    uint8_t frame[FRAME_MAX];
};

static unsigned word(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void turn_round(struct station *s)
{
    memcpy(s->frame, s->frame + 6, 6);
    memcpy(s->frame + 6, s->info.mac_address, 6);
}

/* A request for our address becomes its reply (RFC 826). */
static bool answer_arp(struct station *s, size_t size)
{
    uint8_t *f = s->frame;

    if (size < 42 || word(f + ARP_OPERATION) != 1 || memcmp(f + ARP_TARGET + 6, s->ip, 4) != 0)
        return false;
    f[ARP_OPERATION + 1] = 2;
    memcpy(f + ARP_TARGET, f + ARP_SENDER, 10);
    memcpy(f + ARP_SENDER, s->info.mac_address, 6);
    memcpy(f + ARP_SENDER + 6, s->ip, 4);
    return true;
}

/* Type 8 becomes 0, and the checksum as much larger (RFC 1624). */
static bool answer_ping(struct station *s, size_t size)
{
    uint8_t *f = s->frame;
    unsigned sum;

    if (size < ICMP + 8 || f[14] != 0x45 || f[IP_PROTOCOL] != 1 || f[ICMP] != 8 ||
        memcmp(f + IP_DESTINATION, s->ip, 4) != 0)
        return false;
    memcpy(f + IP_DESTINATION, f + IP_SOURCE, 4);
    memcpy(f + IP_SOURCE, s->ip, 4);
    f[ICMP] = 0;
    sum = word(f + ICMP + 2) + 0x0800;
    sum += sum >> 16;
    f[ICMP + 2] = (uint8_t)(sum >> 8);
    f[ICMP + 3] = (uint8_t)sum;
    return true;
}

static bool answer(struct station *s, size_t size)
{
    switch (word(s->frame + 12)) {
    case TYPE_ARP:
        return answer_arp(s, size);
    case TYPE_IPV4:
        return answer_ping(s, size);
    default:
        return word(s->frame + 12) == TYPE_ECHO;
    }
}

/* Until there is no frame any more; false: one of them says it is over. */
static bool serve(struct station *s)
{
    size_t size;
    solo5_result_t result;

    while ((result = solo5_net_read(s->handle, s->frame, sizeof(s->frame), &size)) == SOLO5_R_OK) {
        EXPECT(size >= SOLO5_NET_HLEN && size <= s->info.mtu + SOLO5_NET_HLEN);
        if (word(s->frame + 12) == TYPE_END)
            return false;
        if (!answer(s, size))
            continue;
        turn_round(s);
        EXPECT(solo5_net_write(s->handle, s->frame, size) == SOLO5_R_OK);
        s->frames++;
    }
    EXPECT(result == SOLO5_R_AGAIN);
    return true;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    static struct station s;
    unsigned ip[4] = {0};
    const uint8_t *mac = s.info.mac_address;

    sscanf(info->cmdline, "%u.%u.%u.%u", &ip[0], &ip[1], &ip[2], &ip[3]);
    for (unsigned i = 0; i < 4; i++)
        s.ip[i] = (uint8_t)ip[i];
    EXPECT(solo5_net_acquire("net0", &s.handle, &s.info) == SOLO5_R_OK);
    printf("ready: %02x:%02x:%02x:%02x:%02x:%02x mtu %zu\n", mac[0], mac[1], mac[2], mac[3], mac[4],
           mac[5], s.info.mtu);
    while (serve(&s)) {
        solo5_handle_set_t ready = 0;

        solo5_yield(solo5_clock_monotonic() + 10 * SECOND, &ready);
        EXPECT(ready == 0 || ready == 1ull << s.handle);
    }
    printf("%lu frames\n", s.frames);
    return success();
}
