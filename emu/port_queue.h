// SPDX-License-Identifier: ISC
/* Frames on their way from a sender to a receiver of this process. */
#ifndef PENSTOCK_EMU_PORT_QUEUE_H
#define PENSTOCK_EMU_PORT_QUEUE_H

#include <stdbool.h>

#include "port.h"

#define PORT_QUEUE_SLOTS 512u /* frames that a slow receiver may fall behind */

struct port_slot {
    uint32_t len;
    uint8_t data[PORT_FRAME_MAX];
    uint8_t stagger[60]; /* or the same line of every slot would compete for one set of the cache */
};

/* Empty when it is zeroed. */
struct port_queue {
    unsigned head, tail; /* slots[head..tail), modulo PORT_QUEUE_SLOTS */
    struct port_slot slots[PORT_QUEUE_SLOTS];
};

/* Puts a frame in line, padded; false if there is no room or it is longer than PORT_FRAME_MAX. */
bool port_queue_push(struct port_queue *queue, const struct port_frame *frame);

/* The frames that wait, up to max; they stay in line. */
unsigned port_queue_peek(const struct port_queue *queue, struct port_frame *frames, unsigned max);

/* Takes the first `count` of them away; returns their bytes. */
uint64_t port_queue_done(struct port_queue *queue, unsigned count);

static inline unsigned port_queue_waiting(const struct port_queue *queue)
{
    return queue->tail - queue->head;
}

#endif
