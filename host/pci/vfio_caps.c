// SPDX-License-Identifier: ISC
#include "host/pci/vfio_caps.h"

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#define SEEN_MAX 64u /* a longer chain is a circle */

int vfio_caps_find(const void *buffer, size_t size, uint32_t first, uint16_t id, size_t min,
                   size_t *at)
{
    struct vfio_info_cap_header cap;
    size_t next = first;

    *at = 0;
    for (unsigned seen = 0; next != 0; seen++) {
        if (seen == SEEN_MAX || !pci_range_fits(next, sizeof(cap), size))
            return -EPROTO;
        memcpy(&cap, (const char *)buffer + next, sizeof(cap));
        if (cap.id == id) {
            if (!pci_range_fits(next, min, size))
                return -EPROTO;
            *at = next;
            return 0;
        }
        next = cap.next;
    }
    return 0;
}

/* `at`: where the capability begins. */
static int take_sparse(const char *buffer, size_t size, size_t at, uint64_t region_size,
                       struct pci_area_list *areas)
{
    struct vfio_region_info_cap_sparse_mmap cap;

    memcpy(&cap, buffer + at, sizeof(cap));
    at += sizeof(cap);
    if (cap.nr_areas > (size - at) / sizeof(struct vfio_region_sparse_mmap_area))
        return -EPROTO;
    for (uint32_t i = 0; i < cap.nr_areas; i++) {
        struct vfio_region_sparse_mmap_area area;

        memcpy(&area, buffer + at + i * sizeof(area), sizeof(area));
        if (!pci_range_fits(area.offset, area.size, region_size))
            return -EPROTO;
        if (!pci_areas_add(areas, area.offset, area.size))
            break;
    }
    return 0;
}

int vfio_caps_areas(const void *buffer, size_t size, uint32_t first, uint64_t region_size,
                    struct pci_area_list *areas)
{
    size_t at;
    int rc = vfio_caps_find(buffer, size, first, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
                            sizeof(struct vfio_region_info_cap_sparse_mmap), &at);

    if (rc < 0)
        return rc;
    if (at != 0)
        return take_sparse(buffer, size, at, region_size, areas);
    pci_areas_add(areas, 0, region_size);
    return 0;
}
