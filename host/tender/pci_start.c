// SPDX-License-Identifier: ISC
/* From devices that are open and checked to devices that run, bus mastering last; and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/tender/log.h"
#include "host/tender/pci_parts.h"

#define VECTORS_MAX 2048u

/* The reason comes from the library, which names the place; we name the device. */
static int failed(const struct tender_pci_device *device, int code, const struct pci_error *why,
                  struct tender_error *error)
{
    return tender_fail(error, code, "device \"%s\": %s", device->name, why->text);
}

static int reset(struct tender_pci_device *device, struct tender_error *error)
{
    struct pci_error why;
    int rc = pci_reset(device->access, &why);

    return rc < 0 ? failed(device, rc, &why, error) : 0;
}

/* ---- DMA memory ---- */

static int take_memory(struct tender_pci *pci, struct tender_error *error)
{
    uint64_t small = 0;

    for (unsigned i = 0; i <= pci->count; i++) {
        struct tender_dma *dma = i == 0 ? &pci->dma : &pci->device[i - 1].dma;
        bool huge;
        int rc;

        if (dma->size == 0)
            continue;
        rc = tender_dma_alloc(dma, &huge, error);
        if (rc < 0)
            return rc;
        small += huge ? 0 : dma->size / TENDER_HUGEPAGE;
    }
    if (small > 0)
        tender_warn("too few free hugepages for the DMA memory, which is slower without; they come "
                    "with: sysctl vm.nr_hugepages=%llu (more where others use some)",
                    (unsigned long long)small);
    return 0;
}

static int share(struct tender_pci_device *device, const struct tender_dma *dma,
                 struct tender_error *error)
{
    struct pci_error why;
    int rc;

    if (dma->size == 0 || !(device->want.flags & MFT_PCI_BUS_MASTER))
        return 0;
    rc = pci_dma_map(device->access, dma->fd, 0, dma->host, dma->addr, dma->size, &why);
    return rc < 0 ? failed(device, rc, &why, error) : 0;
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
        return failed(device, rc, &why, error);
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
            return failed(device, rc, &why, error);
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

/* ---- interrupts ---- */

/* All vectors of a kind signal the one eventfd. False: the device has none, or refuses. */
static bool enable_irqs(struct tender_pci_device *device, enum pci_irq_index kind)
{
    unsigned count = pci_irq_count(device->access, kind);
    int fds[VECTORS_MAX];
    struct pci_error why;

    if (count > VECTORS_MAX)
        count = VECTORS_MAX;
    if (count == 0)
        return false;
    for (unsigned i = 0; i < count; i++)
        fds[i] = device->irq_fd;
    if (pci_irq_enable(device->access, kind, count, fds, &why) < 0) {
        tender_debug("device \"%s\": %s", device->name, why.text);
        return false;
    }
    device->irq_vectors = count;
    device->irq_kind = kind;
    return true;
}

/* The best kind that works; a device without interrupts is polled. */
static int prepare_irqs(struct tender_pci_device *device, struct tender_error *error)
{
    static const enum pci_irq_index kinds[] = {PCI_IRQ_MSIX, PCI_IRQ_MSI, PCI_IRQ_INTX};

    device->irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (device->irq_fd < 0)
        return tender_pci_fail(error, -errno, device, "no eventfd: %s", strerror(errno));
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (enable_irqs(device, kinds[i]))
            return 0;
    }
    close(device->irq_fd);
    device->irq_fd = -1;
    return 0;
}

bool tender_pci_irq_take(struct tender_pci_device *device)
{
    uint64_t count;

    if (device->irq_fd < 0 || read(device->irq_fd, &count, sizeof(count)) != sizeof(count))
        return false;
    pci_irq_unmask(device->access, device->irq_kind);
    return true;
}

/* ---- all of it ---- */

static int bus_master(struct tender_pci_device *device, struct tender_error *error)
{
    struct pci_error why;
    int rc = pci_bus_master(device->access, device->want.flags & MFT_PCI_BUS_MASTER, &why);

    return rc < 0 ? failed(device, rc, &why, error) : 0;
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
        rc = take_memory(pci, error);
    for (unsigned i = 0; rc == 0 && i < pci->count; i++) {
        rc = share(&pci->device[i], &pci->dma, error);
        if (rc == 0)
            rc = share(&pci->device[i], &pci->device[i].dma, error);
    }
    if (rc == 0)
        rc = each(pci, error, map_bars);
    if (rc == 0)
        rc = each(pci, error, prepare_irqs);
    if (rc == 0)
        rc = each(pci, error, bus_master);
    if (rc < 0)
        tender_pci_stop(pci);
    return rc;
}

void tender_pci_quiesce(struct tender_pci *pci)
{
    for (unsigned i = 0; i < pci->count; i++) {
        struct tender_pci_device *device = &pci->device[i];

        if (device->access == NULL)
            continue;
        pci_bus_master(device->access, false, NULL);
        pci_irq_enable(device->access, device->irq_kind, 0, NULL, NULL);
    }
}

static void stop_device(struct tender_pci_device *device)
{
    pci_close(device->access);
    device->access = NULL;
    free(device->where);
    device->where = NULL;
    if (device->irq_fd >= 0)
        close(device->irq_fd);
    device->irq_fd = -1;
    device->irq_vectors = 0;
    for (unsigned i = 0; i < 6; i++)
        device->bar[i].ranges_count = 0;
}

void tender_pci_stop(struct tender_pci *pci)
{
    tender_pci_unwatch(pci);
    for (unsigned i = 0; i < pci->count; i++)
        stop_device(&pci->device[i]);
    /* No device has this memory any more. */
    for (unsigned i = 0; i < pci->count; i++)
        tender_dma_free(&pci->device[i].dma);
    tender_dma_free(&pci->dma);
    tender_pci_unplace(pci);
}
