// SPDX-License-Identifier: ISC
/* The tasks' side of a flow. */
#include "flow.h"

#include <errno.h>
#include <lwip/pbuf.h>
#include <stdlib.h>

#define SECOND 1000000000ull /* nanoseconds */

/* A peer that takes nothing for so long is given up. */
#define STALL (60 * SECOND)

/* Until memory for a segment may have come free: nobody tells. */
#define MEMORY_WAIT (SECOND / 100)

/* ---- Start and end ---- */

static void run_flow(void *arg)
{
    struct flow *flow = arg;

    flow->serve(flow);
}

struct flow *net_flow_start(struct stack *stack, struct tcp_pcb *pcb, void (*serve)(struct flow *))
{
    struct flow *flow;

    if (stack->flow_count == NET_FLOWS_MAX)
        return NULL;
    flow = calloc(1, sizeof(*flow));
    if (flow == NULL)
        return NULL;
    if (task_spawn(run_flow, flow) != 0) {
        free(flow);
        return NULL;
    }
    flow->stack = stack;
    flow->pcb = pcb;
    flow->serve = serve;
    flow->prev = &stack->flows;
    flow->next = stack->flows;
    if (flow->next)
        flow->next->prev = &flow->next;
    stack->flows = flow;
    stack->flow_count++;
    flow_attach(flow);
    return flow;
}

/* Takes the first received pbuf out of the queue, or NULL. */
static struct pbuf *take_received(struct flow *flow)
{
    struct pbuf *p = flow->rx_first;

    if (p == NULL)
        return NULL;
    flow->rx_first = p->next;
    if (flow->rx_first == NULL)
        flow->rx_last = NULL;
    p->next = NULL;
    return p;
}

/* Frees a received pbuf, whose length the window may grow by. */
static void release(struct flow *flow, struct pbuf *p)
{
    if (p == NULL)
        return;
    flow->consumed += p->len;
    flow_mark_due(flow);
    pbuf_free(p);
}

void flow_close(struct flow *flow)
{
    struct pbuf *p;

    release(flow, flow->reading);
    while ((p = take_received(flow)) != NULL)
        release(flow, p);
    flow_unmark_due(flow);
    *flow->prev = flow->next;
    if (flow->next)
        flow->next->prev = flow->prev;
    flow->stack->flow_count--;
    if (flow->pcb) {
        flow_open_window(flow);
        flow_detach(flow);
    }
    free(flow);
}

/* ---- Reading ---- */

ssize_t flow_read(struct flow *flow, const void **data)
{
    release(flow, flow->reading);
    flow->reading = NULL;
    while (flow->rx_first == NULL) {
        if (flow->eof)
            return 0;
        if (flow->error)
            return flow->error;
        (void)task_wait(&flow->readers, TASK_NEVER);
    }
    flow->reading = take_received(flow);
    *data = flow->reading->payload;
    return flow->reading->len;
}

/* ---- Writing ---- */

/* Copies what fits now into lwIP. How much that was, 0: nothing fits, or -errno. */
static ssize_t write_some(struct flow *flow, const void *data, size_t len)
{
    size_t room;
    u16_t n;

    if (flow->pcb == NULL)
        return flow->error;
    room = flow_room(flow, len);
    if (room == 0)
        return 0;
    n = (u16_t)LWIP_MIN(room, 0xffff);
    switch (
        tcp_write(flow->pcb, data, n, TCP_WRITE_FLAG_COPY | (n < len ? TCP_WRITE_FLAG_MORE : 0))) {
    case ERR_OK:
        flow_mark_due(flow);
        return n;
    case ERR_MEM:
        return 0;
    default:
        return -EPIPE;
    }
}

/*
 * Waits until the peer has acknowledged enough for some of len bytes to fit, or, with room but no
 * memory, a little. 0, or -errno.
 */
static int wait_for_room(struct flow *flow, size_t len)
{
    solo5_time_t until = flow->taken_at + STALL;

    if (flow_room(flow, len) > 0)
        until = solo5_clock_monotonic() + MEMORY_WAIT;
    flow->waiting = len;
    (void)task_wait(&flow->writers, until);
    if (flow->pcb && solo5_clock_monotonic() >= flow->taken_at + STALL)
        tcp_abort(flow->pcb); /* on_error notes it */
    return flow->error;
}

int flow_write(struct flow *flow, const void *data, size_t len)
{
    const char *next = data;
    bool waited = false;

    while (len > 0) {
        ssize_t n = write_some(flow, next, len);

        if (n < 0)
            return (int)n;
        if (n == 0) {
            int err;

            if (!waited)
                flow->taken_at = solo5_clock_monotonic();
            err = wait_for_room(flow, len);
            if (err != 0)
                return err;
        }
        waited = n == 0;
        next += n;
        len -= (size_t)n;
    }
    return flow->error;
}
