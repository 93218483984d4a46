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

    /* flow_flush.c */
    struct flow *due_next;  /* in the stack's list of those with something to send */
    struct flow **due_prev; /* NULL: it is not there */
    size_t consumed;        /* bytes read since the window was opened for them */
    bool ack_due;           /* received data is to be acknowledged now, not some time */

    /* Reading */
    struct pbuf *rx_first; /* received, not read yet: single pbufs, by .next */
    struct pbuf *rx_last;
    struct pbuf *reading; /* what flow_read has handed out */
    bool eof;             /* nothing more will be received */
    struct task_queue readers;

    /* Writing */
    struct task_queue writers;
    size_t waiting;        /* how many bytes they want to write */
    solo5_time_t taken_at; /* while they wait: when the peer took something last */
};

/* The flow has something to send: data, an acknowledgement, a larger window. It goes out in the
 * next round. */
void flow_mark_due(struct flow *flow);
void flow_unmark_due(struct flow *flow);

/* Opens the window by what has been read. */
void flow_open_window(struct flow *flow);

/* How much of `len` bytes can be written now: 0 until it is worthwhile. */
size_t flow_room(const struct flow *flow, size_t len);

/* Has lwIP's callbacks work for the flow. */
void flow_attach(struct flow *flow);

/* Gives the connection back to lwIP, which sends what is left and ends it, or resets it when that
 * takes too long. */
void flow_detach(struct flow *flow);

#endif
