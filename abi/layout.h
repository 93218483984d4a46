// SPDX-License-Identifier: ISC
/*
 * Where a unikernel's PCI devices and DMA memory lie by default (the thesis, 3.3.3 and 3.3.4;
 * Figure 3.9). A tender picks lower addresses where the host cannot have these; guests read what
 * they got from the extension block.
 */
#ifndef PENSTOCK_ABI_LAYOUT_H
#define PENSTOCK_ABI_LAYOUT_H

#include <assert.h>
#include <stdint.h>

#define PCI_WINDOW_BASE          (1ull << 39)
#define PCI_WINDOW_DEVICE_STRIDE (1ull << 34)
#define PCI_WINDOW_BAR_STRIDE    (1ull << 30)
#define PCI_WINDOW_DEVICES_MAX   32u
#define DMA_SHARED_BASE          (1ull << 40)
#define DMA_OWN_STRIDE           (1ull << 36)

static_assert(PCI_WINDOW_BASE + PCI_WINDOW_DEVICES_MAX * PCI_WINDOW_DEVICE_STRIDE <=
                  DMA_SHARED_BASE,
              "BARs end before the DMA memory begins");

/* BAR i of the n-th PCI device in manifest order, both counted from 0. */
static inline uint64_t pci_window_addr(unsigned n, unsigned i)
{
    return PCI_WINDOW_BASE + n * PCI_WINDOW_DEVICE_STRIDE + i * PCI_WINDOW_BAR_STRIDE;
}

/* The DMA window of the n-th PCI device's own. */
static inline uint64_t dma_window_addr(unsigned n)
{
    return DMA_SHARED_BASE + (n + 1ull) * DMA_OWN_STRIDE;
}

#endif
