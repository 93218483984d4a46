// SPDX-License-Identifier: ISC
#include "lwip_stack.h"

#include <lwip/pbuf.h>
#include <string.h>

#include "mem.h"

#define BATCH  64
#define HEADER 14 /* Ethernet */

_Static_assert(sizeof(struct pbuf_custom) <= sizeof(((struct packet *)0)->scratch),
               "a packet carries its pbuf");
_Static_assert(_Alignof(struct pbuf_custom) <= 8, "packet.scratch is aligned to 8");

static void free_in_place(struct pbuf *p)
{
    packet_free((struct packet *)((char *)p - offsetof(struct packet, scratch)));
}

/* The frame as a pbuf in the packet itself; freeing it gives the packet back to the device's pool.
 */
static struct pbuf *wrap(struct packet *packet)
{
    struct pbuf_custom *custom = (struct pbuf_custom *)(void *)packet->scratch;

    custom->custom_free_function = free_in_place;
    return pbuf_alloced_custom(PBUF_RAW, packet->len, PBUF_REF, custom, packet->data, packet->len);
}

/* The frame in memory of its own; the packet is free at once. */
static struct pbuf *copy(struct packet *packet)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, packet->len, PBUF_RAM);

    if (p == NULL)
        return NULL;
    memcpy(p->payload, packet->data, packet->len);
    packet_free(packet);
    return p;
}

/*
 * The device fills its receive ring from the pool. An application that keeps data must not keep the
 * ring from that, so frames are copied from here on.
 */
static bool pool_low(const struct packet_pool *pool)
{
    return pool->available < pool->count / 4;
}

bool net_rx_pressed(const struct stack *stack)
{
    return stack->rx_pool && pool_low(stack->rx_pool) && stack->no_copies;
}

/* Which checksums lwIP must check itself; those it sends are always its own. */
static u16_t checks(const struct packet *packet)
{
    u16_t flags = NETIF_CHECKSUM_ENABLE_ALL;

    if (packet->flags & PACKET_CSUM_BAD)
        return flags; /* no matter what else it says */
    if (packet->flags & PACKET_IP_CSUM_OK)
        flags &= (u16_t)~NETIF_CHECKSUM_CHECK_IP;
    if (packet->flags & PACKET_L4_CSUM_OK)
        flags &= (u16_t) ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    return flags;
}

/* As a pbuf in place; in memory of its own when packets are scarce, unless that is scarce too. */
static struct pbuf *take(struct stack *stack, struct packet *packet)
{
    struct pbuf *p = NULL;

    if (pool_low(stack->rx_pool)) {
        if (!net_mem_scarce())
            p = copy(packet);
        stack->no_copies = p == NULL;
    }
    net_mem_set_pressure(net_rx_pressed(stack));
    if (p)
        stack->stats.rx_copied++;
    else
        p = wrap(packet);
    return p;
}

static void receive(struct stack *stack, struct packet *packet)
{
    struct netif *netif = &stack->netif;
    u16_t flags = checks(packet);
    struct pbuf *p;

    if (packet->len < HEADER || packet->len > HEADER + netif->mtu) {
        stack->stats.rx_bad_length++;
        packet_free(packet);
        return;
    }
    stack->stats.rx_frames++;
    stack->rx_pool = packet->pool;
    p = take(stack, packet);
    NETIF_SET_CHECKSUM_CTRL(netif, flags);
    if (netif->input(p, netif) != ERR_OK)
        pbuf_free(p);
    NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_ENABLE_ALL);
}

bool net_rx_poll(struct stack *stack)
{
    struct packet *batch[BATCH];
    unsigned n = net_rx(stack->dev, batch, BATCH);

    for (unsigned i = 0; i < n; i++)
        receive(stack, batch[i]);
    return n > 0;
}
