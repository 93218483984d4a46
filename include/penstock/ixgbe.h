// SPDX-License-Identifier: ISC
/*
 * The Intel 82599 driver: as an API of its own, like the thesis's Figure 5.5, and as a net_device.
 * Register facts: Intel 82599 10 GbE Controller Datasheet.
 */
#ifndef PENSTOCK_IXGBE_H
#define PENSTOCK_IXGBE_H

#include <penstock/net.h>
#include <penstock/pci.h>

struct ixgbe;

#define IXGBE_QUEUES_MAX 8

/*
 * Resets and starts the device: link, `rx_queues` and `tx_queues` queues (1..IXGBE_QUEUES_MAX),
 * packets in the device's DMA memory. *pci stays the caller's and must outlive the driver. 0, or:
 * -ENODEV it is no 82599; -EINVAL queue numbers, or BAR 0 or bus mastering is not in the manifest;
 * -ENOMEM the DMA window is too small (the console says by how much); -ETIMEDOUT the device did not
 * answer (the console says to what). No link is not an error.
 */
int ixgbe_create(struct pci_device *pci, unsigned rx_queues, unsigned tx_queues,
                 struct ixgbe **dev);

/* Receives up to max packets from a queue; they are the caller's. */
unsigned ixgbe_rx_batch(struct ixgbe *dev, unsigned queue, struct packet **batch, unsigned max);

/* Sends as many of n packets as fit now, in order; those are the device's. The others stay the
 * caller's. */
unsigned ixgbe_tx_batch(struct ixgbe *dev, unsigned queue, struct packet **batch, unsigned n);

/*
 * Sends all n packets, waiting for room; those that found none within 100 ms (a dead link) are
 * dropped and freed. Returns how long it had to wait, in ticks of cycles_now (penstock/cycles.h).
 */
uint64_t ixgbe_tx_batch_busy_wait(struct ixgbe *dev, unsigned queue, struct packet **batch,
                                  unsigned n);

/* Reads and adds up the device's statistics (its counters clear on read). */
void ixgbe_stats(struct ixgbe *dev, struct net_stats *stats);

/* True if the link is up, and its speed in Mbit/s. */
bool ixgbe_link(struct ixgbe *dev, unsigned *mbps);

void ixgbe_set_promiscuous(struct ixgbe *dev, bool on);

/* The driver as a net_device over its queue 0; it belongs to the driver. */
struct net_device *ixgbe_net_device(struct ixgbe *dev);

/* Stops the device: no DMA and no interrupt after it. Packets the caller still owns stay valid
 * memory. */
void ixgbe_destroy(struct ixgbe *dev);

#endif
