// SPDX-License-Identifier: ISC
#include "lwip_stack.h"

#include <errno.h>
#include <stdlib.h>

#define BACKLOG 128 /* connections that are being opened */

struct listener {
    struct stack *stack;
    void (*serve)(struct flow *flow);
    struct task_queue forever; /* where its task waits, which keeps the loop running */
};

static void stay(void *arg)
{
    struct listener *listener = arg;

    for (;;)
        (void)task_wait(&listener->forever, TASK_NEVER);
}

/* lwIP's accept callback: the handshake is complete. */
static err_t accept_flow(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct listener *listener = arg;

    if (pcb == NULL || err != ERR_OK)
        return ERR_VAL; /* lwIP had no memory for a connection; the peer tries again */
    if (net_flow_start(listener->stack, pcb, listener->serve) == NULL) {
        listener->stack->stats.refused++;
        tcp_abort(pcb); /* the peer gets a reset */
        return ERR_ABRT;
    }
    return ERR_OK;
}

static int bind_pcb(struct stack *stack, uint16_t port, struct tcp_pcb **out)
{
    struct tcp_pcb *pcb = tcp_new();
    struct tcp_pcb *listening;
    err_t err;

    if (pcb == NULL)
        return -ENOMEM;
    err = tcp_bind(pcb, netif_ip_addr4(&stack->netif), port);
    listening = err == ERR_OK ? tcp_listen_with_backlog_and_err(pcb, BACKLOG, &err) : NULL;
    if (listening == NULL) {
        tcp_abort(pcb);
        return err == ERR_USE ? -EADDRINUSE : -ENOMEM;
    }
    *out = listening;
    return 0;
}

int stack_listen_tcp(struct stack *stack, uint16_t port, void (*serve)(struct flow *flow))
{
    struct listener *listener = calloc(1, sizeof(*listener));
    struct tcp_pcb *pcb;
    int err;

    if (listener == NULL)
        return -ENOMEM;
    err = bind_pcb(stack, port, &pcb);
    if (err != 0) {
        free(listener);
        return err;
    }
    listener->stack = stack;
    listener->serve = serve;
    err = task_spawn(stay, listener);
    if (err != 0) {
        tcp_close(pcb);
        free(listener);
        return err;
    }
    tcp_arg(pcb, listener);
    tcp_accept(pcb, accept_flow);
    return 0;
}
