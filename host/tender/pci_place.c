// SPDX-License-Identifier: ISC
/* Where BARs and DMA windows lie: all of the layout of one unikernel's devices. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/layout.h"
#include "host/tender/layout.h"
#include "host/tender/log.h"
#include "host/tender/pci_iova.h"
#include "host/tender/pci_parts.h"

/* Guests of hvt have RAM below 4 GiB, and the tender its tables right behind it. */
#define FLOOR (8ull << 30)

#define ITEMS_MAX (7 * (MFT_MAX_ENTRIES - 1) + 1)

/* Another thread may map memory between our look and our reservation. */
#define ATTEMPTS 8

/* What needs an address, and where to put that. */
struct wishes {
    unsigned count;
    struct layout_item item[ITEMS_MAX];
    uint64_t *result[ITEMS_MAX];
    struct tender_iova iova[MFT_MAX_ENTRIES]; /* of the shared window, then of each device's */
};

static uint64_t page_up(uint64_t size)
{
    return (size + TENDER_PAGE - 1) & ~(TENDER_PAGE - 1);
}

/* The smallest power of two that is not below `size`, which is not above 2^63. */
static uint64_t natural(uint64_t size)
{
    return size <= 1 ? 1 : 1ull << (64 - __builtin_clzll(size - 1));
}

static void wish(struct wishes *wishes, uint64_t size, uint64_t align, uint64_t preferred,
                 uint64_t *result)
{
    wishes->result[wishes->count] = result;
    wishes->item[wishes->count++] =
        (struct layout_item){.size = size, .align = align, .preferred = preferred};
}

static void wish_bars(struct wishes *wishes, struct tender_pci_device *device)
{
    for (unsigned i = 0; i < 6; i++) {
        struct tender_bar *bar = &device->bar[i];
        bool usual = device->index < PCI_WINDOW_DEVICES_MAX && bar->size <= PCI_WINDOW_BAR_STRIDE;
        uint64_t size = page_up(bar->size);

        if (bar->size != 0)
            wish(wishes, size, natural(size), usual ? pci_window_addr(device->index, i) : 0,
                 &bar->addr);
    }
}

/* Large pages of both sizes can be used for a window of such an alignment. */
static uint64_t dma_align(uint64_t size)
{
    uint64_t align = natural(size);

    return align < (1ull << 30) ? align : 1ull << 30;
}

/* For the device, the same address: its IOMMU has to take it. */
static void wish_dma(struct wishes *wishes, struct tender_dma *dma, uint64_t preferred,
                     const struct tender_iova *iova)
{
    struct layout_item *item = &wishes->item[wishes->count];

    if (dma->size == 0)
        return;
    wish(wishes, dma->size, dma_align(dma->size), dma->size <= DMA_OWN_STRIDE ? preferred : 0,
         &dma->addr);
    if (iova->anywhere)
        return;
    item->within = iova->range;
    item->within_count = iova->count;
}

static int ask_iommus(struct tender_pci *pci, struct wishes *wishes, struct tender_error *error)
{
    int rc = 0;

    tender_iova_init(&wishes->iova[0]);
    for (unsigned i = 0; rc == 0 && i < pci->count; i++) {
        struct tender_pci_device *device = &pci->device[i];

        tender_iova_init(&wishes->iova[i + 1]);
        if (device->dma.size != 0)
            rc = tender_iova_restrict(&wishes->iova[i + 1], device, error);
        if (rc == 0 && pci->dma.size != 0)
            rc = tender_iova_restrict(&wishes->iova[0], device, error);
    }
    return rc;
}

static void collect(struct tender_pci *pci, struct wishes *wishes)
{
    wishes->count = 0;
    wish_dma(wishes, &pci->dma, DMA_SHARED_BASE, &wishes->iova[0]);
    for (unsigned i = 0; i < pci->count; i++) {
        wish_bars(wishes, &pci->device[i]);
        wish_dma(wishes, &pci->device[i].dma, dma_window_addr(pci->device[i].index),
                 &wishes->iova[i + 1]);
    }
}

static void settle(const struct wishes *wishes)
{
    for (unsigned i = 0; i < wishes->count; i++) {
        const struct layout_item *item = &wishes->item[i];

        *wishes->result[i] = item->addr;
        if (item->addr != item->preferred)
            tender_debug("0x%llx bytes of a BAR or of DMA memory lie at 0x%llx: their default "
                         "address cannot be had",
                         (unsigned long long)item->size, (unsigned long long)item->addr);
    }
}

/* ---- when there is no room ---- */

/* Whether a window would have none if it were alone; if so, why. `whose` is NULL for the shared
 * one. */
static bool has_no_iova(const struct wishes *wishes, const struct tender_dma *dma,
                        const struct tender_iova *iova, const struct tender_space *space,
                        const struct tender_pci_device *whose, struct tender_error *error)
{
    const struct layout_space empty = {.floor = FLOOR, .limit = space->limit};
    char ranges[300];

    for (unsigned i = 0; i < wishes->count; i++) {
        struct layout_item alone = wishes->item[i];

        if (wishes->result[i] != &dma->addr || alone.within == NULL ||
            layout_place(&alone, 1, &empty) == 0)
            continue;
        tender_iova_spell(iova, ranges, sizeof(ranges));
        tender_fail(error, -ENOSPC,
                    "%s%s%s%s%s: no room for 0x%llx bytes of DMA memory between 0x%llx and 0x%llx: "
                    "the IOMMU takes %s%s",
                    whose ? "device \"" : "the DMA memory that all devices share",
                    whose ? whose->name : "", whose ? "\" (" : "", whose ? whose->where : "",
                    whose ? ")" : "", (unsigned long long)alone.size, (unsigned long long)FLOOR,
                    (unsigned long long)space->limit - 1, ranges, whose ? "" : " for all of them");
        return true;
    }
    return false;
}

static int no_room(const struct tender_pci *pci, const struct wishes *wishes,
                   const struct tender_space *space, int rc, struct tender_error *error)
{
    if (has_no_iova(wishes, &pci->dma, &wishes->iova[0], space, NULL, error))
        return rc;
    for (unsigned i = 0; i < pci->count; i++) {
        const struct tender_pci_device *device = &pci->device[i];

        if (has_no_iova(wishes, &device->dma, &wishes->iova[i + 1], space, device, error))
            return rc;
    }
    return tender_fail(error, rc,
                       "the BARs and DMA memory of all devices find no place below 0x%llx: %s",
                       (unsigned long long)space->limit, strerror(-rc));
}

/* ---- in this process ---- */

/* All that is mapped here: ranges of our own, to be freed. */
static int look_around(struct layout_range **taken, unsigned *count)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long long start, end;
    unsigned room = 0;
    int rc = maps != NULL ? 0 : -errno;

    *taken = NULL;
    *count = 0;
    while (rc == 0 && fscanf(maps, "%llx-%llx%*[^\n]", &start, &end) == 2) {
        if (*count == room) {
            struct layout_range *grown;

            room = room * 2 + 64;
            grown = realloc(*taken, room * sizeof(*grown));
            if (grown == NULL) {
                rc = -ENOMEM;
                break;
            }
            *taken = grown;
        }
        (*taken)[(*count)++] = (struct layout_range){.addr = start, .size = end - start};
    }
    if (maps != NULL)
        fclose(maps);
    return rc;
}

static void *pointer(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

/* False: something is there, and nothing was reserved. */
static bool reserve(const struct layout_item *item)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *got = mmap(pointer(item->addr), item->size, PROT_NONE, flags, -1, 0);

    if (got == MAP_FAILED)
        return false;
    if (got == pointer(item->addr))
        return true;
    munmap(got, item->size); /* a kernel before 4.17, to which the address is a hint */
    return false;
}

static bool reserve_all(const struct wishes *wishes)
{
    for (unsigned i = 0; i < wishes->count; i++) {
        if (reserve(&wishes->item[i]))
            continue;
        while (i-- > 0)
            munmap(pointer(wishes->item[i].addr), wishes->item[i].size);
        return false;
    }
    return true;
}

static int place_here(struct wishes *wishes, const struct tender_space *space)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct layout_space free_space = {.floor = FLOOR, .limit = space->limit};
        struct layout_range *taken;
        int rc = look_around(&taken, &free_space.taken_count);

        free_space.taken = taken;
        if (rc == 0)
            rc = layout_place(wishes->item, wishes->count, &free_space);
        free(taken);
        if (rc < 0)
            return rc;
        if (reserve_all(wishes))
            return 0;
    }
    return -ENOSPC;
}

static void mark_dma(struct tender_dma *dma)
{
    dma->host = dma->size != 0 ? pointer(dma->addr) : NULL;
    dma->fd = -1;
}

static void mark_reserved(struct tender_pci *pci)
{
    mark_dma(&pci->dma);
    for (unsigned i = 0; i < pci->count; i++) {
        mark_dma(&pci->device[i].dma);
        for (unsigned b = 0; b < 6; b++)
            pci->device[i].bar[b].reserved = pci->device[i].bar[b].size != 0;
    }
}

static int place(struct tender_pci *pci, struct wishes *wishes, const struct tender_space *space,
                 struct tender_error *error)
{
    const struct layout_space guest = {.floor = FLOOR, .limit = space->limit};
    int rc = ask_iommus(pci, wishes, error);

    if (rc < 0)
        return rc;
    collect(pci, wishes);
    rc = space->in_process ? place_here(wishes, space)
                           : layout_place(wishes->item, wishes->count, &guest);
    if (rc < 0)
        return no_room(pci, wishes, space, rc, error);
    settle(wishes);
    if (space->in_process)
        mark_reserved(pci);
    pci->dma.iova = pci->dma.addr;
    for (unsigned i = 0; i < pci->count; i++)
        pci->device[i].dma.iova = pci->device[i].dma.addr;
    return 0;
}

int tender_pci_place(struct tender_pci *pci, const struct tender_space *space,
                     struct tender_error *error)
{
    struct wishes *wishes = malloc(sizeof(*wishes));
    int rc = wishes != NULL ? place(pci, wishes, space, error)
                            : tender_fail(error, -ENOMEM, "no memory");

    free(wishes);
    return rc;
}

void tender_pci_unplace(struct tender_pci *pci)
{
    for (unsigned i = 0; i < pci->count; i++) {
        for (unsigned b = 0; b < 6; b++) {
            struct tender_bar *bar = &pci->device[i].bar[b];

            if (bar->reserved)
                munmap(pointer(bar->addr), page_up(bar->size));
            bar->reserved = false;
        }
    }
}
