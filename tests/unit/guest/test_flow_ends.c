// SPDX-License-Identifier: ISC
/* TCP flows that end, or begin, in disorder; and how many there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <penstock/task.h>
#include <stdlib.h>
#include <string.h>

#include "flow_servers.h"
#include "fake_time.h"
#include "guest/net/lwip_stack.h"
#include "guest/net/mem.h"

/* ---- Ends without order ---- */

static void test_reset_while_reading(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    peer_send(&peer, TCP_RST, NULL, 0);
    run_ms(1);
    assert_int_equal(servers.last_error, -ECONNRESET);
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
    task_wake(&servers.morning);
    run_ms(1);
    assert_true(servers.got_bytes > 60000); /* what had come is still there */
    assert_int_equal(servers.last_error, -ECONNRESET);
}

static void test_reset_while_writing(void **state)
{
    struct peer peer;

    (void)state;
    servers.source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    run_ms(10);
    peer_send(&peer, TCP_RST, NULL, 0);
    run_ms(1);
    assert_int_equal(servers.last_error, -ECONNRESET);
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
    assert_int_equal(servers.ended, 1);
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
    servers.source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    while (servers.ended == 0 && fake_time.now - begin < 600 * 1000000000ull) {
        run_ms(1000);
        fake_net.out.first = fake_net.out.count = 0;
    }
    assert_int_equal(servers.last_error, -ETIMEDOUT);
    assert_true(fake_time.now - begin < 100 * 1000000000ull);
}

static void test_a_peer_that_vanishes_while_we_read(void **state)
{
    struct peer peer;
    solo5_time_t begin = fake_time.now;

    (void)state;
    peer_connect(&peer, new_port(), ECHO_PORT);
    while (servers.ended == 0 && fake_time.now - begin < 600 * 1000000000ull) {
        run_ms(1000);
        fake_net.out.first = fake_net.out.count = 0;
    }
    assert_int_equal(servers.last_error, -ETIMEDOUT);
    assert_true(fake_time.now - begin < 200 * 1000000000ull);
}

/* It answers, but its window stays closed. */
static void test_a_peer_that_never_reads(void **state)
{
    struct segment segment;
    struct peer peer;

    (void)state;
    servers.source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    peer.window = 0;
    for (unsigned i = 0; i < 100 && servers.ended == 0; i++) {
        while (peer_receive(&peer, &segment)) {
            if (segment.seq == peer.ack && segment.len > 1)
                peer.ack += (uint32_t)segment.len;
        }
        fake_net_reset();
        peer_send(&peer, TCP_ACK, NULL, 0);
        run_ms(1000);
    }
    assert_int_equal(servers.last_error, -ETIMEDOUT);
}

/* The same after the flow is closed: nobody waits, but its memory must come back. */
static void test_lingering_has_an_end(void **state)
{
    struct segment segment;
    struct peer peer;

    (void)state;
    servers.source_bytes = 200000; /* fits the send buffer */
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
    servers.source_bytes = 5;
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
    assert_int_equal(stack_listen_tcp(fake_stack, ECHO_PORT, flow_close), -EADDRINUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(test_reset_while_reading),
        FLOW_TEST(test_reset_with_data_unread),
        FLOW_TEST(test_reset_while_writing),
        FLOW_TEST(test_reset_in_every_step_of_opening),
        FLOW_TEST(test_reset_after_we_closed),
        FLOW_TEST(test_a_peer_that_vanishes_while_we_write),
        FLOW_TEST(test_a_peer_that_vanishes_while_we_read),
        FLOW_TEST(test_a_peer_that_never_reads),
        FLOW_TEST(test_lingering_has_an_end),
        FLOW_TEST(test_close_does_not_reset),
        FLOW_TEST(test_too_many_connections_are_reset),
        FLOW_TEST(test_a_flood_of_openings),
        FLOW_TEST(test_closed_port),
        FLOW_TEST(test_listening_twice),
    };

    return cmocka_run_group_tests(tests, servers_start, NULL);
}
