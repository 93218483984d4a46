// SPDX-License-Identifier: ISC
/* The stack below TCP: ARP, IP, ICMP, and what it makes of a device's frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_net.h"
#include "fake_time.h"

#define PING_HEADER 8
#define PING_DATA   (IP_PAYLOAD + PING_HEADER)

static int start(void **state)
{
    (void)state;
    fake_net_start(256);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    run_ms(1);
    fake_net_reset();
    return 0;
}

static int conserved(void **state)
{
    (void)state;
    return packets_conserved() ? 0 : -1;
}

static struct stack_stats stats(void)
{
    struct stack_stats s;

    stack_stats(fake_stack, &s);
    return s;
}

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
}

/* An echo request with `len` bytes of data, complete but for headers of a fragment. */
static struct frame *new_ping(size_t len)
{
    struct frame *frame = new_frame((uint16_t)(PING_DATA + len));

    frame->data[IP_PAYLOAD] = 8;
    put16(frame->data + IP_PAYLOAD + 4, 0x1234);
    fill(frame->data + PING_DATA, len);
    finish_l4(frame, PROTO_ICMP);
    finish_ip(frame, PROTO_ICMP, 0);
    return frame;
}

static bool is_pong(const struct frame *frame, size_t len)
{
    uint8_t expected[1500];

    fill(expected, len);
    return frame && get16(frame->data + 12) == 0x0800 && frame->data[IP_HEADER + 9] == PROTO_ICMP &&
           frame->data[IP_PAYLOAD] == 0 && frame->len >= PING_DATA + len &&
           naive_checksum(frame->data + IP_PAYLOAD, PING_HEADER + len, 0) == 0 &&
           memcmp(frame->data + PING_DATA, expected, len) == 0;
}

/* ---- ARP, ICMP ---- */

static void test_arp(void **state)
{
    const struct frame *answer;

    (void)state;
    send_arp_request(OUR_IP);
    send_arp_request(OUR_IP + 1);
    run_ms(1);
    answer = next_frame();
    assert_non_null(answer);
    assert_int_equal(get16(answer->data + 12), 0x0806);
    assert_int_equal(get16(answer->data + 20), 2);
    assert_memory_equal(answer->data + 22, fake_net.dev.mac, 6);
    assert_int_equal(get32(answer->data + 28), OUR_IP);
    assert_null(next_frame());
}

static void test_ping(void **state)
{
    (void)state;
    new_ping(56);
    new_ping(1472);
    run_ms(1);
    assert_true(is_pong(next_frame(), 56));
    assert_true(is_pong(next_frame(), 1472));
    assert_null(next_frame());
}

static void test_not_for_us(void **state)
{
    struct frame *frame = new_ping(56);

    (void)state;
    put32(frame->data + IP_HEADER + 16, OUR_IP + 5);
    put16(frame->data + IP_HEADER + 10, 0);
    put16(frame->data + IP_HEADER + 10, naive_checksum(frame->data + IP_HEADER, 20, 0));
    run_ms(1);
    assert_null(next_frame());
}

/* ---- Fragments ---- */

#define BIG   4000
#define PIECE 1480 /* of the IP payload */

static uint8_t big_ping[PING_HEADER + BIG];

static void make_big_ping(void)
{
    memset(big_ping, 0, PING_HEADER);
    big_ping[0] = 8;
    fill(big_ping + PING_HEADER, BIG);
    put16(big_ping + 2, naive_checksum(big_ping, sizeof(big_ping), 0));
}

static void send_piece(size_t from, size_t to, uint16_t id)
{
    struct frame *frame = new_frame((uint16_t)(IP_PAYLOAD + to - from));
    uint16_t more = to < sizeof(big_ping) ? IP_MORE : 0;

    memcpy(frame->data + IP_PAYLOAD, big_ping + from, to - from);
    put16(frame->data + IP_HEADER + 4, id);
    finish_ip(frame, PROTO_ICMP, (uint16_t)(from / 8) | more);
}

/* Puts the stack's answer together. True if it is all there and right. */
static bool big_pong(void)
{
    uint8_t answer[sizeof(big_ping)];
    const struct frame *frame;
    size_t got = 0;

    while ((frame = next_frame()) != NULL) {
        size_t len = get16(frame->data + IP_HEADER + 2) - 20u;
        size_t at = (get16(frame->data + IP_HEADER + 6) & 0x1fffu) * 8;

        assert_true(frame->len <= 1514 && at + len <= sizeof(answer));
        memcpy(answer + at, frame->data + IP_PAYLOAD, len);
        got += len;
    }
    return got == sizeof(answer) && answer[0] == 0 &&
           naive_checksum(answer, sizeof(answer), 0) == 0 &&
           memcmp(answer + PING_HEADER, big_ping + PING_HEADER, BIG) == 0;
}

static void test_fragments_in_any_order(void **state)
{
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t cut[4] = {0, PIECE, 2 * PIECE, sizeof(big_ping)};

    (void)state;
    make_big_ping();
    for (uint16_t i = 0; i < 6; i++) {
        for (unsigned k = 0; k < 3; k++)
            send_piece(cut[orders[i][k]], cut[orders[i][k] + 1], (uint16_t)(100 + i));
        run_ms(1);
        assert_true(big_pong());
        fake_net_reset();
    }
}

static void test_overlapping_fragments_are_dropped(void **state)
{
    (void)state;
    make_big_ping();
    send_piece(0, PIECE, 200);
    send_piece(PIECE - 8, 2 * PIECE, 200);
    send_piece(2 * PIECE, sizeof(big_ping), 200);
    run_ms(1);
    assert_null(next_frame());
    run_ms(40000); /* the rest of it is forgotten in time */
    assert_true(packets_conserved());
}

static void test_fragments_without_an_end(void **state)
{
    (void)state;
    make_big_ping();
    for (uint16_t id = 0; id < 400; id++) {
        send_piece(0, PIECE, id);
        run_ms(1);
    }
    assert_true(fake_net.pool.available > 100); /* there is a limit to what it keeps */
    fake_net_reset();
    new_ping(56);
    run_ms(1);
    assert_true(is_pong(next_frame(), 56));
    run_ms(40000);
    assert_true(packets_conserved());
}

/* ---- Checksums ---- */

static void test_software_checks_what_the_device_did_not(void **state)
{
    (void)state;
    new_ping(56)->data[IP_HEADER + 10] ^= 1;
    new_ping(56)->data[PING_DATA] ^= 1;
    run_ms(1);
    assert_null(next_frame());
}

static void test_the_devices_word_counts(void **state)
{
    struct frame *frame = new_ping(56);

    (void)state;
    frame->data[IP_HEADER + 10] ^= 1;
    frame->flags = PACKET_IP_CSUM_OK;
    run_ms(1);
    assert_true(is_pong(next_frame(), 56)); /* not looked at again */
    frame = new_ping(56);
    frame->flags = PACKET_CSUM_BAD | PACKET_IP_CSUM_OK;
    frame = new_ping(56);
    frame->data[IP_HEADER + 10] ^= 1;
    frame->flags = PACKET_CSUM_BAD | PACKET_IP_CSUM_OK;
    run_ms(1);
    assert_true(is_pong(next_frame(), 56)); /* a device that errs does not lose a good frame */
    assert_null(next_frame());
}

/* ---- Frames that are none ---- */

static void test_truncated_frames(void **state)
{
    uint64_t before = stats().rx_bad_length;
    struct peer peer = {.port = 5, .server = 7, .window = 100};
    struct frame *frame;

    (void)state;
    for (uint16_t len = 0; len < 100; len++) {
        new_ping(56)->len = len < 98 ? len : 97;
        peer_send(&peer, TCP_SYN, NULL, 0)->len = len < 54 ? len : 53;
        send_arp_request(OUR_IP);
        frame = &fake_net.in.frame[fake_net.in.count - 1];
        frame->len = len < 42 ? len : 41;
        run_ms(1);
    }
    assert_int_equal(stats().rx_bad_length - before, 3 * 14);
    assert_null(next_frame());
}

static void test_oversized_frames(void **state)
{
    uint64_t before = stats().rx_bad_length;

    (void)state;
    new_ping(1473);
    new_ping(1600);
    new_ping(1472);
    run_ms(1);
    assert_int_equal(stats().rx_bad_length - before, 2);
    assert_true(is_pong(next_frame(), 1472));
    assert_null(next_frame());
}

static void test_lengths_that_lie(void **state)
{
    (void)state;
    for (unsigned len = 0; len < 65536; len += 97) {
        struct frame *frame = new_ping(56);

        put16(frame->data + IP_HEADER + 2, (uint16_t)len);
        frame->flags = PACKET_IP_CSUM_OK | PACKET_L4_CSUM_OK;
        frame = new_ping(56);
        frame->data[IP_HEADER] = (uint8_t)len;
        frame->flags = PACKET_IP_CSUM_OK | PACKET_L4_CSUM_OK;
        run_ms(1);
        fake_net.out.first = fake_net.out.count = 0;
    }
    run_ms(40000);
}

static void test_noise(void **state)
{
    (void)state;
    srand(1);
    for (unsigned i = 0; i < 3000; i++) {
        struct frame *frame = new_frame((uint16_t)(rand() % 200));

        for (unsigned k = 0; k < frame->len; k++)
            frame->data[k] = (uint8_t)rand();
        finish_ip(frame, (uint8_t)(i % 3 ? (i % 2 ? PROTO_TCP : 17) : rand()),
                  (uint16_t)(i % 5 ? 0 : rand()));
        frame->data[IP_HEADER] = (uint8_t)(0x45 + (i % 7 == 0));
        frame->flags = PACKET_IP_CSUM_OK | PACKET_L4_CSUM_OK;
        run_ms(1);
        fake_net.out.first = fake_net.out.count = 0;
    }
    run_ms(40000);
}

/* ---- The device's moods ---- */

static void test_a_full_ring(void **state)
{
    uint64_t dropped = stats().tx_dropped;

    (void)state;
    fake_net.tx_room = 10;
    for (unsigned i = 0; i < 1000; i++)
        new_ping(56);
    run_ms(1);
    assert_int_equal(fake_net.out.count, 10);
    assert_true(stats().tx_dropped - dropped >= 1000 - 10 - 256);
    assert_true(fake_net.pool.available >
                0); /* what waits to be sent does not eat up the packets */
    fake_net.tx_room = UINT32_MAX;
    run_ms(1);
    assert_true(fake_net.out.count > 10);
    new_ping(56);
    run_ms(1);
    assert_true(packets_conserved());
}

static void test_link_comes_and_goes(void **state)
{
    const struct frame *frame;

    (void)state;
    fake_net.link_up = false;
    run_ms(2000);
    new_ping(56);
    run_ms(1);
    assert_null(next_frame());
    fake_net.link_up = true;
    run_ms(2000);
    frame = next_frame(); /* it announces itself */
    assert_non_null(frame);
    assert_int_equal(get16(frame->data + 12), 0x0806);
    new_ping(56);
    run_ms(1);
    assert_true(is_pong(next_frame(), 56));
}

static void test_idle_sleeps_armed(void **state)
{
    unsigned yields;

    (void)state;
    run_ms(100);
    yields = fake_time.yields;
    fake_net.arms = fake_net.disarms = 0;
    run_ms(10000);
    assert_true(fake_time.yields - yields <
                200); /* lwIP's timers: ARP and reassembly each second */
    assert_int_equal(fake_net.arms + fake_net.disarms, 0); /* which leave the device alone */
    new_ping(56);
    run_ms(1);
    assert_int_equal(fake_net.disarms, 1);
    assert_int_equal(fake_net.arms, 1);
}

static void test_an_interrupt_disarms(void **state)
{
    (void)state;
    run_ms(100);
    fake_net.arms = fake_net.disarms = 0;
    fake_time.ready = 1u << 5; /* another device's */
    run_ms(5000);
    assert_int_equal(fake_net.arms + fake_net.disarms, 0);
    fake_time.ready = 1u << fake_net.dev.handle; /* with nothing to show for it */
    run_ms(5000);
    assert_int_equal(fake_net.disarms, 0);
    assert_int_equal(fake_net.arms, 1);
}

static void test_polled_without_interrupts(void **state)
{
    unsigned yields;

    (void)state;
    fake_net.arm_result = -ENOTSUP;
    new_ping(56); /* it was armed */
    run_ms(1);
    yields = fake_time.yields;
    run_ms(100);
    assert_true(fake_time.yields - yields > 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arp, reset, conserved),
        cmocka_unit_test_setup_teardown(test_ping, reset, conserved),
        cmocka_unit_test_setup_teardown(test_not_for_us, reset, conserved),
        cmocka_unit_test_setup_teardown(test_fragments_in_any_order, reset, conserved),
        cmocka_unit_test_setup_teardown(test_overlapping_fragments_are_dropped, reset, conserved),
        cmocka_unit_test_setup_teardown(test_fragments_without_an_end, reset, conserved),
        cmocka_unit_test_setup_teardown(test_software_checks_what_the_device_did_not, reset,
                                        conserved),
        cmocka_unit_test_setup_teardown(test_the_devices_word_counts, reset, conserved),
        cmocka_unit_test_setup_teardown(test_truncated_frames, reset, conserved),
        cmocka_unit_test_setup_teardown(test_oversized_frames, reset, conserved),
        cmocka_unit_test_setup_teardown(test_lengths_that_lie, reset, conserved),
        cmocka_unit_test_setup_teardown(test_noise, reset, conserved),
        cmocka_unit_test_setup_teardown(test_a_full_ring, reset, conserved),
        cmocka_unit_test_setup_teardown(test_link_comes_and_goes, reset, conserved),
        cmocka_unit_test_setup_teardown(test_idle_sleeps_armed, reset, conserved),
        cmocka_unit_test_setup_teardown(test_an_interrupt_disarms, reset, conserved),
        cmocka_unit_test_setup_teardown(test_polled_without_interrupts, reset, conserved),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
