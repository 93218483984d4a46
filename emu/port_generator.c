// SPDX-License-Identifier: ISC
/* generator:SIZE[,RATE]: one frame again and again, for many flows; and sink. */
#include "port_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FCS_SIZE   4u
#define SIZE_MIN   (PORT_FRAME_MIN + FCS_SIZE)
#define SIZE_LIMIT (PORT_FRAME_MAX + FCS_SIZE)
#define FLOWS      PORT_BATCH /* frames that differ in their UDP source port */
#define CACHE_LINE 64u
#define MAX_LATE   (10ull * 1000000u * 1000u) /* ps: a late thread catches up this much */

struct generator {
    struct port port;
    uint32_t len;
    unsigned next;           /* flow of the next frame */
    uint64_t interval;       /* ps between frames; 0: as fast as they are taken */
    struct port_pacer pacer; /* of the given RATE */
    uint8_t *frames;         /* FLOWS frames, `stride` bytes each */
    size_t stride;
};

static unsigned generator_peek(struct port *port, uint64_t now, struct port_frame *frames,
                               unsigned max)
{
    struct generator *gen = (struct generator *)port;

    if (gen->interval) {
        port_pacer_advance(&gen->pacer, now);
        max = port_pacer_due(&gen->pacer, now, gen->interval, max);
    }
    for (unsigned i = 0; i < max; i++)
        frames[i] = (struct port_frame){gen->frames + ((gen->next + i) & (FLOWS - 1)) * gen->stride,
                                        gen->len};
    return max;
}

static uint64_t generator_done(struct port *port, unsigned count)
{
    struct generator *gen = (struct generator *)port;

    gen->next += count;
    gen->pacer.next += count * gen->interval;
    return (uint64_t)count * gen->len;
}

/* Looks at every cache line of what comes back, as a card that sends it must: without that, its way
 * here would cost nothing. */
static void swallow(struct port *port, const struct port_frame *frames, unsigned count)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        for (uint32_t at = 0; at < frames[i].len; at += CACHE_LINE)
            (void)*(const volatile uint8_t *)(frames[i].data + at);
        bytes += frames[i].len;
    }
    port->stats.tx_packets += count;
    port->stats.tx_bytes += bytes;
}

static void generator_close(struct port *port)
{
    free(((struct generator *)port)->frames);
    free(port);
}

static const struct port_ops generator_ops = {generator_peek, generator_done, swallow, NULL,
                                              generator_close};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* RFC 791 over RFC 894: 198.18.0.1 to 198.18.0.2 (the benchmark addresses of RFC 2544), UDP without
 * a checksum. */
static void build_frame(uint8_t *frame, uint32_t len, unsigned flow, const uint8_t *mac)
{
    static const uint8_t source[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0xfe};
    static const uint8_t header[20] = {0x45, 0, 0,   0,  0, 0, 0,   0,  64, 17,
                                       0,    0, 198, 18, 0, 1, 198, 18, 0,  2};
    uint8_t *ip = frame + 14, *udp = ip + 20;
    uint32_t sum = 0;

    memcpy(frame, mac, 6);
    memcpy(frame + 6, source, 6);
    put16(frame + 12, 0x0800);
    memcpy(ip, header, sizeof(header));
    put16(ip + 2, len - 14);
    for (unsigned i = 0; i < 20; i += 2)
        sum += (uint32_t)ip[i] << 8 | ip[i + 1];
    put16(ip + 10, ~((sum & 0xffff) + (sum >> 16)));
    put16(udp, 1024 + flow);
    put16(udp + 2, 9);
    put16(udp + 4, len - 34);
    put16(udp + 6, 0);
    for (uint32_t i = 42; i < len; i++)
        frame[i] = (uint8_t)i;
}

static int parse(const char *text, struct generator *gen, char *error, size_t error_size)
{
    char *end;
    unsigned long size = strtoul(text, &end, 10);
    uint64_t rate;

    if (end == text || text[0] < '0' || text[0] > '9' || (*end != '\0' && *end != ',') ||
        size < SIZE_MIN || size > SIZE_LIMIT)
        return port_error(error, error_size, -EINVAL,
                          "port generator:%s: SIZE is %u to %u bytes, FCS included", text, SIZE_MIN,
                          SIZE_LIMIT);
    gen->len = (uint32_t)size - FCS_SIZE;
    if (*end == '\0')
        return 0;
    if (port_parse_rate(end + 1, &rate) != 0)
        return port_error(error, error_size, -EINVAL,
                          "port generator:%s: RATE is packets a second, such as 500, 10k, 14.88M",
                          text);
    gen->interval = 1000000000000ull / rate;
    return 0;
}

int port_open_generator(const char *text, const struct port_config *config, struct port **port,
                        char *error, size_t error_size)
{
    static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct generator *gen = port_alloc(sizeof(*gen), &generator_ops, error, error_size);
    int err = gen ? parse(text, gen, error, error_size) : -ENOMEM;

    if (!err) {
        gen->pacer.burst = MAX_LATE;
        gen->stride = (gen->len + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
        gen->frames = aligned_alloc(CACHE_LINE, FLOWS * gen->stride);
        if (!gen->frames)
            err = port_error(error, error_size, -ENOMEM, "port generator:%s: no memory", text);
    }
    if (err) {
        free(gen);
        return err;
    }
    for (unsigned i = 0; i < FLOWS; i++)
        build_frame(gen->frames + i * gen->stride, gen->len, i,
                    config->mac ? config->mac : everyone);
    *port = &gen->port;
    return 0;
}

static unsigned sink_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    (void)port, (void)now, (void)frames, (void)max;
    return 0;
}

static void sink_close(struct port *port)
{
    free(port);
}

static const struct port_ops sink_ops = {sink_peek, NULL, swallow, NULL, sink_close};

int port_open_sink(const char *text, const struct port_config *config, struct port **port,
                   char *error, size_t error_size)
{
    struct port *sink;

    (void)config;
    if (text[0])
        return port_error(error, error_size, -EINVAL, "port sink%s: sink takes nothing", text);
    sink = port_alloc(sizeof(*sink), &sink_ops, error, error_size);
    if (!sink)
        return -ENOMEM;
    *port = sink;
    return 0;
}
