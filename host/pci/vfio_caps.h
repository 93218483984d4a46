/* SPDX-License-Identifier: ISC */
/*
 * Capabilities behind what VFIO's INFO calls say (linux/vfio.h, struct vfio_info_cap_header and
 * what follows it). vfio-user's replies have the same layout.
 */
#ifndef PENSTOCK_PCI_VFIO_CAPS_H
#define PENSTOCK_PCI_VFIO_CAPS_H

#include "host/pci/pci_areas.h"

/*
 * A capability in what was written to buffer[size]: where it begins, or 0 if there is none. `first`
 * is the offset of the chain's first, 0 for no chain. At least `min` bytes of it lie in the buffer.
 * -EPROTO: the chain is broken.
 */
int vfio_caps_find(const void *buffer, size_t size, uint32_t first, uint16_t id, size_t min,
                   size_t *at);

/*
 * Appends the areas that a region of region_size bytes may be mapped in: those of its sparse-mmap
 * capability (what the list has no room for is left out), or all of it if it has none. -EPROTO: the
 * chain is broken, or an area is outside.
 */
int vfio_caps_areas(const void *buffer, size_t size, uint32_t first, uint64_t region_size,
                    struct pci_area_list *areas);

#endif
