// SPDX-License-Identifier: ISC
/*
 * Which addresses the devices' IOMMUs take for DMA memory: what pci_iova_ranges says, for one
 * device or for all that share a window.
 */
#ifndef PENSTOCK_TENDER_PCI_IOVA_H
#define PENSTOCK_TENDER_PCI_IOVA_H

#include "host/tender/layout.h"
#include "host/tender/pci_parts.h"

/* Each device can cut the ranges of those before it into one more than it has itself. */
#define TENDER_IOVA_MAX ((MFT_MAX_ENTRIES - 1) * PCI_IOVA_RANGES_MAX)

struct tender_iova {
    bool anywhere;  /* nothing limits them */
    unsigned count; /* else: ascending, disjoint */
    struct layout_range range[TENDER_IOVA_MAX];
};

/* Anywhere. */
void tender_iova_init(struct tender_iova *iova);

/* Takes away what this device cannot have. Nothing if it maps no memory. */
int tender_iova_restrict(struct tender_iova *iova, struct tender_pci_device *device,
                         struct tender_error *error);

/* For a message: "0x0-0xfedfffff, 0xfef00000-0x7fffffffff", cut short if there are many. */
void tender_iova_spell(const struct tender_iova *iova, char *text, size_t size);

#endif
