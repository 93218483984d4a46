// SPDX-License-Identifier: ISC
/*
 * Which parts of a region can be mapped: lists of areas, and what is left of them when pages that
 * must not be mapped are taken out. Pure arithmetic on numbers that a device reported.
 */
#ifndef PENSTOCK_PCI_AREAS_H
#define PENSTOCK_PCI_AREAS_H

#include "host/pci/pci_access.h"

#define PCI_PAGE 4096u

/* More than any device has; what does not fit is left out, and thus served by calls. */
#define PCI_AREA_LIST_MAX 256

struct pci_area_list {
    unsigned count;
    struct pci_area area[PCI_AREA_LIST_MAX];
};

/* Does [offset, offset + size) lie in [0, limit)? Without overflow. */
static inline bool pci_range_fits(uint64_t offset, uint64_t size, uint64_t limit)
{
    return size <= limit && offset <= limit - size;
}

/* Appends an area; false if the list is full. */
bool pci_areas_add(struct pci_area_list *list, uint64_t offset, uint64_t size);

/*
 * Brings areas, as a device reported them, into the form that all else relies on: whole pages
 * inside a region of `size` bytes (a page that is only partly offered is not offered), ascending,
 * neither overlapping nor touching.
 */
void pci_areas_normalise(struct pci_area_list *list, uint64_t size);

/* Takes the pages that hold any byte of [offset, offset + size) out of a normalised list. */
void pci_areas_cut(struct pci_area_list *list, uint64_t offset, uint64_t size);

/* Copies at most `max` areas, the largest, in ascending order; returns how many. */
unsigned pci_areas_largest(const struct pci_area_list *list, struct pci_area *out, unsigned max);

#endif
