// SPDX-License-Identifier: ISC
/* lwIP's side of a flow: what it calls, and the end that it sees to by itself. */
#include "flow.h"

#include <errno.h>
#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>

#include "mem.h"

/* How long a closed connection may take to send the rest and hear the peer close. */
#define LINGER_MS    20000
#define LINGER_TICKS (LINGER_MS / TCP_SLOW_INTERVAL)
_Static_assert(LINGER_TICKS <= 255, "tcp_poll counts in 8 bits");

/* A peer that has not been heard of for KEEP_IDLE_MS is asked, KEEP_COUNT times, before it counts
 * as lost. */
#define KEEP_IDLE_MS     60000
#define KEEP_INTERVAL_MS 10000
#define KEEP_COUNT       6

/* Appends a chain of pbufs, one by one: a packet's total length has 16 bits, a window more. */
static void append(struct flow *flow, struct pbuf *chain)
{
    while (chain) {
        struct pbuf *p = chain;

        chain = p->next;
        p->next = NULL;
        p->tot_len = p->len;
        if (p->len == 0) {
            pbuf_free(p);
            continue;
        }
        if (flow->rx_last)
            flow->rx_last->next = p;
        else
            flow->rx_first = p;
        flow->rx_last = p;
    }
}

/* lwIP acknowledges every second segment at once. Put it off to the end of the round. */
static void put_off_ack(struct flow *flow)
{
    if ((flow->pcb->flags & TF_ACK_NOW) == 0)
        return;
    tcp_clear_flags(flow->pcb, TF_ACK_NOW);
    flow->ack_due = true;
    flow_mark_due(flow);
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *chain, err_t err)
{
    struct flow *flow = arg;

    (void)pcb;
    (void)err; /* always ERR_OK (lwip/tcp.h) */
    if (chain && net_rx_pressed(flow->stack)) {
        flow->stack->stats.rx_refused++;
        return ERR_MEM; /* lwIP keeps this one, and offers it again later */
    }
    if (chain) {
        append(flow, chain);
        put_off_ack(flow);
    } else {
        flow->eof = true;
    }
    task_wake(&flow->readers);
    return ERR_OK;
}

/* When memory is scarce a flow may have so much under way. */
#define SCARCE_BYTES    (16u << 10)
#define SCARCE_SEGMENTS 32u

/* Writers wait for so much room, or for all that they need: waking them costs something as well. */
#define ROOM_WORTH (TCP_SND_BUF / 4)

size_t flow_room(const struct flow *flow, size_t len)
{
    const struct tcp_pcb *pcb = flow->pcb;
    size_t room = pcb->snd_buf;

    if (net_mem_scarce()) {
        size_t under_way = TCP_SND_BUF - room;

        if (under_way >= SCARCE_BYTES || pcb->snd_queuelen >= SCARCE_SEGMENTS)
            return 0;
        return LWIP_MIN(len, SCARCE_BYTES - under_way);
    }
    return room >= LWIP_MIN(len, ROOM_WORTH) ? LWIP_MIN(len, room) : 0;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct flow *flow = arg;

    (void)pcb;
    (void)len;
    if (flow->writers.first == NULL)
        return ERR_OK;
    flow->taken_at = solo5_clock_monotonic();
    if (flow_room(flow, flow->waiting) > 0)
        task_wake(&flow->writers);
    return ERR_OK;
}

/* The connection is gone, and lwIP has freed it. */
static void on_error(void *arg, err_t err)
{
    struct flow *flow = arg;

    flow->pcb = NULL;
    flow->error = err == ERR_ABRT ? -ETIMEDOUT : -ECONNRESET;
    task_wake(&flow->readers);
    task_wake(&flow->writers);
}

void flow_attach(struct flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;

    tcp_arg(pcb, flow);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb); /* a round's writes are joined anyway */
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_MS;
    pcb->keep_intvl = KEEP_INTERVAL_MS;
    pcb->keep_cnt = KEEP_COUNT;
}

static err_t on_linger_end(void *arg, struct tcp_pcb *pcb)
{
    (void)arg;
    tcp_abort(pcb);
    return ERR_ABRT;
}

/*
 * Closes our direction only, so that data which the peer still sends is thrown away rather than
 * answered by a reset, which could overtake what we have sent. lwIP's own receive callback does
 * that, and closes the rest when the peer is done.
 */
void flow_detach(struct flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;
    err_t err;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, on_linger_end, LINGER_TICKS);
    err = flow->eof ? tcp_close(pcb) : tcp_shutdown(pcb, 0, 1);
    if (err != ERR_OK)
        tcp_abort(pcb);
}
