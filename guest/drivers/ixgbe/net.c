// SPDX-License-Identifier: ISC
/* The driver as a net_device, over its queue 0. */
#include "guest/drivers/ixgbe/driver.h"

#include <string.h>

#define MTU 1500u

static struct ixgbe *driver_of(struct net_device *net)
{
    return (struct ixgbe *)((char *)net - offsetof(struct ixgbe, net));
}

static unsigned net_rx_queue0(struct net_device *net, struct packet **batch, unsigned max)
{
    return ixgbe_rx_batch(driver_of(net), 0, batch, max);
}

static unsigned net_tx_queue0(struct net_device *net, struct packet **batch, unsigned n)
{
    return ixgbe_tx_batch(driver_of(net), 0, batch, n);
}

static struct packet *net_alloc_packet(struct net_device *net)
{
    struct ixgbe *dev = driver_of(net);

    if (dev->pool->available == 0)
        ixgbe_tx_reclaim(dev);
    return packet_alloc(dev->pool);
}

static bool net_link(struct net_device *net, unsigned *mbps)
{
    return ixgbe_link(driver_of(net), mbps);
}

static int net_promiscuous(struct net_device *net, bool on)
{
    ixgbe_set_promiscuous(driver_of(net), on);
    return 0;
}

static void net_statistics(struct net_device *net, struct net_stats *stats)
{
    ixgbe_stats(driver_of(net), stats);
}

static int net_arm(struct net_device *net)
{
    return ixgbe_irq_arm(driver_of(net));
}

static void net_disarm(struct net_device *net)
{
    ixgbe_irq_disarm(driver_of(net));
}

void ixgbe_net_start(struct ixgbe *dev)
{
    static const struct net_device_ops ops = {
        .rx = net_rx_queue0,
        .tx = net_tx_queue0,
        .alloc = net_alloc_packet,
        .link = net_link,
        .set_promiscuous = net_promiscuous,
        .stats = net_statistics,
        .arm = net_arm,
        .disarm = net_disarm,
    };
    uint32_t low = ixgbe_read(dev, IXGBE_RAL(0));
    uint32_t high = ixgbe_read(dev, IXGBE_RAH(0));

    dev->net = (struct net_device){
        .ops = &ops,
        .name = dev->pci->name,
        .mtu = MTU,
        .handle = dev->pci->info.handle,
    };
    /* 8.2.3.7.8: the EEPROM's address, least significant byte first. */
    memcpy(dev->net.mac, &low, 4);
    memcpy(dev->net.mac + 4, &high, 2);
}

struct net_device *ixgbe_net_device(struct ixgbe *dev)
{
    return &dev->net;
}
