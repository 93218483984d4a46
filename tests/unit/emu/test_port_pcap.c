// SPDX-License-Identifier: ISC
/* emu/port_pcap.c: what is written can be read, by others too, and what is malformed is refused
 * with the reason. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/port.h"

static char dir[] = "/tmp/penstock-pcap-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path_of("in"));
    unlink(path_of("out"));
    return rmdir(dir);
}

static int try_open(const char *in, const char *out, struct port **port, char error[256])
{
    const struct port_config config = {0};
    char spec[300];

    snprintf(spec, sizeof(spec), "pcap:%s%s%s,%s%s%s", in ? dir : "", in ? "/" : "", in ? in : "",
             out ? dir : "", out ? "/" : "", out ? out : "");
    *port = NULL;
    return port_open(spec, &config, port, error, 256);
}

static struct port *open_pcap(const char *in, const char *out)
{
    char error[256] = "";
    struct port *port;

    if (try_open(in, out, &port, error) != 0)
        fail_msg("%s", error);
    return port;
}

static void write_file(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

/* Builds a capture of one packet of `len` bytes in the given byte order. */
static size_t build(uint8_t *file, uint32_t magic, uint32_t link, uint32_t len, bool big)
{
    const uint32_t words[] = {magic, 0, 0, 0, 65535, link, 1, 2, len, len};
    size_t at = 0;

    for (unsigned i = 0; i < 10; i++)
        for (unsigned b = 0; b < 4; b++)
            file[at++] = (uint8_t)(words[i] >> (big ? 24 - 8 * b : 8 * b));
    for (uint32_t i = 0; i < len && i < 2000; i++)
        file[at++] = (uint8_t)i;
    return at;
}

static void both_orders_and_units(void **state)
{
    static const uint32_t magics[] = {0xa1b2c3d4u, 0xa1b23c4du};
    uint8_t file[2100];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct port_frame frames[2];
        struct port *port;

        write_file("in", file, build(file, magics[i / 2], 1, 100, i % 2));
        port = open_pcap("in", NULL);
        assert_int_equal(port_rx_peek(port, 0, frames, 2), 1);
        assert_int_equal(frames[0].len, 100);
        assert_int_equal(frames[0].data[99], 99);
        port_rx_done(port, 1);
        assert_int_equal(port_rx_peek(port, 0, frames, 2), 0);
        assert_int_equal(port_stats(port)->rx_bytes, 100);
        port_close(port);
    }
}

static void round_trip(void **state)
{
    struct port *port = open_pcap(NULL, "out");
    struct port_frame frames[PORT_BATCH];
    static uint8_t data[PORT_FRAME_MAX];
    unsigned left = 1000, n;

    (void)state;
    assert_int_equal(port_rx_peek(port, 0, frames, PORT_BATCH), 0);
    for (unsigned i = 0; i < 1000; i++) {
        memset(data, (int)i, sizeof(data));
        frames[0] = (struct port_frame){data, 14 + i * 16};
        assert_int_equal(port_tx(port, 0, frames, 1), 1);
    }
    assert_int_equal(port_stats(port)->tx_packets, 1000);
    port_close(port);
    port = open_pcap("out", NULL);
    while ((n = port_rx_peek(port, 0, frames, 7)) > 0) {
        for (unsigned i = 0; i < n; i++) {
            unsigned number = 1000 - left + i, len = 14 + number * 16;

            assert_int_equal(frames[i].len, len < 60 ? 60 : len);
            assert_int_equal(frames[i].data[0], (uint8_t)number);
            assert_int_equal(frames[i].data[len - 1], (uint8_t)number);
            if (len < 60)
                assert_int_equal(frames[i].data[59], 0);
        }
        port_rx_done(port, n);
        left -= n;
    }
    assert_int_equal(left, 0);
    port_close(port);
}

static void refused(const void *data, size_t size, const char *words)
{
    char error[256] = "";
    struct port *port;

    write_file("in", data, size);
    assert_int_equal(try_open("in", NULL, &port, error), -EINVAL);
    assert_null(port);
    if (!strstr(error, words))
        fail_msg("expected '%s', got '%s'", words, error);
}

static void malformed(void **state)
{
    uint8_t file[2100];
    size_t size;

    (void)state;
    refused("", 0, "too short");
    refused("\xd4\xc3\xb2\xa1", 4, "too short");
    size = build(file, 0x0a0d0d0a, 1, 100, false);
    refused(file, size, "not a classic pcap");
    size = build(file, 0xa1b2c3d4u, 113, 100, false);
    refused(file, size, "not Ethernet");
    size = build(file, 0xa1b2c3d4u, 1, 100, false);
    refused(file, size - 1, "middle of a packet");
    refused(file, 24 + 15, "packet's header");
    size = build(file, 0xa1b2c3d4u, 1, 13, false);
    refused(file, size, "no Ethernet frame");
    size = build(file, 0xa1b2c3d4u, 1, 0xffffffffu, true);
    refused(file, size, "no Ethernet frame");
}

static void bad_paths(void **state)
{
    const struct port_config config = {0};
    struct port *port = NULL;
    char error[256];

    (void)state;
    assert_int_equal(port_open("pcap:x", &config, &port, error, sizeof(error)), -EINVAL);
    assert_int_equal(port_open("pcap:a,b,c", &config, &port, error, sizeof(error)), -EINVAL);
    assert_int_equal(port_open("pcap:/no/such/file,", &config, &port, error, sizeof(error)),
                     -ENOENT);
    assert_non_null(strstr(error, "/no/such/file"));
    assert_int_equal(port_open("pcap:,/no/such/file", &config, &port, error, sizeof(error)),
                     -ENOENT);
    assert_int_equal(port_open("pcap:/,", &config, &port, error, sizeof(error)), -EINVAL);
    if (access("/dev/full", W_OK) == 0)
        assert_int_not_equal(port_open("pcap:,/dev/full", &config, &port, error, sizeof(error)), 0);
    assert_null(port);
    assert_int_equal(port_open("pcap:,", &config, &port, error, sizeof(error)), 0);
    port_close(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_and_units),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(malformed),
        cmocka_unit_test(bad_paths),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
