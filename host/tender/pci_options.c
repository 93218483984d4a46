// SPDX-License-Identifier: ISC
/* Which PCI devices a unikernel wants (its manifest) and gets (the --pci: options). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/pci/pci_sysfs.h"
#include "host/tender/pci_parts.h"

static void add_device(struct tender_pci *pci, const struct mft_entry *entry, unsigned handle)
{
    struct tender_pci_device *device = &pci->device[pci->count];

    memcpy(device->name, entry->name, sizeof(device->name));
    device->handle = handle;
    device->index = pci->count++;
    device->want = entry->u.pci_basic;
    device->irq_fd = -1;
}

int tender_pci_init(struct tender_pci *pci, const struct mft *mft, struct tender_error *error)
{
    memset(pci, 0, sizeof(*pci));
    for (unsigned i = 1; i < mft->entries; i++) {
        const struct mft_entry *entry = &mft->e[i];

        if (entry->type == MFT_PCI_BASIC)
            add_device(pci, entry, i);
        else if (entry->type == MFT_DMA_BASIC &&
                 __builtin_add_overflow(pci->dma_wanted, entry->u.dma_basic.size, &pci->dma_wanted))
            return tender_fail(error, -EINVAL,
                               "the manifest's DMA memory has no size that a number can hold");
    }
    return 0;
}

static struct tender_pci_device *by_name(struct tender_pci *pci, const char *name, size_t length)
{
    for (unsigned i = 0; i < pci->count; i++) {
        const char *candidate = pci->device[i].name;

        if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
            return &pci->device[i];
    }
    return NULL;
}

#define WITHOUT_IOMMU "sysfs:"

bool tender_pci_is_without_iommu(const char *where)
{
    return strncmp(where, WITHOUT_IOMMU, strlen(WITHOUT_IOMMU)) == 0;
}

/* Whether both are the same device, however it is spelled. */
static bool is_same(const char *where, const char *other)
{
    char address[PCI_ADDRESS_SIZE], other_address[PCI_ADDRESS_SIZE];

    if (strcmp(where, other) == 0)
        return true;
    where += tender_pci_is_without_iommu(where) ? strlen(WITHOUT_IOMMU) : 0;
    other += tender_pci_is_without_iommu(other) ? strlen(WITHOUT_IOMMU) : 0;
    return pci_sysfs_address(PCI_SYSFS_ROOT, where, address) == 0 &&
           pci_sysfs_address(PCI_SYSFS_ROOT, other, other_address) == 0 &&
           strcmp(address, other_address) == 0;
}

static const struct tender_pci_device *by_where(const struct tender_pci *pci, const char *where)
{
    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->device[i].where != NULL && is_same(pci->device[i].where, where))
            return &pci->device[i];
    }
    return NULL;
}

static int check_where(const struct tender_pci *pci, const char *value, const char *where,
                       struct tender_error *error)
{
    const struct tender_pci_device *other = by_where(pci, where);

    if (other != NULL)
        return tender_fail(error, -EINVAL, "--pci:%s: this one is device \"%s\" already", value,
                           other->name);
    if (tender_pci_is_without_iommu(where) && !pci->may_be_physical)
        return tender_fail(error, -EINVAL,
                           "--pci:%s: only a unikernel for native can have a device without an "
                           "IOMMU: addresses here are not those of physical memory; bind the "
                           "device to vfio-pci and leave out \"" WITHOUT_IOMMU "\"",
                           value);
    return 0;
}

int tender_pci_option(struct tender_pci *pci, const char *value, struct tender_error *error)
{
    const char *equals = strchr(value, '=');
    struct tender_pci_device *device;
    int rc;

    if (equals == NULL || equals == value || equals[1] == '\0')
        return tender_fail(error, -EINVAL, "--pci:%s: this is not of the form --pci:NAME=WHERE",
                           value);
    device = by_name(pci, value, (size_t)(equals - value));
    if (device == NULL)
        return tender_fail(error, -EINVAL,
                           "--pci:%s: the manifest declares no PCI device of this name", value);
    if (device->where != NULL)
        return tender_fail(error, -EINVAL, "--pci:%s: device \"%s\" is attached already, to %s",
                           value, device->name, device->where);
    rc = check_where(pci, value, equals + 1, error);
    if (rc < 0)
        return rc;
    device->where = strdup(equals + 1);
    if (device->where == NULL)
        return tender_fail(error, -ENOMEM, "--pci:%s: no memory", value);
    return 0;
}

int tender_pci_no_reset_option(struct tender_pci *pci, const char *name, struct tender_error *error)
{
    struct tender_pci_device *device = by_name(pci, name, strlen(name));

    if (device == NULL)
        return tender_fail(error, -EINVAL,
                           "--pci-allow-no-reset:%s: the manifest declares no PCI device of this "
                           "name",
                           name);
    device->allow_no_reset = true;
    return 0;
}

int tender_pci_iommu_option(struct tender_pci *pci, const char *value, struct tender_error *error)
{
    static const struct {
        const char *name;
        enum pci_iommu iommu;
    } kinds[] = {
        {"auto", PCI_IOMMU_AUTO}, {"type1", PCI_IOMMU_TYPE1}, {"iommufd", PCI_IOMMU_IOMMUFD}};

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(value, kinds[i].name) != 0)
            continue;
        pci->options.iommu = kinds[i].iommu;
        return 0;
    }
    return tender_fail(error, -EINVAL, "Malformed argument to --iommu: '%s' (auto, type1, iommufd)",
                       value);
}
