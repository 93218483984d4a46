// SPDX-License-Identifier: ISC
/* HLREG0.LPBK (datasheet 8.2.3.22.8): what the MAC is given to send, it receives. */
#include <stdlib.h>

#include "emu/port_impl.h"
#include "emu/port_queue.h"
#include "nic.h"

struct loopback {
    struct port port;
    struct port_queue queue;
};

static unsigned peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    (void)now;
    return port_queue_peek(&((struct loopback *)port)->queue, frames, max);
}

static uint64_t done(struct port *port, unsigned count)
{
    return port_queue_done(&((struct loopback *)port)->queue, count);
}

static void tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        port->stats.tx_dropped += !port_queue_push(&((struct loopback *)port)->queue, &frames[i]);
}

static uint64_t flush(struct port *port)
{
    unsigned waiting = port_queue_waiting(&((const struct loopback *)port)->queue);

    done(port, waiting);
    return waiting;
}

static void close_port(struct port *port)
{
    free(port);
}

struct port *nic_loopback_create(void)
{
    static const struct port_ops ops = {peek, done, tx, flush, close_port};
    struct loopback *loopback = calloc(1, sizeof(*loopback));

    if (!loopback)
        return NULL;
    loopback->port.ops = &ops;
    loopback->port.fd = -1;
    return &loopback->port;
}
