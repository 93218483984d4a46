// SPDX-License-Identifier: ISC
/* From devices that are open and checked to devices that run, bus mastering last; and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/tender/log.h"
#include "host/tender/pci_parts.h"

static int reset(struct tender_pci_device *device, struct tender_error *error)
{
    struct pci_error why;
    int rc = pci_reset(device->access, &why);

    return rc < 0 ? tender_pci_refused(device, rc, &why, error) : 0;
}

/* ---- DMA memory ---- */

static int share(struct tender_pci_device *device, const struct tender_dma *dma,
                 struct tender_error *error)
{
    struct pci_error why;
    int rc;

    if (dma->size == 0 || !(device->want.flags & MFT_PCI_BUS_MASTER) ||
        pci_dma_is_physical(device->access))
        return 0;
    rc = pci_dma_map(device->access, dma->fd, 0, dma->host, dma->iova, dma->size, &why);
    return rc < 0 ? tender_pci_refused(device, rc, &why, error) : 0;
}

static int share_all(struct tender_pci *pci, struct tender_error *error)
{
    int rc = 0;

    tender_dma_raise_limit();
    for (unsigned i = 0; rc == 0 && i < pci->count; i++) {
        rc = share(&pci->device[i], &pci->dma, error);
        if (rc == 0)
            rc = share(&pci->device[i], &pci->device[i].dma, error);
    }
    return rc;
}

/* ---- BARs ---- */

/* The largest areas that the guest can be told of, in their order. */
static unsigned choose_areas(struct pci_area *areas, unsigned count)
{
    while (count > HVT_EXT_RANGES_MAX) {
        unsigned smallest = 0;

        for (unsigned i = 1; i < count; i++) {
            if (areas[i].size < areas[smallest].size)
                smallest = i;
        }
        count--;
        memmove(&areas[smallest], &areas[smallest + 1], (count - smallest) * sizeof(*areas));
    }
    return count;
}

static int map_bar(struct tender_pci_device *device, unsigned index, struct tender_error *error)
{
    struct tender_bar *bar = &device->bar[index];
    struct pci_region region;
    struct pci_error why;
    int rc = pci_region_info(device->access, index, &region, &why);
    unsigned count;

    if (rc < 0)
        return tender_pci_refused(device, rc, &why, error);
    if (region.size != bar->size) /* which has its place by now */
        return tender_pci_fail(
            error, -EIO, device, "BAR%u has 0x%llx bytes now, and had 0x%llx when it was looked at",
            index, (unsigned long long)region.size, (unsigned long long)bar->size);
    count = choose_areas(region.areas, region.areas_count);
    if (count < region.areas_count)
        tender_debug("device \"%s\": %u parts of BAR%u that could be mapped are not", device->name,
                     region.areas_count - count, index);
    for (bar->ranges_count = 0; bar->ranges_count < count; bar->ranges_count++) {
        const struct pci_area *area = &region.areas[bar->ranges_count];
        struct tender_range *range = &bar->ranges[bar->ranges_count];
        void *at = bar->reserved ? (void *)(uintptr_t)(bar->addr + area->offset) : NULL;

        rc = pci_map(device->access, index, *area, at, &range->host, &why);
        if (rc < 0)
            return tender_pci_refused(device, rc, &why, error);
        range->offset = area->offset;
        range->size = area->size;
    }
    return 0;
}

static int map_bars(struct tender_pci_device *device, struct tender_error *error)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < 6; i++) {
        if (device->bar[i].size != 0)
            rc = map_bar(device, i, error);
    }
    return rc;
}

/* ---- all of it ---- */

static int bus_master(struct tender_pci_device *device, struct tender_error *error)
{
    struct pci_error why;
    int rc;

    device->running = true;
    rc = pci_bus_master(device->access, device->want.flags & MFT_PCI_BUS_MASTER, &why);
    return rc < 0 ? tender_pci_refused(device, rc, &why, error) : 0;
}

static int each(struct tender_pci *pci, struct tender_error *error,
                int (*step)(struct tender_pci_device *, struct tender_error *))
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < pci->count; i++)
        rc = step(&pci->device[i], error);
    return rc;
}

int tender_pci_start(struct tender_pci *pci, const struct tender_space *space,
                     struct tender_error *error)
{
    int rc = tender_pci_place(pci, space, error);

    if (rc == 0)
        rc = each(pci, error, reset);
    if (rc == 0)
        rc = tender_dma_take(pci, error);
    if (rc == 0)
        rc = share_all(pci, error);
    if (rc == 0)
        rc = each(pci, error, map_bars);
    if (rc == 0)
        rc = each(pci, error, tender_pci_irq_start);
    if (rc == 0)
        rc = each(pci, error, bus_master);
    if (rc < 0)
        tender_pci_stop(pci);
    return rc;
}

/* Of all devices, before anything else is taken from any of them: they may share memory. */
static void stop_dma(struct tender_pci *pci)
{
    atomic_store(&pci->ending, true);
    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->device[i].running)
            pci_bus_master(pci->device[i].access, false, NULL);
        pci->device[i].running = false;
    }
}

void tender_pci_quiesce(struct tender_pci *pci)
{
    stop_dma(pci);
    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->device[i].access != NULL)
            pci_irq_enable(pci->device[i].access, pci->device[i].irq_kind, 0, NULL, NULL);
    }
}

static void stop_device(struct tender_pci_device *device)
{
    pci_close(device->access);
    device->access = NULL;
    free(device->where);
    device->where = NULL;
    tender_pci_irq_stop(device);
    for (unsigned i = 0; i < 6; i++)
        device->bar[i].ranges_count = 0;
}

void tender_pci_stop(struct tender_pci *pci)
{
    tender_pci_unwatch(pci);
    stop_dma(pci);
    for (unsigned i = 0; i < pci->count; i++)
        stop_device(&pci->device[i]);
    /* No device has this memory any more. */
    for (unsigned i = 0; i < pci->count; i++)
        tender_dma_free(&pci->device[i].dma);
    tender_dma_free(&pci->dma);
    tender_pci_unplace(pci);
}
