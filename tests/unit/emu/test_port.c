// SPDX-License-Identifier: ISC
/* emu/port.c and the ports that need no files: what is generated, counted, limited, and carried by
 * a wire. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "emu/port.h"

#define SECOND 1000000000ull

static const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

static struct port *open_port(const char *spec, uint64_t rate, struct port_wires *wires)
{
    const struct port_config config = {.rate = rate, .mac = mac, .wires = wires};
    struct port *port = NULL;
    char error[256] = "";

    if (port_open(spec, &config, &port, error, sizeof(error)) != 0)
        fail_msg("%s: %s", spec, error);
    return port;
}

static void refused(const char *spec, int err, const char *words)
{
    const struct port_config config = {.mac = mac};
    struct port *port = NULL;
    char error[256] = "";

    assert_int_equal(port_open(spec, &config, &port, error, sizeof(error)), err);
    assert_null(port);
    if (!strstr(error, words))
        fail_msg("'%s' says '%s'", spec, error);
}

static void bad_descriptions(void **state)
{
    (void)state;
    refused("", -EINVAL, "not one of");
    refused("tap", -EINVAL, "not one of");
    refused("tap:", -ENODEV, "no such interface");
    refused("tap:no-such-tap0", -ENODEV, "no such interface");
    refused("tap:a-name-that-is-much-too-long", -ENODEV, "no such interface");
    refused("sink:1", -EINVAL, "takes nothing");
    refused("sinks", -EINVAL, "takes nothing");
    refused("generator:", -EINVAL, "SIZE");
    refused("generator:63", -EINVAL, "SIZE");
    refused("generator:16389", -EINVAL, "SIZE");
    refused("generator:-64", -EINVAL, "SIZE");
    refused("generator:64x", -EINVAL, "SIZE");
    refused("generator:99999999999999999999", -EINVAL, "SIZE");
    refused("generator:64,", -EINVAL, "RATE");
    refused("generator:64,0", -EINVAL, "RATE");
    refused("generator:64,fast", -EINVAL, "RATE");
    refused("generator:64,1k1", -EINVAL, "RATE");
    refused("wire:", -EINVAL, "name");
    refused("wire:x", -EINVAL, "wire"); /* no wires in this process */
}

static void rates(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(port_parse_rate("10G", &value), 0);
    assert_int_equal(value, 10000000000ull);
    assert_int_equal(port_parse_rate("14.88M", &value), 0);
    assert_int_equal(value, 14880000ull);
    assert_int_equal(port_parse_rate("1k", &value), 0);
    assert_int_equal(value, 1000);
    assert_int_equal(port_parse_rate("7", &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(port_parse_rate("", &value), -EINVAL);
    assert_int_equal(port_parse_rate("0.1", &value), -EINVAL);
    assert_int_equal(port_parse_rate("10 G", &value), -EINVAL);
    assert_int_equal(port_parse_rate("-10G", &value), -EINVAL);
    assert_int_equal(port_parse_rate("inf", &value), -EINVAL);
    assert_int_equal(port_parse_rate("1e300", &value), -EINVAL);
    assert_int_equal(port_parse_rate("10GG", &value), -EINVAL);
}

static unsigned sum16(const uint8_t *data, unsigned len)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < len; i += 2)
        sum += (unsigned)data[i] << 8 | data[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void check_frame(const struct port_frame *frame, uint32_t len)
{
    const uint8_t *ip = frame->data + 14;

    assert_int_equal(frame->len, len);
    assert_memory_equal(frame->data, mac, 6);
    assert_int_equal(frame->data[6] & 1, 0);
    assert_memory_equal(frame->data + 12, "\x08\x00\x45", 3);
    assert_int_equal(ip[2] << 8 | ip[3], len - 14);
    assert_int_equal(sum16(ip, 20), 0xffff);
    assert_int_equal(ip[9], 17);
    assert_int_equal(ip[24] << 8 | ip[25], len - 34);
}

static void generator_frames(void **state)
{
    static const unsigned sizes[] = {64, 65, 1518, 9018, 16388};
    struct port_frame frames[PORT_BATCH];
    char spec[32];

    (void)state;
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct port *port;

        snprintf(spec, sizeof(spec), "generator:%u", sizes[i]);
        port = open_port(spec, 0, NULL);
        assert_int_equal(port_fd(port), -1);
        assert_int_equal(port_rx_peek(port, 0, frames, 1000), PORT_BATCH);
        for (unsigned k = 0; k < PORT_BATCH; k++)
            check_frame(&frames[k], sizes[i] - 4);
        port_close(port);
    }
}

static void generator_counts(void **state)
{
    struct port *port = open_port("generator:64", 0, NULL);
    struct port_frame frames[PORT_BATCH], again[PORT_BATCH];

    (void)state;
    assert_int_equal(port_rx_peek(port, 0, frames, 32), 32);
    port_rx_done(port, 5);
    assert_int_equal(port_rx_peek(port, 0, again, 32), 32);
    assert_ptr_equal(again[0].data, frames[5].data); /* those that were not taken come again */
    port_rx_done(port, 0);
    assert_int_equal(port_tx(port, 0, frames, 3), 3);
    assert_int_equal(port_stats(port)->rx_packets, 5);
    assert_int_equal(port_stats(port)->rx_bytes, 300);
    assert_int_equal(port_stats(port)->tx_packets, 3);
    assert_int_equal(port_stats(port)->tx_bytes, 180);
    /* Neighbours differ in their flow, and only there and in what follows from it. */
    assert_memory_not_equal(frames[0].data + 34, frames[1].data + 34, 2);
    assert_memory_equal(frames[0].data, frames[1].data, 34);
    port_close(port);
}

/* How many frames a device that takes all it is offered gets in one second, looking every `step`
 * ns. */
static uint64_t received_in_a_second(struct port *port, uint64_t step)
{
    struct port_frame frames[PORT_BATCH];
    uint64_t start = port_stats(port)->rx_packets;

    for (uint64_t now = 5 * SECOND; now < 6 * SECOND; now += step) {
        unsigned count;

        while ((count = port_rx_peek(port, now, frames, PORT_BATCH)) > 0)
            port_rx_done(port, count);
    }
    return port_stats(port)->rx_packets - start;
}

static void assert_near(uint64_t value, uint64_t expected)
{
    assert_in_range(value, expected - expected / 1000 - 1, expected + expected / 1000 + 1);
}

static void generator_rate(void **state)
{
    struct port *port = open_port("generator:64,1M", 0, NULL);

    (void)state;
    assert_near(received_in_a_second(port, 1000), 1000000);
    port_close(port);
    port = open_port("generator:64,1M", 0, NULL);
    assert_near(received_in_a_second(port, 2000000),
                1000000 - 2000); /* the last look is 2 ms early */
    port_close(port);
    port = open_port("generator:64,3", 0, NULL);
    assert_int_equal(received_in_a_second(port, 1000), 3);
    port_close(port);
}

/* 10 Gbit/s is 14,880,952 frames of 64 bytes or 812,743 of 1518 a second (RFC 2544's figures for
 * 10GbE). */
static void wire_rate(void **state)
{
    struct port *port = open_port("generator:64", 10000000000ull, NULL);

    (void)state;
    assert_near(received_in_a_second(port, 10000), 14880952);
    port_close(port);
    port = open_port("generator:1518", 10000000000ull, NULL);
    assert_near(received_in_a_second(port, 10000), 812743);
    port_close(port);
    /* Whoever looks too seldom does not get what has gone by. */
    port = open_port("generator:64", 10000000000ull, NULL);
    assert_in_range(received_in_a_second(port, 10000000), 100 * 1000, 100 * 1600);
    port_close(port);
}

static void wire_rate_sending(void **state)
{
    struct port *port = open_port("sink", 10000000000ull, NULL);
    uint8_t data[64] = {0};
    struct port_frame frames[PORT_BATCH];

    (void)state;
    for (unsigned i = 0; i < PORT_BATCH; i++)
        frames[i] = (struct port_frame){data, i % 2 ? 60 : 42}; /* short ones take their time too */
    for (uint64_t now = 0; now < SECOND; now += 10000)
        while (port_tx(port, now, frames, PORT_BATCH) == PORT_BATCH)
            continue;
    assert_near(port_stats(port)->tx_packets, 14880952);
    assert_int_equal(port_rx_peek(port, 0, frames, PORT_BATCH), 0);
    port_close(port);
}

static void wires_connect(void **state)
{
    struct port_wires *wires = port_wires_create();
    struct port *a = open_port("wire:x", 0, wires), *b = open_port("wire:x", 0, wires);
    struct port *other = open_port("wire:y", 0, wires);
    const struct port_config config = {.wires = wires};
    struct port_frame frames[PORT_BATCH];
    uint8_t data[100] = "from a to b";
    struct port *third = NULL;
    char error[256];

    (void)state;
    assert_int_equal(port_open("wire:x", &config, &third, error, sizeof(error)), -EBUSY);
    frames[0] = (struct port_frame){data, 42};
    frames[1] = (struct port_frame){data, 100};
    assert_int_equal(port_tx(a, 0, frames, 2), 2);
    memset(data, 0xee, sizeof(data)); /* the memory is ours again */
    assert_int_equal(port_rx_peek(a, 0, frames, PORT_BATCH), 0);
    assert_int_equal(port_rx_peek(other, 0, frames, PORT_BATCH), 0);
    assert_int_equal(port_rx_peek(b, 0, frames, PORT_BATCH), 2);
    assert_int_equal(frames[0].len, 60);
    assert_string_equal((const char *)frames[0].data, "from a to b");
    for (unsigned i = 42; i < 60; i++)
        assert_int_equal(frames[0].data[i], 0);
    assert_int_equal(frames[1].len, 100);
    port_rx_done(b, 2);
    assert_int_equal(port_rx_peek(b, 0, frames, PORT_BATCH), 0);
    /* Nobody at the other end. */
    frames[0] = (struct port_frame){data, 60};
    assert_int_equal(port_tx(other, 0, frames, 1), 1);
    assert_int_equal(port_stats(other)->tx_dropped, 1);
    port_close(a);
    port_close(b);
    port_close(other);
    port_wires_destroy(wires);
}

static void wire_fills(void **state)
{
    struct port_wires *wires = port_wires_create();
    struct port *a = open_port("wire:x", 0, wires), *b = open_port("wire:x", 0, wires);
    static uint8_t data[PORT_FRAME_MAX + 1];
    struct port_frame frame = {data, PORT_FRAME_MAX}, got;
    uint64_t sent;

    (void)state;
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(port_tx(a, 0, &frame, 1), 1);
    sent = port_stats(a)->tx_packets;
    assert_in_range(sent, 100, 9999);
    assert_int_equal(port_stats(a)->tx_dropped, 10000 - sent);
    frame.len = PORT_FRAME_MAX + 1;
    port_flush(b);
    assert_int_equal(port_stats(b)->flushed, sent);
    port_tx(a, 0, &frame, 1);
    assert_int_equal(port_stats(a)->tx_packets, sent);
    /* Round and round. */
    for (unsigned i = 0; i < 5000; i++) {
        data[0] = (uint8_t)i;
        frame.len = 60 + i % 2000;
        assert_int_equal(port_tx(a, 0, &frame, 1), 1);
        assert_int_equal(port_rx_peek(b, 0, &got, 1), 1);
        assert_int_equal(got.len, frame.len);
        assert_int_equal(got.data[0], (uint8_t)i);
        port_rx_done(b, 1);
    }
    port_close(a);
    port_tx(b, 0, &frame, 1);
    assert_int_equal(port_stats(b)->tx_dropped, 1);
    port_close(b);
    port_wires_destroy(wires);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_descriptions),  cmocka_unit_test(rates),
        cmocka_unit_test(generator_frames),  cmocka_unit_test(generator_counts),
        cmocka_unit_test(generator_rate),    cmocka_unit_test(wire_rate),
        cmocka_unit_test(wire_rate_sending), cmocka_unit_test(wires_connect),
        cmocka_unit_test(wire_fills),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
