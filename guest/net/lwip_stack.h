// SPDX-License-Identifier: ISC
/*
 * The insides of a stack. A received packet becomes a pbuf where it lies (rx.c), lwIP hands its
 * data to a flow (flow.c), whose task reads it in place; what tasks write waits in lwIP for the
 * next round of the loop, which puts it into packets and gives them to the device in one batch
 * (tx.c).
 */
#ifndef PENSTOCK_NET_LWIP_STACK_H
#define PENSTOCK_NET_LWIP_STACK_H

#include <penstock/net.h>
#include <penstock/stack.h>
#include <penstock/task.h>

#include <lwip/netif.h>
#include <lwip/tcp.h>

#define NET_FLOWS_MAX 256 /* connections served at a time, in a stack; each has a task */
#define NET_TX_MAX    256 /* frames that wait for the device */

struct stack {
    struct netif netif;
    struct net_device *dev;
    struct task_poller poller;
    const struct packet_pool *rx_pool; /* the device's packets for what it receives, once seen */
    bool no_copies;          /* when packets were scarce last, memory for copies was as well */
    solo5_time_t timers_due; /* when to look after lwIP's timers, by task_now() */
    bool armed;              /* the device was asked for an interrupt */
    bool refused;            /* a frame found no room: some connection has more to send */
    struct packet *tx[NET_TX_MAX];
    unsigned tx_count;
    struct flow *flows; /* all that are served, by .next */
    struct flow *due;   /* those with something to send, by .due_next */
    unsigned flow_count;
    struct stack_stats stats;
};

/* rx.c: takes frames from the device into lwIP. True if there were some. */
bool net_rx_poll(struct stack *stack);

/* True if the device's packets and the memory for copies run out: keep no received data. */
bool net_rx_pressed(const struct stack *stack);

/* tx.c: lwIP's way to send a frame (netif->linkoutput). */
err_t net_tx_frame(struct netif *netif, struct pbuf *frame);

/* Gives the device what waits. */
void net_tx_flush(struct stack *stack);

/* flow.c: takes a new connection and serves it in a task of its own. NULL if there is no room for
 * it. */
struct flow *net_flow_start(struct stack *stack, struct tcp_pcb *pcb, void (*serve)(struct flow *));

/* flow_flush.c: has lwIP send what has become due since the last time. True if something had. */
bool net_flows_flush(struct stack *stack);

#endif
