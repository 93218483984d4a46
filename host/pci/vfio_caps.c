// SPDX-License-Identifier: ISC
#include <errno.h>
#include <string.h>

#include "host/pci/vfio.h"

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
