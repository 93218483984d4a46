// SPDX-License-Identifier: ISC
/* What is not the guest's in the address space of its process. */
#include <stdlib.h>

#include "host/spt/launch.h"

#define PAGE      4096ull
#define SPACE_END ((1ull << 47) - PAGE) /* of a process, with four levels of page tables */

struct kept {
    unsigned count;
    struct launch_gap range[LAUNCH_GAPS_MAX - 1];
};

static void keep(struct kept *kept, uint64_t addr, uint64_t size)
{
    if (size != 0)
        kept->range[kept->count++] =
            (struct launch_gap){.addr = addr, .size = (size + PAGE - 1) & ~(PAGE - 1)};
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct launch_gap *)a)->addr;
    uint64_t y = ((const struct launch_gap *)b)->addr;

    return x < y ? -1 : x > y;
}

/* At most 63 devices with six BARs and a window each, the shared window, and memory. */
static_assert(LAUNCH_GAPS_MAX - 1 >= (MFT_MAX_ENTRIES - 1) * 7 + 2, "struct kept");

static void collect(const struct spt *spt, struct kept *kept)
{
    kept->count = 0;
    keep(kept, 0, spt->mem_size);
    keep(kept, spt->pci.dma.addr, spt->pci.dma.size);
    for (unsigned i = 0; i < spt->pci.count; i++) {
        const struct tender_pci_device *device = &spt->pci.device[i];

        keep(kept, device->dma.addr, device->dma.size);
        for (unsigned b = 0; b < 6; b++)
            keep(kept, device->bar[b].addr, device->bar[b].size);
    }
    qsort(kept->range, kept->count, sizeof kept->range[0], by_address);
}

unsigned spt_gaps(const struct spt *spt, struct launch_gap *gaps)
{
    struct kept kept;
    unsigned count = 0;

    collect(spt, &kept);
    for (unsigned i = 0; i < kept.count; i++) {
        uint64_t start = kept.range[i].addr + kept.range[i].size;
        uint64_t end = i + 1 < kept.count ? kept.range[i + 1].addr : SPACE_END;

        if (start < end)
            gaps[count++] = (struct launch_gap){.addr = start, .size = end - start};
    }
    return count;
}
