// SPDX-License-Identifier: ISC
/* Servers for the tests of flows, and peers that keep them busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow_servers.h"
#include "guest/net/mem.h"

struct servers servers;

static void note_end(struct flow *flow, ssize_t error)
{
    servers.last_error = (int)error;
    servers.ended++;
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

    (void)task_wait(&servers.morning, TASK_NEVER);
    while ((n = flow_read(flow, &data)) > 0)
        servers.got_bytes += (size_t)n;
    note_end(flow, n);
}

static void serve_source(struct flow *flow)
{
    char *data = malloc(servers.source_bytes);
    int error;

    for (size_t i = 0; i < servers.source_bytes; i++)
        data[i] = (char)(i * 11 + i / 999);
    error = flow_write(flow, data, servers.source_bytes);
    free(data);
    note_end(flow, error);
}

static void serve_mute(struct flow *flow)
{
    note_end(flow, 0);
}

int servers_start(void **state)
{
    (void)state;
    fake_net_start(POOL);
    assert_int_equal(stack_listen_tcp(fake_stack, ECHO_PORT, serve_echo), 0);
    assert_int_equal(stack_listen_tcp(fake_stack, SLEEPY_PORT, serve_sleepy), 0);
    assert_int_equal(stack_listen_tcp(fake_stack, SOURCE_PORT, serve_source), 0);
    assert_int_equal(stack_listen_tcp(fake_stack, MUTE_PORT, serve_mute), 0);
    return 0;
}

struct stack_stats stats(void)
{
    struct stack_stats s;

    stack_stats(fake_stack, &s);
    return s;
}

int servers_reset(void **state)
{
    (void)state;
    send_arp_request(OUR_IP); /* it forgets who we are after five minutes */
    run_ms(1);
    fake_net_reset();
    servers.got_bytes = 0;
    servers.last_error = 1;
    servers.ended = 0;
    return 0;
}

/* After each test, and the time for which closed connections linger: nothing is left of it. */
int servers_all_gone(void **state)
{
    (void)state;
    task_wake(&servers.morning);
    run_ms(200000);
    if (stats().flows != 0 || !packets_conserved() || net_mem_used() != 0) {
        print_error("left: %u flows, %u packets, %zu bytes\n", stats().flows,
                    fake_net.pool.count - fake_net.pool.available, net_mem_used());
        return -1;
    }
    return 0;
}

uint16_t new_port(void)
{
    static uint16_t port = 1024;

    return port++;
}

/* Reads what the source writes, with the acknowledgements of an ordinary peer. */
size_t drain(struct peer *peer)
{
    size_t total = 0;

    for (unsigned quiet = 0; quiet < 50;) {
        size_t n = peer_read(peer, servers.big + total, sizeof(servers.big) - total);

        quiet = n ? 0 : quiet + 1;
        total += n;
        run_ms(1);
    }
    return total;
}

void check_source(size_t n)
{
    assert_int_equal(n, servers.source_bytes);
    for (size_t i = 0; i < n; i++) {
        if (servers.big[i] != (uint8_t)(i * 11 + i / 999))
            fail_msg("byte %zu is wrong", i);
    }
}

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
size_t fill_window(struct peer *peer, size_t chunk)
{
    static uint8_t zeroes[1460];
    size_t sent = 0;

    while ((int32_t)(window_edge(peer) - peer->seq) >= (int32_t)chunk) {
        peer_write(peer, zeroes, chunk);
        sent += chunk;
    }
    return sent;
}
