// SPDX-License-Identifier: ISC
/* Descriptor rings in the driver's memory. */
#ifndef PENSTOCK_EMU_IXGBE_RING_H
#define PENSTOCK_EMU_IXGBE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/dma.h"

struct nic;

/* A ring as the driver set it up; latched when the queue is switched on. */
struct nic_ring {
    uint64_t base;
    uint32_t size; /* descriptors */
    uint32_t head; /* the next one to work on; published in RDH and TDH */
    bool on;
};

/*
 * Looks at the queue whose registers begin at `block` (IXGBE_RXQ, IXGBE_TXQ): takes over what the
 * driver has set up, and returns how many descriptors it has given the hardware; *changed: the ring
 * is a new one. 0 as well if the queue is off or makes no sense: that is logged.
 */
uint32_t nic_ring_open(struct nic *nic, struct nic_ring *ring, uint32_t block, bool *changed);

/* Switches the queue off, for a reason that is logged. */
void nic_ring_stop(struct nic *nic, struct nic_ring *ring, uint32_t block, const char *why);

/* How many descriptors from index i on are certainly one piece of I/O virtual memory. */
static inline uint32_t nic_ring_run(const struct nic_ring *ring, uint32_t i)
{
    uint32_t wrap = ring->size - i;
    uint32_t page = (4096 - ((uint32_t)(ring->base + 16ull * i) & 4095)) / 16;

    return wrap < page ? wrap : page;
}

/* `count` descriptors from index i on, within a run; NULL: not in memory, or not for that access.
 */
static inline void *nic_ring_at(struct emu_dma *dma, const struct nic_ring *ring, uint32_t i,
                                uint32_t count, enum emu_dma_access access)
{
    return emu_dma_at(dma, ring->base + 16ull * i, count * 16, access);
}

static inline uint32_t nic_ring_next(const struct nic_ring *ring, uint32_t i, uint32_t count)
{
    i += count;
    return i >= ring->size ? i - ring->size : i;
}

#endif
