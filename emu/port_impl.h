// SPDX-License-Identifier: ISC
/* What one kind of port provides to port.c; port.h says what its users see. */
#ifndef PENSTOCK_EMU_PORT_IMPL_H
#define PENSTOCK_EMU_PORT_IMPL_H

#include <stdbool.h>

#include "port.h"

struct port_ops {
    /* As port_rx_peek, without the rate limit. */
    unsigned (*peek)(struct port *port, uint64_t now, struct port_frame *frames, unsigned max);

    /* The first `count` of the frames that were peeked are taken: returns their bytes. */
    uint64_t (*done)(struct port *port, unsigned count);

    /* Delivers frames; whatever cannot be delivered is dropped and counted. */
    void (*tx)(struct port *port, const struct port_frame *frames, unsigned count);

    uint64_t (*flush)(
        struct port *port);           /* returns the frames thrown away; NULL: nothing can wait */
    void (*close)(struct port *port); /* frees the port */
};

/* Events that cost time on a wire: `next` is when it is free again. Picoseconds, modulo 2^64. */
struct port_pacer {
    uint64_t next;
    uint64_t burst;   /* how far behind it may be and still catch up */
    uint64_t ps_byte; /* per byte on the wire; 0: no limit */
    bool started;
};

/* Every kind of port embeds this as its first member. */
struct port {
    const struct port_ops *ops;
    struct port_stats stats;
    struct port_pacer rx, tx;
    int fd; /* readable when frames wait, or -1 */
};

/* Starts with now, and forgets what is longer ago than the burst. */
void port_pacer_advance(struct port_pacer *pacer, uint64_t now);

/* How many events of `cost` ps each may happen now, up to max. */
unsigned port_pacer_due(const struct port_pacer *pacer, uint64_t now, uint64_t cost, unsigned max);

/* Each opens what follows "KIND:" in a port's description. 0 or -errno and a line in error[]. */
typedef int port_open_fn(const char *text, const struct port_config *config, struct port **port,
                         char *error, size_t error_size);
port_open_fn port_open_tap, port_open_pcap, port_open_generator, port_open_sink, port_open_wire;

/* Allocates a kind's object: sizeof it, its operations, fd -1. NULL and the line if there is no
 * memory. */
void *port_alloc(size_t size, const struct port_ops *ops, char *error, size_t error_size);

/* Writes the line; returns err. */
int port_error(char *error, size_t error_size, int err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
