// SPDX-License-Identifier: ISC
/* What a guest learns of its PCI devices, and what it may ask of them. */
#include <errno.h>
#include <string.h>

#include "host/tender/pci_parts.h"

static struct hvt_ext_dma describe_dma(const struct tender_dma *dma)
{
    if (dma->size == 0)
        return (struct hvt_ext_dma){0};
    return (struct hvt_ext_dma){.addr = dma->addr, .iova = dma->iova, .size = dma->size};
}

static void describe_bar(const struct tender_bar *bar, struct hvt_ext_bar *ext)
{
    if (bar->size == 0)
        return;
    ext->addr = bar->addr;
    ext->size = bar->size;
    ext->ranges_count = bar->ranges_count;
    for (unsigned i = 0; i < bar->ranges_count; i++) {
        ext->ranges[i].offset = bar->ranges[i].offset;
        ext->ranges[i].size = bar->ranges[i].size;
    }
}

static void describe_device(const struct tender_pci_device *device, struct hvt_ext_pci *ext)
{
    *ext = (struct hvt_ext_pci){
        .handle = device->handle,
        .vendor = device->identity.vendor,
        .device = device->identity.device,
        .class_code = device->identity.class_code,
        .subclass = device->identity.subclass,
        .progif = device->identity.progif,
        .bus_master = (device->want.flags & MFT_PCI_BUS_MASTER) != 0,
        .irq_vectors = device->irq_vectors,
        .dma = describe_dma(&device->dma),
    };
    for (unsigned i = 0; i < 6; i++)
        describe_bar(&device->bar[i], &ext->bar[i]);
}

void tender_pci_describe(const struct tender_pci *pci, struct hvt_ext *ext)
{
    memset(ext, 0, HVT_EXT_SIZE(pci->count));
    ext->magic = HVT_EXT_MAGIC;
    ext->version = HVT_EXT_VERSION;
    ext->size = (uint32_t)HVT_EXT_SIZE(pci->count);
    ext->pci_count = pci->count;
    ext->pci_entry_size = sizeof(struct hvt_ext_pci);
    ext->dma = describe_dma(&pci->dma);
    for (unsigned i = 0; i < pci->count; i++)
        describe_device(&pci->device[i], &ext->pci[i]);
}

struct tender_pci_device *tender_pci_find(struct tender_pci *pci, uint64_t handle)
{
    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->device[i].handle == handle && pci->device[i].access != NULL)
            return &pci->device[i];
    }
    return NULL;
}

static bool is_lost(const struct tender_pci_device *device)
{
    return atomic_load(&device->lost);
}

/* The library checks the rest: alignment and bounds are -EINVAL there too. */
static int result(int rc)
{
    if (rc == 0)
        return HVT_R_OK;
    return rc == -EINVAL ? HVT_R_EINVAL : HVT_R_EUNSPEC;
}

int tender_pci_config_read(struct tender_pci *pci, struct hvt_pci_config_read *request)
{
    struct tender_pci_device *device = tender_pci_find(pci, request->handle);

    request->ret = HVT_R_EINVAL;
    if (device != NULL && is_lost(device))
        request->ret = HVT_R_EUNSPEC;
    else if (device != NULL && request->size <= sizeof(uint32_t))
        request->ret = result(pci_region_read(device->access, PCI_REGION_CONFIG, request->offset,
                                              request->size, &request->value));
    return request->ret;
}

/* The device of a request to a BAR that its manifest asked for, or NULL. */
static struct tender_pci_device *target(struct tender_pci *pci,
                                        const struct hvt_pci_region_access *request)
{
    struct tender_pci_device *device = tender_pci_find(pci, request->handle);

    if (device == NULL || request->bar >= 6 || device->bar[request->bar].size == 0)
        return NULL;
    return device;
}

int tender_pci_region_read(struct tender_pci *pci, struct hvt_pci_region_access *request)
{
    struct tender_pci_device *device = target(pci, request);

    request->ret = HVT_R_EINVAL;
    if (device != NULL && is_lost(device))
        request->ret = HVT_R_EUNSPEC;
    else if (device != NULL)
        request->ret = result(pci_region_read(device->access, request->bar, request->offset,
                                              request->size, &request->value));
    return request->ret;
}

int tender_pci_region_write(struct tender_pci *pci, struct hvt_pci_region_access *request)
{
    struct tender_pci_device *device = target(pci, request);

    request->ret = HVT_R_EINVAL;
    if (device != NULL && is_lost(device))
        request->ret = HVT_R_EUNSPEC;
    else if (device != NULL)
        request->ret = result(pci_region_write(device->access, request->bar, request->offset,
                                               request->size, request->value));
    return request->ret;
}
