// SPDX-License-Identifier: ISC
/* TCP flows in order: data both ways, windows, memory. */
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
#include "guest/net/mem.h"

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
    assert_int_equal(servers.last_error, 0);
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

static void test_write_more_than_the_buffer(void **state)
{
    struct peer peer;

    (void)state;
    servers.source_bytes = 2 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    check_source(drain(&peer));
    assert_int_equal(servers.last_error, 0);
}

static void test_write_through_a_ring_that_is_full(void **state)
{
    struct peer peer;
    size_t total = 0;

    (void)state;
    servers.source_bytes = 1 << 20;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    for (unsigned i = 0; i < 4000 && total < servers.source_bytes; i++) {
        fake_net.tx_room = i % 3; /* less than TCP wants to send at a time */
        total += peer_read(&peer, servers.big + total, sizeof(servers.big) - total);
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
    servers.source_bytes = 300000;
    peer_connect(&peer, new_port(), SOURCE_PORT);
    for (unsigned i = 0; i < 100000 && total < servers.source_bytes; i++) {
        if (i % 5 == 3 && fake_net.out.count > 1)
            fake_net.out.first = 1; /* the first of a burst is lost */
        total += peer_read(&peer, servers.big + total, sizeof(servers.big) - total);
        run_ms(1);
    }
    check_source(total);
}

/* ---- Windows ---- */

static void test_window_closes_and_opens(void **state)
{
    struct segment segment;
    struct peer peer;
    size_t sent;

    (void)state;
    peer_connect(&peer, new_port(), SLEEPY_PORT);
    sent = fill_window(&peer, 1000);
    assert_in_range(sent, 60000, 70000);
    task_wake(&servers.morning);
    run_ms(5);
    assert_int_equal(servers.got_bytes, sent);
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
    servers.source_bytes = 1 << 20; /* and still it can send, and hear the acknowledgements */
    peer_connect(&other, new_port(), SOURCE_PORT);
    check_source(drain(&other));
    peer_connect(&other, new_port(), ECHO_PORT);
    peer_write(&other, "x", 1);
    run_ms(100);
    peer_send(&other, TCP_RST, NULL, 0);
    task_wake(&servers.morning);
    run_ms(1000);
    peer_connect(&other, new_port(), ECHO_PORT);
    peer_write(&other, "x", 1);
    assert_int_equal(peer_read(&other, answer, sizeof(answer)), 1);
    peer_send(&other, TCP_RST, NULL, 0);
    for (unsigned i = 0; i < 200; i++)
        peer_send(&peer[i], TCP_RST, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(test_echo),
        FLOW_TEST(test_data_is_read_in_the_packet),
        FLOW_TEST(test_out_of_order),
        FLOW_TEST(test_bad_checksums_are_ignored),
        FLOW_TEST(test_write_more_than_the_buffer),
        FLOW_TEST(test_write_through_a_ring_that_is_full),
        FLOW_TEST(test_lost_frames_are_sent_again),
        FLOW_TEST(test_window_closes_and_opens),
        FLOW_TEST(test_unread_data_does_not_starve_the_device),
        FLOW_TEST(test_unread_data_does_not_take_all_memory),
    };

    return cmocka_run_group_tests(tests, servers_start, NULL);
}
