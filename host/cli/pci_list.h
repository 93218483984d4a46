// SPDX-License-Identifier: ISC
/*
 * What `penstock pci list` says.
 */
#ifndef PENSTOCK_CLI_PCI_LIST_H
#define PENSTOCK_CLI_PCI_LIST_H

#include <stdio.h>

#include "host/cli/pci_names.h"
#include "host/cli/pci_verdict.h"

struct pci_row {
    const struct pci_sysfs_device *device;
    struct pci_name name;
    struct pci_verdict verdict;
};

void pci_list_text(FILE *out, const struct pci_row *rows, unsigned count);
void pci_list_json(FILE *out, const struct pci_row *rows, unsigned count);

/* Prints all devices of the machine. */
int pci_cmd_list(FILE *out, const struct pci_host *host, bool json, struct tender_error *error);

#endif
