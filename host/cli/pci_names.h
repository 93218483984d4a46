// SPDX-License-Identifier: ISC
/*
 * Names of PCI vendors, devices and classes, from the list at https://pci-ids.ucw.cz (the Debian
 * package pci.ids). Without it there are no names.
 */
#ifndef PENSTOCK_CLI_PCI_NAMES_H
#define PENSTOCK_CLI_PCI_NAMES_H

#include <stddef.h>

#include "host/pci/pci_access.h"

struct pci_names {
    char *text; /* the list; NULL: none */
    size_t size;
};

#define PCI_NAME_MAX 128

/* "" where the list has none; printable, shortened to fit. */
struct pci_name {
    char vendor[PCI_NAME_MAX];
    char device[PCI_NAME_MAX];
    char class_name[PCI_NAME_MAX]; /* the subclass's, else the class's */
};

/* Reads the first of `files` (up to NULL) that can be read. */
void pci_names_open(struct pci_names *names, const char *const *files);
void pci_names_close(struct pci_names *names);

void pci_names_find(const struct pci_names *names, const struct pci_identity *identity,
                    struct pci_name *name);

#endif
