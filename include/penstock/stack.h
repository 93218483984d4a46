// SPDX-License-Identifier: ISC
/*
 * A TCP/IP stack and its connections (MirageOS: Mirage_stack.V4). Calls on flows block the calling
 * task only.
 */
#ifndef PENSTOCK_STACK_H
#define PENSTOCK_STACK_H

#include <penstock/net.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stack;
struct flow;

/* An IPv4 configuration; addresses in host byte order. */
struct stack_ipv4 {
    uint32_t address;
    unsigned prefix;  /* 0..32 */
    uint32_t gateway; /* 0: none */
};

/* Parses "10.0.0.2/24" or "10.0.0.2/24,10.0.0.1" (gateway). -EINVAL. */
int stack_ipv4_parse(const char *text, struct stack_ipv4 *ipv4);

/* lwIP over a network device, which it uses alone from then on. -ENOMEM. */
int stack_create(struct net_device *dev, const struct stack_ipv4 *ipv4, struct stack **stack);

/* What a stack has done. */
struct stack_stats {
    uint64_t rx_frames;     /* given to the stack */
    uint64_t rx_copied;     /* of these: copied, because the device was short of packets */
    uint64_t rx_bad_length; /* dropped: no Ethernet header, or more than the MTU allows */
    uint64_t rx_refused;    /* times that data was put off for lack of memory */
    uint64_t tx_frames;     /* taken by the device */
    uint64_t tx_dropped;    /* found no room, or no link; TCP sends its own again */
    uint64_t refused;       /* connections, for lack of room */
    unsigned flows;         /* connections that are served now */
};

void stack_stats(const struct stack *stack, struct stack_stats *stats);

/*
 * Serves each connection to a TCP port by serve(flow) in a task of its own; serve closes the flow.
 * 0, -EADDRINUSE, -ENOMEM. Connections beyond what the stack can serve at a time (256) are reset.
 */
int stack_listen_tcp(struct stack *stack, uint16_t port, void (*serve)(struct flow *flow));

/* Runs the stack and all tasks; returns when none is left, which with a listener is never. */
void stack_run(struct stack *stack);

/*
 * Waits for data: *data is the next part of the stream, in place, good until the next flow_read or
 * flow_close. Returns its length, 0 at the end of the stream, or -ECONNRESET, -ETIMEDOUT.
 */
ssize_t flow_read(struct flow *flow, const void **data);

/*
 * Sends len bytes, waiting for room; the data is the caller's again when it returns. What several
 * calls write between two waits of the task goes out together. 0, or -ECONNRESET, -EPIPE,
 * -ETIMEDOUT: the peer is gone, or has taken nothing for a minute.
 */
int flow_write(struct flow *flow, const void *data, size_t len);

/* Ends the connection in order: what was written is still sent. *flow is gone. */
void flow_close(struct flow *flow);

#endif
