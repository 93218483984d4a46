// SPDX-License-Identifier: ISC
/* wire:NAME: what one end sends, the other receives. */
#include "port_impl.h"
#include "port_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 32u
struct end;

struct wire {
    struct wire *next;
    char name[NAME_ROOM];
    struct end *ends[2];
};

struct port_wires {
    struct wire *first;
};

/* One end, with the frames that wait for it. */
struct end {
    struct port port;
    struct wire *wire;
    unsigned side;
    struct port_queue queue;
};

struct port_wires *port_wires_create(void)
{
    return calloc(1, sizeof(struct port_wires));
}

void port_wires_destroy(struct port_wires *wires)
{
    if (!wires)
        return;
    while (wires->first) {
        struct wire *wire = wires->first;

        wires->first = wire->next;
        free(wire);
    }
    free(wires);
}

static unsigned wire_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    (void)now;
    return port_queue_peek(&((struct end *)port)->queue, frames, max);
}

static uint64_t wire_done(struct port *port, unsigned count)
{
    return port_queue_done(&((struct end *)port)->queue, count);
}

static void wire_tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    const struct end *end = (const struct end *)port;
    struct end *other = end->wire->ends[!end->side];

    for (unsigned i = 0; i < count; i++) {
        if (!other || !port_queue_push(&other->queue, &frames[i])) {
            port->stats.tx_dropped++;
        } else {
            port->stats.tx_packets++;
            port->stats.tx_bytes += frames[i].len;
        }
    }
}

static uint64_t wire_flush(struct port *port)
{
    unsigned waiting = port_queue_waiting(&((const struct end *)port)->queue);

    wire_done(port, waiting);
    return waiting;
}

static void wire_close(struct port *port)
{
    struct end *end = (struct end *)port;

    end->wire->ends[end->side] = NULL;
    free(end);
}

static const struct port_ops wire_ops = {wire_peek, wire_done, wire_tx, wire_flush, wire_close};

static struct wire *find_or_add(struct port_wires *wires, const char *name)
{
    struct wire *wire;

    for (wire = wires->first; wire; wire = wire->next)
        if (strcmp(wire->name, name) == 0)
            return wire;
    wire = calloc(1, sizeof(*wire));
    if (wire) {
        strcpy(wire->name, name);
        wire->next = wires->first;
        wires->first = wire;
    }
    return wire;
}

int port_open_wire(const char *text, const struct port_config *config, struct port **port,
                   char *error, size_t error_size)
{
    struct wire *wire;
    struct end *end;

    if (!config->wires || text[0] == '\0' || strlen(text) >= NAME_ROOM)
        return port_error(error, error_size, -EINVAL,
                          "port wire:%s: a wire has a name of 1 to %u characters", text,
                          NAME_ROOM - 1);
    wire = find_or_add(config->wires, text);
    if (wire && wire->ends[0] && wire->ends[1])
        return port_error(error, error_size, -EBUSY,
                          "port wire:%s: this wire has its two ends already", text);
    end = port_alloc(sizeof(*end), &wire_ops, error, error_size);
    if (!wire || !end) {
        free(end);
        return port_error(error, error_size, -ENOMEM, "no memory for a port");
    }
    end->wire = wire;
    end->side = wire->ends[0] != NULL;
    wire->ends[end->side] = end;
    *port = &end->port;
    return 0;
}
