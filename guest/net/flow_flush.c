// SPDX-License-Identifier: ISC
/*
 * Once in a round of the loop, after the tasks have run, lwIP is told to send: so what they wrote
 * in small parts goes out in full segments, and what they received in many segments is acknowledged
 * once, by the data they answer with if there is some.
 */
#include "flow.h"

void flow_mark_due(struct flow *flow)
{
    struct stack *stack = flow->stack;

    if (flow->due_prev)
        return;
    flow->due_next = stack->due;
    flow->due_prev = &stack->due;
    if (stack->due)
        stack->due->due_prev = &flow->due_next;
    stack->due = flow;
}

void flow_unmark_due(struct flow *flow)
{
    if (flow->due_prev == NULL)
        return;
    *flow->due_prev = flow->due_next;
    if (flow->due_next)
        flow->due_next->due_prev = flow->due_prev;
    flow->due_prev = NULL;
}

void flow_open_window(struct flow *flow)
{
    while (flow->consumed > 0) {
        u16_t n = (u16_t)LWIP_MIN(flow->consumed, 0xffff);

        flow->consumed -= n;
        tcp_recved(flow->pcb, n);
    }
}

static void flush(struct flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;

    if (flow->ack_due)
        tcp_set_flags(pcb, TF_ACK_NOW);
    flow->ack_due = false;
    flow_open_window(flow);
    tcp_output(pcb);
}

bool net_flows_flush(struct stack *stack)
{
    bool found = stack->due != NULL;

    if (stack->refused) {
        stack->refused = false;
        for (struct flow *flow = stack->flows; flow; flow = flow->next)
            flow_mark_due(flow);
    }
    while (stack->due) {
        struct flow *flow = stack->due;

        flow_unmark_due(flow);
        if (flow->pcb)
            flush(flow);
    }
    return found;
}
