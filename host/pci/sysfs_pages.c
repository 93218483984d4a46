// SPDX-License-Identifier: ISC
#include <stdlib.h>

#include "host/pci/sysfs.h"

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct sysfs_page *)a)->physical;
    uint64_t y = ((const struct sysfs_page *)b)->physical;

    return (x > y) - (x < y);
}

struct sysfs_run sysfs_find_run(struct sysfs_page *pages, size_t count, uint64_t page_size,
                                size_t wanted)
{
    struct sysfs_run longest = {0}, now = {0};

    if (count > 0)
        qsort(pages, count, sizeof(*pages), by_address);
    for (size_t i = 0; i < count && longest.length < wanted; i++) {
        if (i > 0 && pages[i].physical - pages[i - 1].physical == page_size)
            now.length++;
        else
            now = (struct sysfs_run){.first = i, .length = 1};
        if (now.length > longest.length)
            longest = now;
    }
    return longest;
}
