// SPDX-License-Identifier: ISC
/*
 * A PCI device in a driver's hands: identity, registers, DMA memory, interrupts (MirageOS:
 * Mirage_pci.S). Drivers include this header and nothing of a target; it is the only place with
 * volatile register access and barriers.
 *
 * The smallest driver over it is tests/unikernels/edu_device.c.
 */
#ifndef PENSTOCK_PCI_H
#define PENSTOCK_PCI_H

#include <penstock/barrier.h>
#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A DMA window, handed out from its start. */
struct pci_dma_window {
    uint8_t *base;
    size_t size;    /* bytes */
    size_t used;    /* bytes handed out so far */
    uint64_t delta; /* IOVA minus address, modulo 2^64 */
};

struct pci_device {
    const char *name; /* its name in the manifest */
    struct solo5_pci_info info;
    struct pci_dma_window own;  /* its own window, if it has one */
    struct pci_dma_window *dma; /* where pci_dma_alloc takes from: `own`, or the shared region */
};

/*
 * Takes the device that the manifest calls `name`. *dev is the caller's, to be kept at its place as
 * long as the device is in use; so is `name`. A device without a window of its own takes DMA memory
 * from the region that all devices of the unikernel share: whoever asks first gets it, and no byte
 * is handed out twice. -ENODEV: no such device, it is taken already, or there is no PCI here.
 */
int pci_acquire(const char *name, struct pci_device *dev);

/* ---- Registers ---- */

/*
 * The register at `offset` of BAR `bar` as a pointer, if it is mapped, else NULL. For the few
 * registers on a driver's hot path (doorbells); everything else goes through the accessors below.
 * Such an access is in no order with DMA memory but for the barriers at the end of this file.
 */
volatile uint32_t *pci_register(const struct pci_device *dev, unsigned bar, uint64_t offset);

/*
 * Access a register, directly where it is mapped and by a call to the tender where it is not.
 * Offsets are a driver's constants: one outside the BAR reads as all ones and its write is lost, as
 * on the bus. They are in order with DMA memory: the device that sees a register written sees what
 * was written to memory before it, and memory that is read after a register is as new as that was.
 */
uint32_t pci_read32(const struct pci_device *dev, unsigned bar, uint64_t offset);
uint64_t pci_read64(const struct pci_device *dev, unsigned bar, uint64_t offset);
void pci_write32(const struct pci_device *dev, unsigned bar, uint64_t offset, uint32_t value);
void pci_write64(const struct pci_device *dev, unsigned bar, uint64_t offset, uint64_t value);

/* Waits until (register & mask) == value, for at most `timeout` nanoseconds: 0 or -ETIMEDOUT. */
int pci_wait32(const struct pci_device *dev, unsigned bar, uint64_t offset, uint32_t mask,
               uint32_t value, solo5_time_t timeout);

/* Configuration space; all ones where there is none. */
uint32_t pci_config_read32(const struct pci_device *dev, size_t offset);

/* Whether the device is lost (solo5.h, after solo5_pci_acquire). A call to the tender: to be asked
 * when solo5_yield reports the device. */
bool pci_is_lost(const struct pci_device *dev);

/* ---- DMA memory ---- */

/*
 * Takes size bytes of zeroed DMA memory, aligned to `align` (a power of two). NULL if the window is
 * used up. There is no free: a driver allocates its rings and buffers once. The memory goes when
 * the unikernel ends.
 */
void *pci_dma_alloc(struct pci_device *dev, size_t size, size_t align);

/* How many bytes pci_dma_alloc can still give at this alignment. */
size_t pci_dma_available(const struct pci_device *dev, size_t align);

/* What the device calls an address that came from pci_dma_alloc. */
static inline uint64_t pci_dma_iova(const struct pci_device *dev, const void *p)
{
    return (uint64_t)(uintptr_t)p + dev->dma->delta;
}

/* ---- Order between memory and device ---- */

/*
 * All reads and writes of DMA memory before it are done before any write to a register, or to
 * memory that the device reads, after it: before a doorbell.
 */
static inline void pci_dma_wmb(void)
{
    barrier_before_write();
}

/*
 * Reads of DMA memory after it see what the device wrote before the flag that was read before it:
 * after the look at a descriptor's status.
 */
static inline void pci_dma_rmb(void)
{
    barrier_after_read();
}

#endif
