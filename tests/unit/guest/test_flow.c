// SPDX-License-Identifier: ISC
/* TCP flows: tasks that serve a scripted peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <penstock/task.h>
#include <stdlib.h>
#include <string.h>

#include "fake_net.h"
#include "fake_time.h"
#include "guest/net/lwip_stack.h"
#include "guest/net/mem.h"

#define ECHO_PORT   7
#define SLEEPY_PORT 9  /* does nothing until it is woken, then reads all there is, and closes */
#define SOURCE_PORT 19 /* writes source_bytes, and closes */
#define MUTE_PORT   21 /* closes at once */
#define POOL        1024

static struct task_queue morning; /* what the sleepy server waits for */
static size_t source_bytes;
static size_t got_bytes; /* that the sleepy server has read */
static int last_error;   /* what ended the last flow */
static unsigned ended;   /* flows */

static void note_end(struct flow *flow, ssize_t error)
{
    last_error = (int)error;
    ended++;
    flow_close(flow);
}

static void serve_echo(struct flow *flow)
{
    const void *data;
    ssize_t n;

    while ((n = flow_read(flow, &data)) > 0) {
        int error = flow_write(flow, data, (size_t)n);

        if (error != 0) {
            n = error;
            break;
        }
    }
    note_end(flow, n);
}

static void serve_sleepy(struct flow *flow)
{
    const void *data;
    ssize_t n;

    (void)task_wait(&morning, TASK_NEVER);
    while ((n = flow_read(flow, &data)) > 0)
        got_bytes += (size_t)n;
    note_end(flow, n);
}

static void serve_source(struct flow *flow)
{
    char *data = malloc(source_bytes);
    int error;

    for (size_t i = 0; i < source_bytes; i++)
        data[i] = (char)(i * 11 + i / 999);
    error = flow_write(flow, data, source_bytes);
    free(data);
    note_end(flow, error);
}

static void serve_mute(struct flow *flow)
{
    note_end(flow, 0);
}

static int start(void **state)
{
    (void)state;
    fake_net_start(POOL);
    assert_int_equal(stack_listen_tcp(fake_stack, ECHO_PORT, serve_echo), 0);
    assert_int_equal(stack_listen_tcp(fake_stack, SLEEPY_PORT, serve_sleepy), 0);
    assert_int_equal(stack_listen_tcp(fake_stack, SOURCE_PORT, serve_source), 0);
    assert_int_equal(stack_listen_tcp(fake_stack, MUTE_PORT, serve_mute), 0);
    return 0;
}

static struct stack_stats stats(void)
{
    struct stack_stats s;

    stack_stats(fake_stack, &s);
    return s;
}

static int reset(void **state)
{
    (void)state;
    send_arp_request(OUR_IP); /* it forgets who we are after five minutes */
    run_ms(1);
    fake_net_reset();
    got_bytes = 0;
    last_error = 1;
    ended = 0;
    return 0;
}

/* After each test, and the time for which closed connections linger: nothing is left of it. */
static int all_gone(void **state)
{
    (void)state;
    task_wake(&morning);
    run_ms(200000);
    if (stats().flows != 0 || !packets_conserved() || net_mem_used() != 0) {
        print_error("left: %u flows, %u packets, %zu bytes\n", stats().flows,
                    fake_net.pool.count - fake_net.pool.available, net_mem_used());
        return -1;
    }
    return 0;
}

static uint16_t new_port(void)
{
    static uint16_t port = 1024;

    return port++;
}

/* ---- In order ---- */

static void test_echo(void **state)
{
    struct segment segment;
    struct peer peer;
    char answer[100];

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    assert_int_equal(stats().flows, 1);
    peer_write(&peer, "Hello", 5);
    assert_int_equal(peer_read(&peer, answer, sizeof(answer)), 5);
    assert_memory_equal(answer, "Hello", 5);
    peer_send(&peer, TCP_FIN | TCP_ACK, NULL, 0);
    peer.seq++;
    run_ms(1);
    assert_true(peer_receive(&peer, &segment));
    while (!(segment.flags & TCP_FIN))
        assert_true(peer_receive(&peer, &segment));
    assert_int_equal(segment.ack, peer.seq);
    peer.ack++;
    peer_send(&peer, TCP_ACK, NULL, 0);
    run_ms(1);
    assert_int_equal(stats().flows, 0);
    assert_int_equal(last_error, 0);
    assert_true(packets_conserved());
}

static bool read_in_place;

static void serve_pointer(struct flow *flow)
{
    const struct packet_pool *pool = &fake_net.pool;
    const void *data;

    if (flow_read(flow, &data) > 0) {
        for (unsigned i = 0; i < pool->count; i++)
            read_in_place |= data == pool->packets[i].data + TCP_DATA;
    }
    flow_close(flow);
}

static void test_data_is_read_in_the_packet(void **state)
{
    struct peer peer;

    (void)state;
    assert_int_equal(stack_listen_tcp(fake_stack, 99, serve_pointer), 0);
    peer_connect(&peer, new_port(), 99);
    peer_write(&peer, "x", 1);
    assert_true(read_in_place);
}

static void test_out_of_order(void **state)
{
    struct peer peer;
    char answer[100];

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    peer.seq += 3;
    peer_send(&peer, TCP_ACK, "def", 3);
    peer.seq += 3;
    peer_send(&peer, TCP_ACK, "ghi", 3);
    run_ms(1);
    assert_int_equal(peer_read(&peer, answer, sizeof(answer)), 0);
    peer.seq -= 6;
    peer_send(&peer, TCP_ACK, "abc", 3);
    run_ms(1);
    assert_int_equal(peer_read(&peer, answer, sizeof(answer)), 9);
    assert_memory_equal(answer, "abcdefghi", 9);
    peer.seq += 9;
    peer_send(&peer, TCP_RST, NULL, 0);
}

static void test_bad_checksums_are_ignored(void **state)
{
    struct peer peer;
    char answer[100];
    struct frame *frame;

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    peer_send(&peer, TCP_ACK, "bad", 3)->data[TCP_DATA] ^= 1;
    run_ms(1);
    assert_int_equal(peer_read(&peer, answer, sizeof(answer)), 0);
    frame = peer_send(&peer, TCP_ACK, "bad", 3);
    frame->data[TCP_DATA] ^= 1;
    frame->flags = PACKET_IP_CSUM_OK | PACKET_L4_CSUM_OK; /* a device's word */
    run_ms(1);
    assert_int_equal(peer_read(&peer, answer, sizeof(answer)), 3);
    peer.seq += 3;
    peer_send(&peer, TCP_RST, NULL, 0);
}

/* ---- Much ---- */

static uint8_t big[3 << 20];

/* Reads what the source writes, with the acknowledgements of an ordinary peer. */
static size_t drain(struct peer *peer)
{
    size_t total = 0;

    for (unsigned quiet = 0; quiet < 50;) {
        size_t n = peer_read(peer, big + total, sizeof(big) - total);

        quiet = n ? 0 : quiet + 1;
        total += n;
        run_ms(1);
    }
    return total;
}

static void check_source(size_t n)
{
    assert_int_equal(n, source_bytes);
    for (size_t i = 0; i < n; i++) {
        if (big[i] != (uint8_t)(i * 11 + i / 999))
            fail_msg("byte %zu is wrong", i);
    }
}

static void test_write_more_than_the_buffer(void **state)
{
    struct peer peer;

    (void)state;
    source_bytes = 2 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    check_source(drain(&peer));
    assert_int_equal(last_error, 0);
}

static void test_write_through_a_ring_that_is_full(void **state)
{
    struct peer peer;
    size_t total = 0;

    (void)state;
    source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    for (unsigned i = 0; i < 4000 && total < source_bytes; i++) {
        fake_net.tx_room = i % 3; /* less than TCP wants to send at a time */
        total += peer_read(&peer, big + total, sizeof(big) - total);
        run_ms(1);
    }
    fake_net.tx_room = UINT32_MAX;
    check_source(total);
}

static void test_lost_frames_are_sent_again(void **state)
{
    struct peer peer;
    size_t total = 0;

    (void)state;
    source_bytes = 300000;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    for (unsigned i = 0; i < 100000 && total < source_bytes; i++) {
        if (i % 5 == 3 && fake_net.out.count > 1)
            fake_net.out.first = 1; /* the first of a burst is lost */
        total += peer_read(&peer, big + total, sizeof(big) - total);
        run_ms(1);
    }
    check_source(total);
}

/* ---- Windows ---- */

/* The end of the stack's window, as it said last. Without window scaling: the peer asked for none.
 */
static uint32_t window_edge(struct peer *peer)
{
    struct segment segment;

    while (peer_receive(peer, &segment))
        peer->edge = segment.ack + segment.window;
    fake_net.out.first = fake_net.out.count = 0;
    return peer->edge;
}

/* Sends data until the window is full. How much that was. */
static size_t fill_window(struct peer *peer, size_t chunk)
{
    static uint8_t zeroes[1460];
    size_t sent = 0;

    while ((int32_t)(window_edge(peer) - peer->seq) >= (int32_t)chunk) {
        peer_write(peer, zeroes, chunk);
        sent += chunk;
    }
    return sent;
}

static void test_window_closes_and_opens(void **state)
{
    struct segment segment;
    struct peer peer;
    size_t sent;

    (void)state;
    peer_connect(&peer, new_port(), SLEEPY_PORT);
    sent = fill_window(&peer, 1000);
    assert_in_range(sent, 60000, 70000);
    task_wake(&morning);
    run_ms(5);
    assert_int_equal(got_bytes, sent);
    segment.window = 0;
    while (peer_receive(&peer, &segment))
        ;
    assert_true(segment.window > 60000);
    peer_send(&peer, TCP_RST, NULL, 0);
}

static void test_unread_data_does_not_starve_the_device(void **state)
{
    struct peer peer[16];
    char answer[100];

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        peer_connect(&peer[i], new_port(), SLEEPY_PORT);
        fill_window(&peer[i], 64); /* 1024 segments, more than there are packets */
    }
    assert_true(fake_net.pool.available >= POOL / 4 - 1);
    assert_true(stats().rx_copied > 0);
    peer_connect(&peer[0], new_port(), ECHO_PORT);
    peer_write(&peer[0], "still here", 10);
    assert_int_equal(peer_read(&peer[0], answer, sizeof(answer)), 10);
    peer_send(&peer[0], TCP_RST, NULL, 0);
    for (unsigned i = 1; i < 16; i++)
        peer_send(&peer[i], TCP_RST, NULL, 0);
}

static void test_unread_data_does_not_take_all_memory(void **state)
{
    static struct peer peer[200];
    struct peer other;
    char answer[100];

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        peer_connect(&peer[i], new_port(), SLEEPY_PORT);
        for (unsigned k = 0; k < 1000; k++) { /* 64 KiB of window, in as many small segments */
            peer_send(&peer[i], TCP_ACK, "0123456789012345678901234567890123456789", 40);
            peer[i].seq += 40;
            if (k % 100 == 99) {
                run_ms(1);
                fake_net.out.first = fake_net.out.count = 0;
            }
        }
    }
    assert_true(stats().rx_refused > 0);
    assert_true(net_mem_used() < NET_MEM_MAX * 3 / 4);
    assert_true(fake_net.pool.available > 0);
    source_bytes = 1 << 20; /* and still it can send, and hear the acknowledgements */
    peer_connect(&other, new_port(), SOURCE_PORT);
    check_source(drain(&other));
    peer_connect(&other, new_port(), ECHO_PORT);
    peer_write(&other, "x", 1);
    run_ms(100);
    peer_send(&other, TCP_RST, NULL, 0);
    task_wake(&morning);
    run_ms(1000);
    peer_connect(&other, new_port(), ECHO_PORT);
    peer_write(&other, "x", 1);
    assert_int_equal(peer_read(&other, answer, sizeof(answer)), 1);
    peer_send(&other, TCP_RST, NULL, 0);
    for (unsigned i = 0; i < 200; i++)
        peer_send(&peer[i], TCP_RST, NULL, 0);
}

/* ---- Ends without order ---- */

static void test_reset_while_reading(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    peer_send(&peer, TCP_RST, NULL, 0);
    run_ms(1);
    assert_int_equal(last_error, -ECONNRESET);
    assert_int_equal(stats().flows, 0);
}

static void test_reset_with_data_unread(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, new_port(), SLEEPY_PORT);
    fill_window(&peer, 1460);
    peer_send(&peer, TCP_RST, NULL, 0);
    run_ms(1);
    task_wake(&morning);
    run_ms(1);
    assert_true(got_bytes > 60000); /* what had come is still there */
    assert_int_equal(last_error, -ECONNRESET);
}

static void test_reset_while_writing(void **state)
{
    struct peer peer;

    (void)state;
    source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    run_ms(10);
    peer_send(&peer, TCP_RST, NULL, 0);
    run_ms(1);
    assert_int_equal(last_error, -ECONNRESET);
}

static void test_reset_in_every_step_of_opening(void **state)
{
    struct peer peer = {.server = ECHO_PORT, .window = 1000};
    struct segment answer;

    (void)state;
    for (unsigned step = 0; step < 3; step++) {
        peer.port = new_port();
        peer.seq = 77;
        peer_send(&peer, TCP_SYN, NULL, 0);
        peer.seq++;
        if (step == 0) {
            peer_send(&peer, TCP_RST, NULL, 0); /* before the answer is out */
        } else {
            run_ms(1);
            assert_true(peer_receive(&peer, &answer));
            peer.ack = answer.seq + 1;
        }
        if (step == 2)
            peer_send(&peer, TCP_ACK, NULL, 0); /* and before the task has run */
        peer_send(&peer, TCP_RST | TCP_ACK, NULL, 0);
        run_ms(1);
        fake_net_reset();
    }
    assert_int_equal(stats().flows, 0);
    assert_int_equal(ended, 1);
}

static void test_reset_after_we_closed(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, new_port(), MUTE_PORT);
    peer_send(&peer, TCP_RST, NULL, 0);
    run_ms(1);
    assert_true(packets_conserved());
}

static void test_a_peer_that_vanishes_while_we_write(void **state)
{
    struct peer peer;
    solo5_time_t begin = fake_time.now;

    (void)state;
    source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    while (ended == 0 && fake_time.now - begin < 600 * 1000000000ull) {
        run_ms(1000);
        fake_net.out.first = fake_net.out.count = 0;
    }
    assert_int_equal(last_error, -ETIMEDOUT);
    assert_true(fake_time.now - begin < 100 * 1000000000ull);
}

static void test_a_peer_that_vanishes_while_we_read(void **state)
{
    struct peer peer;
    solo5_time_t begin = fake_time.now;

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    while (ended == 0 && fake_time.now - begin < 600 * 1000000000ull) {
        run_ms(1000);
        fake_net.out.first = fake_net.out.count = 0;
    }
    assert_int_equal(last_error, -ETIMEDOUT);
    assert_true(fake_time.now - begin < 200 * 1000000000ull);
}

/* It answers, but its window stays closed. */
static void test_a_peer_that_never_reads(void **state)
{
    struct segment segment;
    struct peer peer;

    (void)state;
    source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    peer.window = 0;
    for (unsigned i = 0; i < 100 && ended == 0; i++) {
        while (peer_receive(&peer, &segment)) {
            if (segment.seq == peer.ack && segment.len > 1)
                peer.ack += (uint32_t)segment.len;
        }
        fake_net_reset();
        peer_send(&peer, TCP_ACK, NULL, 0);
        run_ms(1000);
    }
    assert_int_equal(last_error, -ETIMEDOUT);
}

/* The same after the flow is closed: nobody waits, but its memory must come back. */
static void test_lingering_has_an_end(void **state)
{
    struct segment segment;
    struct peer peer;

    (void)state;
    source_bytes = 200000; /* fits the send buffer */
    peer_connect(&peer, new_port(), SOURCE_PORT);
    peer.window = 0;
    for (unsigned i = 0; i < 30; i++) {
        while (peer_receive(&peer, &segment)) {
            if (segment.seq == peer.ack && segment.len > 1)
                peer.ack += (uint32_t)segment.len;
        }
        fake_net_reset();
        peer_send(&peer, TCP_ACK, NULL, 0);
        run_ms(1000);
    }
    assert_int_equal(stats().flows, 0);
    assert_int_equal(net_mem_used(), 0);
}

/* Data that the peer sends after we closed is thrown away, and what we sent before is not lost by a
 * reset. */
static void test_close_does_not_reset(void **state)
{
    struct segment segment;
    struct peer peer;

    (void)state;
    source_bytes = 5;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    peer_write(&peer, "too late", 8);
    peer_write(&peer, "and again", 9);
    while (peer_receive(&peer, &segment)) {
        assert_false(segment.flags & TCP_RST);
        if (segment.len > 0)
            assert_int_equal(segment.len, 5);
    }
    assert_int_equal(segment.ack, peer.seq);
}

/* ---- Limits ---- */

static void test_too_many_connections_are_reset(void **state)
{
    static struct peer peer[NET_FLOWS_MAX];
    struct segment segment;
    struct peer other;
    char answer[8];

    (void)state;
    for (unsigned i = 0; i < NET_FLOWS_MAX; i++) {
        peer_connect(&peer[i], new_port(), ECHO_PORT);
        fake_net_reset();
    }
    assert_int_equal(stats().flows, NET_FLOWS_MAX);
    peer_connect(&other, new_port(), ECHO_PORT);
    assert_true(peer_receive(&other, &segment));
    assert_true(segment.flags & TCP_RST);
    assert_int_equal(stats().refused, 1);
    peer_write(&peer[3], "x", 1); /* the others do not notice */
    assert_int_equal(peer_read(&peer[3], answer, sizeof(answer)), 1);
    peer_send(&peer[7], TCP_RST, NULL, 0);
    run_ms(1);
    fake_net_reset();
    peer_connect(&peer[7], new_port(), ECHO_PORT);
    peer_write(&peer[7], "y", 1);
    assert_int_equal(peer_read(&peer[7], answer, sizeof(answer)), 1);
    for (unsigned i = 0; i < NET_FLOWS_MAX; i++)
        peer_send(&peer[i], TCP_RST, NULL, 0);
}

static void test_a_flood_of_openings(void **state)
{
    struct peer peer = {.server = ECHO_PORT, .window = 1000, .seq = 1};
    char answer[8];

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        peer.port = (uint16_t)(20000 + i);
        peer_send(&peer, TCP_SYN, NULL, 0);
        if (i % 500 == 499) {
            run_ms(1);
            fake_net_reset();
        }
    }
    assert_int_equal(stats().flows, 0);
    run_ms(30000); /* those half open are forgotten */
    fake_net_reset();
    peer_connect(&peer, new_port(), ECHO_PORT);
    peer_write(&peer, "z", 1);
    assert_int_equal(peer_read(&peer, answer, sizeof(answer)), 1);
    peer_send(&peer, TCP_RST, NULL, 0);
}

static void test_closed_port(void **state)
{
    struct peer peer = {.port = new_port(), .server = 1234, .seq = 1};
    struct segment segment;

    (void)state;
    peer_send(&peer, TCP_SYN, NULL, 0);
    run_ms(1);
    assert_true(peer_receive(&peer, &segment));
    assert_int_equal(segment.flags, TCP_RST | TCP_ACK);
}

static void test_listening_twice(void **state)
{
    (void)state;
    assert_int_equal(stack_listen_tcp(fake_stack, ECHO_PORT, serve_echo), -EADDRINUSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, all_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_echo),
        TEST(test_data_is_read_in_the_packet),
        TEST(test_out_of_order),
        TEST(test_bad_checksums_are_ignored),
        TEST(test_write_more_than_the_buffer),
        TEST(test_write_through_a_ring_that_is_full),
        TEST(test_lost_frames_are_sent_again),
        TEST(test_window_closes_and_opens),
        TEST(test_unread_data_does_not_starve_the_device),
        TEST(test_unread_data_does_not_take_all_memory),
        TEST(test_reset_while_reading),
        TEST(test_reset_with_data_unread),
        TEST(test_reset_while_writing),
        TEST(test_reset_in_every_step_of_opening),
        TEST(test_reset_after_we_closed),
        TEST(test_a_peer_that_vanishes_while_we_write),
        TEST(test_a_peer_that_vanishes_while_we_read),
        TEST(test_a_peer_that_never_reads),
        TEST(test_lingering_has_an_end),
        TEST(test_close_does_not_reset),
        TEST(test_too_many_connections_are_reset),
        TEST(test_a_flood_of_openings),
        TEST(test_closed_port),
        TEST(test_listening_twice),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
