// SPDX-License-Identifier: ISC
#include "lwip_stack.h"

#include <lwip/pbuf.h>
#include <string.h>

#define RX_RESERVE 16 /* packets */

void net_tx_flush(struct stack *stack)
{
    unsigned sent;

    if (stack->tx_count == 0)
        return;
    sent = net_tx(stack->dev, stack->tx, stack->tx_count);
    stack->stats.tx_frames += sent;
    stack->tx_count -= sent;
    memmove(stack->tx, stack->tx + sent, stack->tx_count * sizeof(stack->tx[0]));
}

/* A packet for a frame, with a place in the batch, or NULL. Where receive and transmit share a
 * pool, receive keeps some. */
static struct packet *take_packet(struct stack *stack, unsigned len)
{
    struct packet *packet;

    if (stack->tx_count == NET_TX_MAX)
        net_tx_flush(stack);
    if (stack->tx_count == NET_TX_MAX)
        return NULL;
    packet = net_alloc(stack->dev);
    if (packet == NULL)
        return NULL;
    if (packet->room < len ||
        (packet->pool == stack->rx_pool && packet->pool->available < RX_RESERVE)) {
        packet_free(packet);
        return NULL;
    }
    return packet;
}

/*
 * Copies the frame out of lwIP's hands: TCP keeps the segment until it is acknowledged, and must
 * not find it still in use by the device when it has to send it again. Without room the frame is
 * lost, as on any card; TCP is told and sends it in a later round. Without a link it is lost as
 * well, rather than sent when nobody waits for it any more.
 */
err_t net_tx_frame(struct netif *netif, struct pbuf *frame)
{
    struct stack *stack = netif->state;
    bool up = netif_is_link_up(netif);
    struct packet *packet = up ? take_packet(stack, frame->tot_len) : NULL;

    if (packet == NULL) {
        stack->stats.tx_dropped++;
        stack->refused |= up;
        return up ? ERR_MEM : ERR_IF;
    }
    packet->len = frame->tot_len;
    packet->flags = 0;
    pbuf_copy_partial(frame, packet->data, frame->tot_len, 0);
    stack->tx[stack->tx_count++] = packet;
    return ERR_OK;
}
