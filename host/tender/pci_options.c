// SPDX-License-Identifier: ISC
/* Which PCI devices a unikernel wants (its manifest) and gets (the --pci: options). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static const struct tender_pci_device *by_where(const struct tender_pci *pci, const char *where)
{
    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->device[i].where != NULL && strcmp(pci->device[i].where, where) == 0)
            return &pci->device[i];
    }
    return NULL;
}

int tender_pci_option(struct tender_pci *pci, const char *value, struct tender_error *error)
{
    const char *equals = strchr(value, '=');
    const struct tender_pci_device *other;
    struct tender_pci_device *device;

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
    other = by_where(pci, equals + 1);
    if (other != NULL)
        return tender_fail(error, -EINVAL, "--pci:%s: this one is device \"%s\" already", value,
                           other->name);
    device->where = strdup(equals + 1);
    if (device->where == NULL)
        return tender_fail(error, -ENOMEM, "--pci:%s: no memory", value);
    return 0;
}
