// SPDX-License-Identifier: ISC
/*
 * The inside of the 82599 driver: its state, and what its files do for each other. README.md names
 * the assumptions and interpretations that comments refer to in capitals. Numbers in parentheses
 * are sections of the datasheet.
 */
#ifndef PENSTOCK_DRIVERS_IXGBE_DRIVER_H
#define PENSTOCK_DRIVERS_IXGBE_DRIVER_H

#include <penstock/ixgbe.h>

#include "abi/hw/ixgbe.h"

/* Powers of two. A ring keeps one descriptor unused, so that full and empty differ. */
#define RX_RING 512u
#define TX_RING 512u

/* Bytes of a packet's buffer: SRRCTL counts in KiB, and the largest frame is 1522 bytes. */
#define BUFFER_SIZE 2048u

/* Packets beyond what the rings hold: those that the application keeps for a while. */
#define SPARE_PACKETS 2048u

/* Descriptors to fill before the device is told: a doorbell costs both sides a cache miss. */
#define RX_DOORBELL_EVERY 32u

/* Packets between two descriptors that report their completion. */
#define TX_REPORT_EVERY 32u

/* How long the device may take for anything it is asked to do (TIMEOUT). */
#define WAIT_NS 500000000ull

#define CACHE_ALIGNED _Alignas(64)

/* A tail register: written directly where its page is mapped, else through the tender. */
struct ixgbe_doorbell {
    volatile uint32_t *mapped;
    const struct pci_device *pci;
    uint32_t offset;
};

struct ixgbe_rx_queue {
    CACHE_ALIGNED union ixgbe_rx_desc *ring;
    struct packet **posted;   /* posted[i]: the packet that descriptor i receives into */
    struct packet_pool *pool; /* where the packets that take their places come from */
    uint32_t next;            /* the descriptor that the device fills next */
    uint32_t unannounced;     /* descriptors made ready since the last doorbell */
    bool in_bad_frame;        /* what comes up to the next EOP belongs to a frame that is dropped */
    struct ixgbe_doorbell doorbell;
    uint64_t packets;
    uint64_t bytes;
    uint64_t errors; /* frames dropped here */
};

struct ixgbe_tx_queue {
    CACHE_ALIGNED union ixgbe_tx_desc *ring;
    struct packet **sending; /* sending[i]: the packet of descriptor i */
    uint16_t *group_end;     /* group_end[i]: the reporting descriptor of the group that i starts */
    uint32_t next;           /* the descriptor to fill next */
    uint32_t oldest; /* the first descriptor not known to be done, always the start of a group */
    struct ixgbe_doorbell doorbell;
    uint64_t packets;
    uint64_t bytes;
};

struct ixgbe {
    struct ixgbe_rx_queue rx[IXGBE_QUEUES_MAX];
    struct ixgbe_tx_queue tx[IXGBE_QUEUES_MAX];
    struct pci_device *pci;
    struct packet_pool *pool;
    unsigned rx_queues;
    unsigned tx_queues;
    struct net_device net;
    uint64_t hw_dropped; /* sums of what statistics registers said before they cleared */
    uint64_t hw_errors;
};

/* ---- Registers ---- */

static inline uint32_t ixgbe_read(const struct ixgbe *dev, uint32_t reg)
{
    return pci_read32(dev->pci, 0, reg);
}

static inline void ixgbe_write(const struct ixgbe *dev, uint32_t reg, uint32_t value)
{
    pci_write32(dev->pci, 0, reg, value);
}

/* Clears and sets bits of a register, and leaves its others as they are. */
static inline void ixgbe_change(const struct ixgbe *dev, uint32_t reg, uint32_t clear, uint32_t set)
{
    ixgbe_write(dev, reg, (ixgbe_read(dev, reg) & ~clear) | set);
}

/* All writes to memory before it are seen by the device before the new tail. */
static inline void ixgbe_ring(const struct ixgbe_doorbell *doorbell, uint32_t tail)
{
    pci_dma_wmb();
    if (doorbell->mapped)
        *doorbell->mapped = tail;
    else
        pci_write32(doorbell->pci, 0, doorbell->offset, tail);
}

/* Says something on the console, with the device's name before it. */
void ixgbe_say(const struct ixgbe *dev, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits until (reg & mask) == value. -ETIMEDOUT, and the console names `what`. */
int ixgbe_wait(const struct ixgbe *dev, uint32_t reg, uint32_t mask, uint32_t value,
               const char *what);

/* Does nothing for a while; the datasheet has waits for which no register tells their end. */
void ixgbe_delay(solo5_time_t ns);

/* ---- What the files do for each other ---- */

/* reset.c: stops all DMA and brings every register to its default. -ETIMEDOUT. */
int ixgbe_reset(struct ixgbe *dev);

/* link.c: light on, and the link starts to come up. */
void ixgbe_link_start(struct ixgbe *dev);

/* rx.c, tx.c: a queue's memory; before the device is touched. -ENOMEM. */
int ixgbe_rx_allocate(struct ixgbe *dev, struct ixgbe_rx_queue *q);
int ixgbe_tx_allocate(struct ixgbe *dev, struct ixgbe_tx_queue *q);

/* rx_start.c, tx_start.c: from reset to running. -ETIMEDOUT. */
int ixgbe_rx_start(struct ixgbe *dev);
int ixgbe_tx_start(struct ixgbe *dev);

/* rx.c, tx.c: packets that the device had go back to their pools, the queue's memory too. */
void ixgbe_rx_release(struct ixgbe_rx_queue *q);
void ixgbe_tx_release(struct ixgbe_tx_queue *q);

/* rx.c: is there a frame to take? */
bool ixgbe_rx_waiting(const struct ixgbe_rx_queue *q);

/* tx.c: frees what has been sent, on all queues. */
void ixgbe_tx_reclaim(struct ixgbe *dev);

/* rss.c: spreads flows over the receive queues. */
void ixgbe_rss_start(struct ixgbe *dev);

/* irq.c: queue 0 to vector 0, masked. */
void ixgbe_irq_start(struct ixgbe *dev);
int ixgbe_irq_arm(struct ixgbe *dev);
void ixgbe_irq_disarm(struct ixgbe *dev);

/* net.c: fills in dev->net. */
void ixgbe_net_start(struct ixgbe *dev);

#endif
