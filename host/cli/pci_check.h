// SPDX-License-Identifier: ISC
/*
 * What passthrough needs on this machine, and whether it is there.
 */
#ifndef PENSTOCK_CLI_PCI_CHECK_H
#define PENSTOCK_CLI_PCI_CHECK_H

#include <stdint.h>
#include <stdio.h>

#include "host/cli/pci_host.h"

#define PCI_CHECKS_MAX 24

enum pci_check_status {
    PCI_CHECK_OK,
    PCI_CHECK_NOTE,    /* works without, but not as well, or not everything */
    PCI_CHECK_MISSING, /* no device can be passed through */
};

struct pci_check {
    const char *name;
    enum pci_check_status status;
    char text[PCI_REASON_SIZE]; /* what there is */
    char fix[PCI_REASON_SIZE];  /* a command, or what else to do; "" if OK */
};

struct pci_checks {
    struct pci_check check[PCI_CHECKS_MAX];
    unsigned count;
};

/* Adds one and returns it. The fix is static text, or set later. */
struct pci_check *pci_check_add(struct pci_checks *checks, const char *name,
                                enum pci_check_status status, const char *fix, const char *format,
                                ...) __attribute__((format(printf, 5, 6)));

void pci_check_machine(const struct pci_host *host, struct pci_checks *checks);
void pci_check_device(const struct pci_host *host, const struct pci_sysfs_device *device,
                      struct pci_checks *checks);

/* `device` is an address, or NULL for the machine alone. */
void pci_check_text(FILE *out, const struct pci_checks *checks);
void pci_check_json(FILE *out, const struct pci_checks *checks, const char *device);

/* Prints the checks of the machine, and of the device `name` unless that is NULL. 1: something is
 * missing. */
int pci_cmd_check(FILE *out, const struct pci_host *host, const char *name, bool json,
                  struct tender_error *error);

#endif
