// SPDX-License-Identifier: ISC
/* The peer: frames by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "fake_net.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 1};

uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

void put32(uint8_t *p, uint32_t value)
{
    put16(p, (uint16_t)(value >> 16));
    put16(p + 2, (uint16_t)value);
}

uint16_t naive_checksum(const uint8_t *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}

void finish_ip(struct frame *frame, uint8_t protocol, uint16_t fragment)
{
    uint8_t *ip = frame->data + IP_HEADER;

    memcpy(frame->data, our_mac, 6);
    memcpy(frame->data + 6, peer_mac, 6);
    put16(frame->data + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (uint16_t)(frame->len - IP_HEADER));
    put16(ip + 6, fragment);
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, PEER_IP);
    put32(ip + 16, OUR_IP);
    put16(ip + 10, 0);
    put16(ip + 10, naive_checksum(ip, 20, 0));
}

void finish_l4(struct frame *frame, uint8_t protocol)
{
    size_t len = frame->len - IP_PAYLOAD;
    uint8_t *l4 = frame->data + IP_PAYLOAD;
    uint32_t pseudo = (OUR_IP >> 16) + (OUR_IP & 0xffff) + (PEER_IP >> 16) + (PEER_IP & 0xffff) +
                      protocol + (uint32_t)len;
    uint8_t *field = l4 + (protocol == PROTO_TCP ? 16 : 2);

    put16(field, 0);
    put16(field, naive_checksum(l4, len, protocol == PROTO_TCP ? pseudo : 0));
}

void send_arp_request(uint32_t target)
{
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0, 1};
    struct frame *frame = new_frame(60);

    memset(frame->data, 0xff, 6);
    memcpy(frame->data + 6, peer_mac, 6);
    put16(frame->data + 12, 0x0806);
    memcpy(frame->data + 14, head, sizeof(head));
    memcpy(frame->data + 22, peer_mac, 6);
    put32(frame->data + 28, PEER_IP);
    put32(frame->data + 38, target);
}

/* ---- TCP ---- */

struct frame *peer_send(struct peer *peer, unsigned flags, const void *data, size_t len)
{
    struct frame *frame = new_frame((uint16_t)(TCP_DATA + len));
    uint8_t *tcp = frame->data + TCP_HDR;

    put16(tcp, peer->port);
    put16(tcp + 2, peer->server);
    put32(tcp + 4, peer->seq);
    put32(tcp + 8, peer->ack);
    tcp[12] = 5 << 4;
    tcp[13] = (uint8_t)flags;
    put16(tcp + 14, peer->window);
    if (len > 0)
        memcpy(frame->data + TCP_DATA, data, len);
    finish_ip(frame, PROTO_TCP, 0);
    finish_l4(frame, PROTO_TCP);
    return frame;
}

static void check_segment(const struct frame *frame)
{
    const uint8_t *ip = frame->data + IP_HEADER;
    size_t len = get16(ip + 2) - 20u;
    uint32_t pseudo = (OUR_IP >> 16) + (OUR_IP & 0xffff) + (PEER_IP >> 16) + (PEER_IP & 0xffff) +
                      PROTO_TCP + (uint32_t)len;

    assert_int_equal(naive_checksum(ip, 20, 0), 0);
    assert_int_equal(naive_checksum(frame->data + TCP_HDR, len, pseudo), 0);
}

bool peer_receive(const struct peer *peer, struct segment *segment)
{
    const struct frame *frame;

    while ((frame = next_frame()) != NULL) {
        const uint8_t *tcp = frame->data + TCP_HDR;
        size_t header = (size_t)(tcp[12] >> 4) * 4;

        if (get16(frame->data + 12) != 0x0800 || frame->data[IP_HEADER + 9] != PROTO_TCP ||
            get16(tcp + 2) != peer->port)
            continue;
        check_segment(frame);
        *segment = (struct segment){
            .seq = get32(tcp + 4),
            .ack = get32(tcp + 8),
            .flags = tcp[13],
            .window = get16(tcp + 14),
            .data = tcp + header,
            .len = get16(frame->data + IP_HEADER + 2) - 20 - header,
        };
        return true;
    }
    return false;
}

void peer_connect(struct peer *peer, uint16_t port, uint16_t server)
{
    struct segment answer;

    *peer = (struct peer){.port = port, .server = server, .seq = 1000u * port, .window = 65535};
    peer_send(peer, TCP_SYN, NULL, 0);
    run_ms(1);
    assert_true(peer_receive(peer, &answer));
    assert_int_equal(answer.flags, TCP_SYN | TCP_ACK);
    assert_int_equal(answer.ack, peer->seq + 1);
    peer->seq++;
    peer->ack = answer.seq + 1;
    peer->edge = answer.ack + answer.window;
    peer_send(peer, TCP_ACK, NULL, 0);
    run_ms(1);
}

void peer_write(struct peer *peer, const void *data, size_t len)
{
    peer_send(peer, TCP_ACK | TCP_PSH, data, len);
    peer->seq += (uint32_t)len;
    run_ms(1);
}

size_t peer_read(struct peer *peer, void *data, size_t room)
{
    struct segment segment;
    size_t total = 0;

    while (peer_receive(peer, &segment)) {
        if (segment.len == 0 || segment.seq != peer->ack)
            continue;
        assert_true(total + segment.len <= room);
        memcpy((uint8_t *)data + total, segment.data, segment.len);
        total += segment.len;
        peer->ack += (uint32_t)segment.len;
    }
    fake_net.out.first = fake_net.out.count = 0;
    if (total > 0)
        peer_send(peer, TCP_ACK, NULL, 0);
    return total;
}
