// SPDX-License-Identifier: ISC
/* Opens a unikernel's PCI devices and compares them with its manifest. Nothing is changed on them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/tender/pci_parts.h"

#define IDENTITY_SIZE 64
#define BAR_SIZE_MAX  (1ull << 46)

static void spell(const struct pci_identity *id, char text[IDENTITY_SIZE])
{
    snprintf(text, IDENTITY_SIZE, "%04x:%04x class %02x%02x%02x", id->vendor, id->device,
             id->class_code, id->subclass, id->progif);
}

static int check_identity(struct tender_pci_device *device, struct tender_error *error)
{
    const struct pci_identity *is = &device->identity;
    const struct pci_identity wanted = {
        .vendor = device->want.vendor,
        .device = device->want.device,
        .class_code = device->want.class_code,
        .subclass = device->want.subclass,
        .progif = device->want.progif,
    };
    char wanted_text[IDENTITY_SIZE], is_text[IDENTITY_SIZE];

    if (is->vendor == wanted.vendor && is->device == wanted.device &&
        is->class_code == wanted.class_code && is->subclass == wanted.subclass &&
        is->progif == wanted.progif)
        return 0;
    spell(&wanted, wanted_text);
    spell(is, is_text);
    return tender_fail(error, -ENODEV, "%s (%s): manifest wants %s, device is %s", device->name,
                       device->where, wanted_text, is_text);
}

static int check_bars(struct tender_pci_device *device, struct tender_error *error)
{
    struct pci_error why;

    for (unsigned i = 0; i < 6; i++) {
        struct pci_bar bar;
        int rc;

        if (!(device->want.flags & MFT_PCI_MAP_BAR(i)))
            continue;
        rc = pci_bar_look(device->access, i, &bar, &why);
        if (rc < 0)
            return tender_pci_refused(device, rc, &why, error);
        if (bar.size == 0)
            return tender_pci_fail(error, -ENODEV, device,
                                   "the manifest maps BAR%u, the device has none", i);
        if (bar.io_port)
            return tender_pci_fail(error, -ENODEV, device,
                                   "the manifest maps BAR%u, which is in I/O space", i);
        if (bar.size > BAR_SIZE_MAX)
            return tender_pci_fail(error, -ENODEV, device, "BAR%u is too large: 0x%llx bytes", i,
                                   (unsigned long long)bar.size);
        device->bar[i].size = bar.size;
    }
    return 0;
}

int tender_pci_refused(const struct tender_pci_device *device, int code,
                       const struct pci_error *why, struct tender_error *error)
{
    if (code == -EPERM && !device->allow_no_reset)
        return tender_fail(error, code,
                           "device \"%s\": %s; --pci-allow-no-reset:%s takes it as it is",
                           device->name, why->text, device->name);
    return tender_fail(error, code, "device \"%s\": %s", device->name, why->text);
}

static int open_device(const struct tender_pci *pci, struct tender_pci_device *device,
                       struct tender_error *error)
{
    struct pci_options options = pci->options;
    struct pci_error why;
    int rc;

    if (tender_pci_is_without_iommu(device->where) && !options.unsafe_no_iommu)
        return tender_pci_fail(error, -EPERM, device,
                               "without an IOMMU it, and so the unikernel, can read and write all "
                               "of this machine's memory; %s allows that",
                               "--unsafe-no-iommu");
    options.allow_no_reset = device->allow_no_reset;
    options.beside = device->index > 0 ? pci->device[device->index - 1].access : NULL;
    rc = pci_open(device->where, &options, &device->access, &why);
    if (rc == 0)
        rc = pci_identify(device->access, &device->identity, &why);
    if (rc < 0)
        return tender_pci_refused(device, rc, &why, error);
    return check_identity(device, error);
}

/* A region that all share cannot have both kinds of addresses. */
static int check_kinds(const struct tender_pci *pci, struct tender_error *error)
{
    const struct tender_pci_device *first = &pci->device[0];

    for (unsigned i = 1; i < pci->count; i++) {
        const struct tender_pci_device *device = &pci->device[i];

        if (pci_dma_is_physical(device->access) != pci_dma_is_physical(first->access))
            return tender_pci_fail(error, -EINVAL, device,
                                   "it cannot be in one unikernel with \"%s\" (%s): one has an "
                                   "IOMMU and the other has none, which would give both all of "
                                   "this machine's memory",
                                   first->name, first->where);
    }
    return 0;
}

int tender_pci_open(struct tender_pci *pci, struct tender_error *error)
{
    int rc;

    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->device[i].where == NULL)
            return tender_fail(error, -ENODEV,
                               "device \"%s\" is declared in the manifest but was not attached: "
                               "add --pci:%s=WHERE",
                               pci->device[i].name, pci->device[i].name);
    }
    rc = tender_dma_plan(pci, error);
    for (unsigned i = 0; rc == 0 && i < pci->count; i++)
        rc = open_device(pci, &pci->device[i], error);
    if (rc == 0)
        rc = check_kinds(pci, error);
    /* For which the kernel's VFIO has to reset them. */
    for (unsigned i = 0; rc == 0 && i < pci->count; i++)
        rc = check_bars(&pci->device[i], error);
    if (rc < 0)
        tender_pci_stop(pci);
    return rc;
}
