// SPDX-License-Identifier: ISC
#include "port_queue.h"

#include <string.h>

bool port_queue_push(struct port_queue *queue, const struct port_frame *frame)
{
    struct port_slot *slot = &queue->slots[queue->tail % PORT_QUEUE_SLOTS];

    if (port_queue_waiting(queue) == PORT_QUEUE_SLOTS || frame->len > PORT_FRAME_MAX)
        return false;
    memcpy(slot->data, frame->data, frame->len);
    slot->len = frame->len;
    if (slot->len < PORT_FRAME_MIN) {
        memset(slot->data + slot->len, 0, PORT_FRAME_MIN - slot->len);
        slot->len = PORT_FRAME_MIN;
    }
    queue->tail++;
    return true;
}

unsigned port_queue_peek(const struct port_queue *queue, struct port_frame *frames, unsigned max)
{
    unsigned n;

    for (n = 0; n < max && queue->head + n != queue->tail; n++) {
        const struct port_slot *slot = &queue->slots[(queue->head + n) % PORT_QUEUE_SLOTS];

        frames[n] = (struct port_frame){slot->data, slot->len};
    }
    return n;
}

uint64_t port_queue_done(struct port_queue *queue, unsigned count)
{
    uint64_t bytes = 0;

    for (; count > 0; count--)
        bytes += queue->slots[queue->head++ % PORT_QUEUE_SLOTS].len;
    return bytes;
}
