// SPDX-License-Identifier: ISC
/*
 * Gives devices of this machine to vfio-pci, and back.
 */
#ifndef PENSTOCK_CLI_PCI_BIND_H
#define PENSTOCK_CLI_PCI_BIND_H

#include <stdio.h>

#include "host/cli/pci_host.h"
#include "host/cli/pci_record.h"

/* A device whose driver is to change. */
struct pci_move {
    struct pci_sysfs_device device; /* as it was found */
    struct pci_record record;       /* what it has, or is to have, without us */
    bool recorded;                  /* there is a file of it */
    bool moved;                     /* something was changed */
};

/* The devices of `names` (at least one), each only once. *moves is to be freed. */
int pci_moves_read(const struct pci_host *host, char **names, unsigned count,
                   struct pci_move **moves, struct tender_error *error);

/*
 * All devices or none: what fails half-way is taken back. -EBUSY: a device is in use (see
 * pci_in_use), unless `force`. Says on `out` what was done.
 */
int pci_cmd_bind(FILE *out, const struct pci_host *host, char **names, unsigned count, bool force,
                 struct tender_error *error);

/*
 * Gives devices the driver and the driver_override that they had; without a record the kernel
 * chooses the driver. -EBUSY: a process has the device. Nothing is changed if one of them is not
 * to be had; where the kernel fails later, the others are still given back.
 */
int pci_cmd_unbind(FILE *out, const struct pci_host *host, char **names, unsigned count,
                   struct tender_error *error);

/* The way back for one device, from wherever the way there ended. Its record is dropped if it
 * succeeds. */
int pci_give_back(const struct pci_host *host, struct pci_move *move, struct tender_error *error);

/* Writes text to a file of the device's. */
int pci_device_write(const struct pci_host *host, const char *address, const char *file,
                     const char *text);

/* "penstock pci bind" for people who are not root: one message. */
int pci_may_write(const struct pci_host *host, const struct pci_move *moves, unsigned count,
                  struct tender_error *error);

#endif
