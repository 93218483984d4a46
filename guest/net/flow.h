// SPDX-License-Identifier: ISC
/* A TCP connection between lwIP, which calls back (flow_lwip.c), and the task that serves it
 * (flow.c). */
#ifndef PENSTOCK_NET_FLOW_H
#define PENSTOCK_NET_FLOW_H

#include "lwip_stack.h"

struct flow {
    struct stack *stack;
    struct tcp_pcb *pcb; /* NULL when lwIP has given it up: `error` says why */
    int error;           /* -errno, or 0 */
    void (*serve)(struct flow *flow);
    struct flow *next; /* in the stack's list */
    struct flow **prev;
    struct flow *written_next;  /* in its list of those with data to send */
    struct flow **written_prev; /* NULL: it is not there */
    struct pbuf *rx_first;      /* received, not read yet: single pbufs, by .next */
    struct pbuf *rx_last;
    struct pbuf *reading;      /* what flow_read has handed out */
    bool eof;                  /* nothing more will be received */
    struct task_queue readers; /* tasks that wait for data */
    struct task_queue writers; /* tasks that wait for room */
    solo5_time_t taken_at;     /* while writers wait: when the peer took something last */
    size_t room_wanted;        /* how much makes waking the writers worthwhile, bytes */
};

/* How much can be written now, bytes. (lwIP's tcp_sndbuf() stops at 65535.) */
static inline size_t flow_room(const struct flow *flow)
{
    return flow->pcb->snd_buf;
}

/* Has lwIP's callbacks work for the flow. */
void flow_attach(struct flow *flow);

/* Gives the connection back to lwIP, which sends what is left and ends it, or resets it when that
 * takes too long. */
void flow_detach(struct flow *flow);

#endif
