// SPDX-License-Identifier: ISC
/* Descriptor rings: their registers lie in shared memory, so they are looked at anew and checked in
 * every turn. */
#include <inttypes.h>

#include "nic.h"

/* Offsets within a queue's block: receive and transmit are alike here. */
enum { BASE_LOW = 0x00, BASE_HIGH = 0x04, LENGTH = 0x08, HEAD = 0x10, TAIL = 0x18, CONTROL = 0x28 };

static_assert(IXGBE_RDH(0u) == IXGBE_RXQ(0u) + HEAD && IXGBE_TDH(0u) == IXGBE_TXQ(0u) + HEAD,
              "head");
static_assert(IXGBE_RDT(0u) == IXGBE_RXQ(0u) + TAIL && IXGBE_TDT(0u) == IXGBE_TXQ(0u) + TAIL,
              "tail");
static_assert(IXGBE_RXDCTL(0u) == IXGBE_RXQ(0u) + CONTROL, "control");
static_assert(IXGBE_TXDCTL(0u) == IXGBE_TXQ(0u) + CONTROL, "control");
static_assert(IXGBE_RXDCTL_ENABLE == IXGBE_TXDCTL_ENABLE, "enable");

void nic_ring_stop(struct nic *nic, struct nic_ring *ring, uint32_t block, const char *why)
{
    bool tx = block >= IXGBE_TXQ(0u) && block < IXGBE_TXQ(NIC_QUEUES);
    unsigned queue = tx                      ? (block - IXGBE_TXQ(0u)) / 0x40
                     : block < IXGBE_TXQ(0u) ? (block - IXGBE_RXQ(0u)) / 0x40
                                             : (block - IXGBE_RXQ(64u)) / 0x40 + 64;

    ring->on = false;
    nic_hot_put(nic, block + CONTROL, nic_hot_get(nic, block + CONTROL) & ~IXGBE_RXDCTL_ENABLE);
    emu_log(&nic->dev, EMU_LOG_WARN,
            "%s queue %u stopped: %s (base 0x%" PRIx64 ", %u descriptors, head %u, tail %u)",
            tx ? "transmit" : "receive", queue, why, ring->base, ring->size, ring->head,
            nic_hot_get(nic, block + TAIL));
}

/* Takes the driver's settings over; NULL or what is wrong with them. */
static const char *latch(struct nic_ring *ring, uint64_t base, uint32_t length, uint32_t head)
{
    ring->base = base;
    ring->size = length / 16;
    ring->head = head;
    ring->on = true;
    if (length == 0 || length != (length & IXGBE_RDLEN_MASK))
        return "its length is 0, above 1 MiB or no multiple of 128";
    if (base > UINT64_MAX - length)
        return "it ends beyond the address space";
    return head < ring->size ? NULL : "its head lies outside";
}

uint32_t nic_ring_open(struct nic *nic, struct nic_ring *ring, uint32_t block, bool *changed)
{
    const char *wrong = NULL;
    uint32_t length, head, tail;
    uint64_t base;

    *changed = false;
    if (!(nic_hot_get(nic, block + CONTROL) & IXGBE_RXDCTL_ENABLE)) {
        ring->on = false;
        return 0;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    base = (nic_hot_get(nic, block + BASE_LOW) & ~127u) |
           (uint64_t)nic_hot_get(nic, block + BASE_HIGH) << 32;
    length = nic_hot_get(nic, block + LENGTH);
    head = nic_hot_get(nic, block + HEAD);
    tail = nic_hot_get(nic, block + TAIL);
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* before what the tail stands for is read */
    if (!ring->on || base != ring->base || length / 16 != ring->size || head != ring->head) {
        *changed = true;
        wrong = latch(ring, base, length, head);
    }
    if (!wrong && tail >= ring->size)
        wrong = "its tail lies outside";
    if (wrong) {
        nic_ring_stop(nic, ring, block, wrong);
        return 0;
    }
    return tail >= head ? tail - head : tail + ring->size - head;
}
