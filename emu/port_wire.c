// SPDX-License-Identifier: ISC
/* wire:NAME: what one end sends, the other receives. */
#include "port_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 32u
#define SLOTS     512u /* frames that a slow receiver may fall behind */

struct slot {
    uint32_t len;
    uint8_t data[PORT_FRAME_MAX];
    uint8_t stagger[60]; /* or the same line of every slot would compete for one set of the cache */
};

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
    unsigned head, tail; /* slots[head..tail), modulo SLOTS */
    struct slot slots[SLOTS];
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
    struct end *end = (struct end *)port;
    unsigned n;

    (void)now;
    for (n = 0; n < max && end->head + n != end->tail; n++) {
        const struct slot *slot = &end->slots[(end->head + n) % SLOTS];

        frames[n] = (struct port_frame){slot->data, slot->len};
    }
    return n;
}

static uint64_t wire_done(struct port *port, unsigned count)
{
    struct end *end = (struct end *)port;
    uint64_t bytes = 0;

    for (; count > 0; count--)
        bytes += end->slots[end->head++ % SLOTS].len;
    return bytes;
}

/* Puts a frame in line at the receiving end, padded; false if there is no room. */
static bool push(struct end *end, const struct port_frame *frame)
{
    struct slot *slot = &end->slots[end->tail % SLOTS];

    if (end->tail - end->head == SLOTS)
        return false;
    memcpy(slot->data, frame->data, frame->len);
    slot->len = frame->len;
    if (slot->len < PORT_FRAME_MIN) {
        memset(slot->data + slot->len, 0, PORT_FRAME_MIN - slot->len);
        slot->len = PORT_FRAME_MIN;
    }
    end->tail++;
    return true;
}

static void wire_tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    const struct end *end = (const struct end *)port;
    struct end *other = end->wire->ends[!end->side];

    for (unsigned i = 0; i < count; i++) {
        if (!other || frames[i].len > PORT_FRAME_MAX || !push(other, &frames[i])) {
            port->stats.tx_dropped++;
        } else {
            port->stats.tx_packets++;
            port->stats.tx_bytes += frames[i].len;
        }
    }
}

static uint64_t wire_flush(struct port *port)
{
    const struct end *end = (const struct end *)port;
    unsigned waiting = end->tail - end->head;

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
