// SPDX-License-Identifier: ISC
/* Takes the memory of all DMA windows, and says what would make it faster. */
#include <stdio.h>
#include <sys/resource.h>

#include "host/tender/log.h"
#include "host/tender/pci_parts.h"

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* One of the kernel's numbers of 2 MiB pages (Documentation/admin-guide/mm/hugetlbpage.rst). */
static bool read_number(const char *path, uint64_t *number)
{
    FILE *file = fopen(path, "re");
    unsigned long long value;
    bool got = file != NULL && fscanf(file, "%llu", &value) == 1;

    if (file != NULL)
        fclose(file);
    if (got)
        *number = value;
    return got;
}

/* `small` hugepages were wanted and not there, while `huge` were. */
static void warn(uint64_t small, uint64_t huge)
{
    uint64_t all, unused, promised, available;

    if (!read_number(POOL "nr_hugepages", &all) || !read_number(POOL "free_hugepages", &unused) ||
        !read_number(POOL "resv_hugepages", &promised)) {
        tender_warn("this kernel has no hugepages of 2 MiB: DMA memory is slower without");
        return;
    }
    /* What we have is promised to us, not yet used. */
    available = unused > promised ? unused - promised : 0;
    available = available < small ? available : small;
    tender_warn("too few free hugepages of 2 MiB for the DMA memory, which is slower without: "
                "%llu wanted, %llu free; they come with: sysctl vm.nr_hugepages=%llu",
                (unsigned long long)(small + huge), (unsigned long long)(available + huge),
                (unsigned long long)(all + small - available));
}

/* Without an IOMMU: physical memory in one piece, which goes when `device` is closed. */
static int take_physical(struct tender_pci_device *device, struct tender_dma *dma,
                         struct tender_error *error)
{
    struct pci_error why;
    int rc = pci_dma_physical(device->access, dma->size, dma->host, &dma->host, &dma->iova, &why);

    return rc < 0 ? tender_pci_refused(device, rc, &why, error) : 0;
}

int tender_dma_take(struct tender_pci *pci, struct tender_error *error)
{
    uint64_t pages[2] = {0, 0}; /* small ones instead, hugepages */

    for (unsigned i = 0; i <= pci->count; i++) {
        struct tender_dma *dma = i == 0 ? &pci->dma : &pci->device[i - 1].dma;
        struct tender_pci_device *device = &pci->device[i == 0 ? 0 : i - 1];
        bool huge = true;
        int rc;

        if (dma->size == 0)
            continue;
        if (pci->count > 0 && pci_dma_is_physical(device->access))
            rc = take_physical(device, dma, error);
        else
            rc = tender_dma_alloc(dma, &huge, error);
        if (rc < 0)
            return rc;
        pages[huge] += dma->size / TENDER_HUGEPAGE;
    }
    if (pages[0] > 0)
        warn(pages[0], pages[1]);
    return 0;
}

void tender_dma_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        tender_debug("RLIMIT_MEMLOCK is raised to its hard limit of %llu KiB",
                     (unsigned long long)limit.rlim_max >> 10);
}
