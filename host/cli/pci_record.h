// SPDX-License-Identifier: ISC
/*
 * What a device had before `penstock pci bind`, kept in a file for `unbind`: HOST->records/ADDRESS.
 *
 * It is written before the first change and removed after the last, so that unbind can also finish
 * what was interrupted. The folder is in memory (/run) and so forgets with the kernel, which
 * forgets the bindings.
 */
#ifndef PENSTOCK_CLI_PCI_RECORD_H
#define PENSTOCK_CLI_PCI_RECORD_H

#include "host/cli/pci_host.h"

struct pci_record {
    uint16_t vendor; /* whose address it is: another device may have come since */
    uint16_t device;
    char driver[PCI_NAME_SIZE];   /* "": it had none */
    char override[PCI_NAME_SIZE]; /* the same */
};

/* Makes the folder, and lets no other process change bindings until it is unlocked. Returns a
 * descriptor to close. -EBUSY: another penstock has it and keeps it. */
int pci_record_lock(const struct pci_host *host, struct tender_error *error);

int pci_record_save(const struct pci_host *host, const char *address,
                    const struct pci_record *record, struct tender_error *error);

/* 1: there is one; 0: there is none, or it is of another device; -EINVAL: it makes no sense. */
int pci_record_load(const struct pci_host *host, const struct pci_sysfs_device *device,
                    struct pci_record *record, struct tender_error *error);

void pci_record_drop(const struct pci_host *host, const char *address);

#endif
