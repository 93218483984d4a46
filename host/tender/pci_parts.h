// SPDX-License-Identifier: ISC
/* The PCI module's parts (module_pci.h), among themselves. */
#ifndef PENSTOCK_TENDER_PCI_PARTS_H
#define PENSTOCK_TENDER_PCI_PARTS_H

#include "host/tender/module_pci.h"

#define TENDER_PAGE     4096ull
#define TENDER_HUGEPAGE (2ull << 20)

/* Fails with "device "NAME" (WHERE): " in front of the reason. */
#define tender_pci_fail(error, code, device, format, ...)                                    \
    tender_fail(error, code, "device \"%s\" (%s): " format, (device)->name, (device)->where, \
                __VA_ARGS__)

/*
 * Fails with the library's reason, which names the place; with -EPERM also with the option that
 * allows the device to be used.
 */
int tender_pci_refused(const struct tender_pci_device *device, int code,
                       const struct pci_error *why, struct tender_error *error);

/* Whether `where` is of the kind that has no IOMMU ("sysfs:"). */
bool tender_pci_is_without_iommu(const char *where);

/*
 * Checks the sizes of all DMA windows against the memory that this host has and sets `size` of
 * each. -ENOMEM: too large.
 */
int tender_dma_plan(struct tender_pci *pci, struct tender_error *error);

/*
 * Takes the memory of a planned window: mapped at dma->host if tender_pci_place reserved that, else
 * anywhere. *huge says whether it got hugepages.
 */
int tender_dma_alloc(struct tender_dma *dma, bool *huge, struct tender_error *error);

/* Also what is only reserved, and nothing at all. */
void tender_dma_free(struct tender_dma *dma);

/* Of all windows that are planned: memory, or where it is the device's to give, the room for it. */
int tender_dma_take(struct tender_pci *pci, struct tender_error *error);

/* Lets this process lock as much memory as it may. */
void tender_dma_raise_limit(void);

/*
 * Gives each BAR and DMA window its guest address, where the IOMMUs of its devices take the same
 * one, and reserves these in this process if they are to be mapped here. -ENOSPC: no room.
 */
int tender_pci_place(struct tender_pci *pci, const struct tender_space *space,
                     struct tender_error *error);

/* Gives the addresses that were reserved for BARs back. */
void tender_pci_unplace(struct tender_pci *pci);

/* Connects the device's interrupts, of the best kind that works; one without is polled. */
int tender_pci_irq_start(struct tender_pci_device *device, struct tender_error *error);
void tender_pci_irq_stop(struct tender_pci_device *device);

#endif
