// SPDX-License-Identifier: ISC
#include "port_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IEEE 802.3: preamble and start of frame 8, gap 12, FCS 4 bytes. */
#define WIRE_OVERHEAD 24u

#define PS_PER_NS   1000u
#define RATE_BURST  (100000ull * PS_PER_NS) /* 100 us: what the thread may be late */
#define PS_PER_SEC  1000000000000ull
#define BITS_A_BYTE 8u

static const struct {
    const char *prefix;
    port_open_fn *open;
} kinds[] = {
    {"tap:", port_open_tap},   {"pcap:", port_open_pcap}, {"generator:", port_open_generator},
    {"wire:", port_open_wire}, {"sink", port_open_sink},
};

int port_error(char *error, size_t error_size, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
    return err;
}

void *port_alloc(size_t size, const struct port_ops *ops, char *error, size_t error_size)
{
    struct port *port = calloc(1, size);

    if (port) {
        port->ops = ops;
        port->fd = -1;
    } else {
        port_error(error, error_size, -ENOMEM, "no memory for a port");
    }
    return port;
}

int port_parse_rate(const char *text, uint64_t *value)
{
    static const char suffixes[] = "kMG";
    double number, scale = 1;
    const char *suffix;
    char *end;

    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    number = strtod(text, &end);
    if (*end) {
        suffix = strchr(suffixes, *end);
        if (!suffix || end[1])
            return -EINVAL;
        for (long i = suffix - suffixes; i >= 0; i--)
            scale *= 1000;
    }
    number *= scale;
    if (!(number >= 1 && number <= 1e12))
        return -EINVAL;
    *value = (uint64_t)(number + 0.5);
    return 0;
}

static void set_rate(struct port_pacer *pacer, uint64_t rate)
{
    *pacer = (struct port_pacer){.burst = RATE_BURST,
                                 .ps_byte = rate ? BITS_A_BYTE * PS_PER_SEC / rate : 0};
}

int port_open(const char *spec, const struct port_config *config, struct port **port, char *error,
              size_t error_size)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strlen(kinds[i].prefix);
        int err;

        if (strncmp(spec, kinds[i].prefix, len) != 0)
            continue;
        err = kinds[i].open(spec + len, config, port, error, error_size);
        if (err)
            return err;
        set_rate(&(*port)->rx, config->rate);
        set_rate(&(*port)->tx, config->rate);
        return 0;
    }
    return port_error(error, error_size, -EINVAL,
                      "port '%s': not one of tap:NAME, pcap:IN,OUT, generator:SIZE[,RATE], sink, "
                      "wire:NAME",
                      spec);
}

void port_close(struct port *port)
{
    if (port)
        port->ops->close(port);
}

void port_pacer_advance(struct port_pacer *pacer, uint64_t now)
{
    uint64_t ps = now * PS_PER_NS;

    if (!pacer->started) {
        pacer->started = true;
        pacer->next = ps;
    } else if ((int64_t)(ps - pacer->next) > (int64_t)pacer->burst) {
        pacer->next = ps - pacer->burst;
    }
}

unsigned port_pacer_due(const struct port_pacer *pacer, uint64_t now, uint64_t cost, unsigned max)
{
    int64_t late = (int64_t)(now * PS_PER_NS - pacer->next);
    uint64_t due;

    if (late < 0)
        return 0;
    due = (uint64_t)late / cost + 1;
    return due < max ? (unsigned)due : max;
}

static uint64_t frame_cost(const struct port_pacer *pacer, uint32_t len)
{
    return pacer->ps_byte * ((len < PORT_FRAME_MIN ? PORT_FRAME_MIN : len) + WIRE_OVERHEAD);
}

/* How many of the frames may start now. */
static unsigned within_rate(struct port_pacer *pacer, uint64_t now, const struct port_frame *frames,
                            unsigned count)
{
    uint64_t next;
    unsigned n;

    port_pacer_advance(pacer, now);
    next = pacer->next;
    for (n = 0; n < count && (int64_t)(now * PS_PER_NS - next) >= 0; n++)
        next += frame_cost(pacer, frames[n].len);
    return n;
}

unsigned port_rx_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    unsigned count = port->ops->peek(port, now, frames, max < PORT_BATCH ? max : PORT_BATCH);

    return port->rx.ps_byte == 0 ? count : within_rate(&port->rx, now, frames, count);
}

void port_rx_done(struct port *port, unsigned count)
{
    uint64_t bytes;

    if (count == 0)
        return;
    bytes = port->ops->done(port, count);
    port->stats.rx_packets += count;
    port->stats.rx_bytes += bytes;
    port->rx.next += port->rx.ps_byte * (bytes + (uint64_t)count * WIRE_OVERHEAD);
}

unsigned port_tx(struct port *port, uint64_t now, const struct port_frame *frames, unsigned count)
{
    if (port->tx.ps_byte != 0) {
        count = within_rate(&port->tx, now, frames, count);
        for (unsigned i = 0; i < count; i++)
            port->tx.next += frame_cost(&port->tx, frames[i].len);
    }
    if (count > 0)
        port->ops->tx(port, frames, count);
    return count;
}

void port_flush(struct port *port)
{
    if (port->ops->flush)
        port->stats.flushed += port->ops->flush(port);
}

int port_fd(const struct port *port)
{
    return port->fd;
}

const struct port_stats *port_stats(const struct port *port)
{
    return &port->stats;
}
