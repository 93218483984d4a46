// SPDX-License-Identifier: ISC
/*
 * A network device, whatever drives it (MirageOS: Mirage_net.S), and the packets that it moves.
 *
 * Ownership. A packet has exactly one owner at a time: its pool, the device (between being posted
 * for receive or accepted for transmit and being completed), or the caller (between net_rx and
 * packet_free or net_tx). Whoever owns it may write to it, and must pass it on or free it.
 */
#ifndef PENSTOCK_NET_H
#define PENSTOCK_NET_H

#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet_pool;

/* packet.flags, set by net_rx if the device checked it: 0 means "not checked", so check it
 * yourself. */
#define PACKET_IP_CSUM_OK (1u << 0) /* the IPv4 header checksum is right */
#define PACKET_L4_CSUM_OK (1u << 1) /* the TCP or UDP checksum is right */
#define PACKET_CSUM_BAD   (1u << 2) /* one of them is wrong */

/*
 * One frame in one buffer of DMA memory. The descriptor lies in ordinary memory, out of the
 * device's reach.
 */
struct packet {
    uint8_t *data;            /* the frame's first byte; the same for the packet's whole life */
    uint64_t iova;            /* what the device calls data[0] */
    struct packet_pool *pool; /* where packet_free returns it to */
    uint16_t len;             /* bytes of the frame, without FCS */
    uint16_t room;            /* bytes that fit at data */
    uint32_t flags;           /* PACKET_* */
    _Alignas(8) uint8_t scratch[32]; /* the owner's: the IP stack keeps its pbuf here */
};

/* A stack of free packets of one size, all of one device's DMA memory. */
struct packet_pool {
    struct packet **free; /* free[0..available) */
    unsigned available;
    unsigned count; /* packets in all */
    struct packet *packets;
};

struct pci_device;

/*
 * Makes `count` packets of `size` bytes each (a multiple of 64, at most 65472) in the device's DMA
 * memory, which stays taken for good. -EINVAL; -ENOMEM (PACKET_POOL_BYTES says how much DMA memory
 * it takes).
 */
int packet_pool_init(struct packet_pool *pool, struct pci_device *dev, unsigned count,
                     unsigned size);

/*
 * Buffers lie an odd number of cache lines apart, so that the first lines of all frames do not
 * share a few sets of a cache, and start a cache line.
 */
#define PACKET_ALIGN                   64u
#define PACKET_STRIDE(size)            ((size) | PACKET_ALIGN)
#define PACKET_POOL_BYTES(count, size) (PACKET_STRIDE(size) * (size_t)(count))

/* Gives the memory of the pool's bookkeeping back; no packet of it may be in use. */
void packet_pool_destroy(struct packet_pool *pool);

/* A packet with len 0 and flags 0; NULL if none is free. */
static inline struct packet *packet_alloc(struct packet_pool *pool)
{
    struct packet *packet;

    if (pool->available == 0)
        return NULL;
    packet = pool->free[--pool->available];
    packet->len = 0;
    packet->flags = 0;
    return packet;
}

/* Gives a packet back to its pool. */
static inline void packet_free(struct packet *packet)
{
    struct packet_pool *pool = packet->pool;

    pool->free[pool->available++] = packet;
}

struct net_stats {
    uint64_t rx_packets;
    uint64_t rx_bytes;   /* frames without FCS */
    uint64_t rx_dropped; /* the device had no buffer for them */
    uint64_t rx_errors;  /* bad FCS, wrong length, descriptors that made no sense */
    uint64_t tx_packets;
    uint64_t tx_bytes;
};

struct net_device;

struct net_device_ops {
    /* Takes up to max received packets into batch; they are the caller's. */
    unsigned (*rx)(struct net_device *dev, struct packet **batch, unsigned max);
    /* Sends the first k <= n packets, as many as fit now; they are the device's, which frees them
     * when they are sent. */
    unsigned (*tx)(struct net_device *dev, struct packet **batch, unsigned n);
    /* A packet to fill and send, or NULL if none is free now. */
    struct packet *(*alloc)(struct net_device *dev);
    /* The link: true if it is up, and its speed in Mbit/s. */
    bool (*link)(struct net_device *dev, unsigned *mbps);
    /* -ENOTSUP if the device cannot. */
    int (*set_promiscuous)(struct net_device *dev, bool on);
    void (*stats)(struct net_device *dev, struct net_stats *stats);
    /*
     * Asks for an interrupt with the next packet: 0, and solo5_yield will report dev->handle;
     * -EAGAIN if packets are waiting already; -ENOTSUP if the device has no interrupts. `disarm`
     * takes it back.
     */
    int (*arm)(struct net_device *dev);
    void (*disarm)(struct net_device *dev);
};

struct net_device {
    const struct net_device_ops *ops;
    const char *name;
    uint8_t mac[6];
    uint16_t mtu;          /* bytes, without the Ethernet header */
    solo5_handle_t handle; /* its bit in solo5_yield's ready set */
};

static inline unsigned net_rx(struct net_device *dev, struct packet **batch, unsigned max)
{
    return dev->ops->rx(dev, batch, max);
}

static inline unsigned net_tx(struct net_device *dev, struct packet **batch, unsigned n)
{
    return dev->ops->tx(dev, batch, n);
}

static inline struct packet *net_alloc(struct net_device *dev)
{
    return dev->ops->alloc(dev);
}

#endif
