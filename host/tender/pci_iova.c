// SPDX-License-Identifier: ISC
#include "host/tender/pci_iova.h"

#include <stdio.h>
#include <string.h>

void tender_iova_init(struct tender_iova *iova)
{
    iova->anywhere = true;
    iova->count = 0;
}

/* The last address of all is not used: a size could not say it. */
static struct layout_range range_of(const struct pci_iova_range *range)
{
    uint64_t end = range->last == UINT64_MAX ? UINT64_MAX : range->last + 1;

    return (struct layout_range){.addr = range->start, .size = end - range->start};
}

static bool overlap(const struct layout_range *a, const struct layout_range *b,
                    struct layout_range *both)
{
    uint64_t start = a->addr > b->addr ? a->addr : b->addr;
    uint64_t a_end = a->addr + a->size, b_end = b->addr + b->size;
    uint64_t end = a_end < b_end ? a_end : b_end;

    *both = (struct layout_range){.addr = start, .size = end - start};
    return start < end;
}

static void intersect(struct tender_iova *iova, const struct layout_range *with, unsigned count)
{
    struct layout_range before[TENDER_IOVA_MAX];
    unsigned before_count = iova->count, i = 0, j = 0;

    memcpy(before, iova->range, before_count * sizeof(before[0]));
    iova->count = 0;
    while (i < before_count && j < count && iova->count < TENDER_IOVA_MAX) {
        if (overlap(&before[i], &with[j], &iova->range[iova->count]))
            iova->count++;
        if (before[i].addr + before[i].size < with[j].addr + with[j].size)
            i++;
        else
            j++;
    }
}

int tender_iova_restrict(struct tender_iova *iova, struct tender_pci_device *device,
                         struct tender_error *error)
{
    struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX];
    struct layout_range list[PCI_IOVA_RANGES_MAX];
    struct pci_error why;
    unsigned count;
    int rc;

    if (device->access == NULL || !(device->want.flags & MFT_PCI_BUS_MASTER) ||
        pci_dma_is_physical(device->access))
        return 0;
    rc = pci_iova_ranges(device->access, ranges, &count, &why);
    if (rc < 0)
        return tender_pci_refused(device, rc, &why, error);
    if (count == 1 && ranges[0].start == 0 && ranges[0].last == UINT64_MAX)
        return 0;
    for (unsigned i = 0; i < count; i++)
        list[i] = range_of(&ranges[i]);
    if (iova->anywhere) {
        memcpy(iova->range, list, count * sizeof(list[0]));
        iova->count = count;
    } else {
        intersect(iova, list, count);
    }
    iova->anywhere = false;
    return 0;
}

void tender_iova_spell(const struct tender_iova *iova, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "none");
    for (unsigned i = 0; i < iova->count; i++) {
        const struct layout_range *range = &iova->range[i];
        char one[64];
        size_t length = (size_t)snprintf(one, sizeof(one), "%s0x%llx-0x%llx", i == 0 ? "" : ", ",
                                         (unsigned long long)range->addr,
                                         (unsigned long long)(range->addr + range->size - 1));

        if (used + length + sizeof(", ...") > size) {
            snprintf(text + used, size - used, ", ...");
            return;
        }
        memcpy(text + used, one, length + 1);
        used += length;
    }
}
