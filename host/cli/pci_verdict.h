// SPDX-License-Identifier: ISC
/*
 * Could a unikernel have a PCI device of this machine, through the kernel's VFIO?
 */
#ifndef PENSTOCK_CLI_PCI_VERDICT_H
#define PENSTOCK_CLI_PCI_VERDICT_H

#include "host/cli/pci_host.h"

struct pci_verdict {
    bool possible; /* as it is, or after `penstock pci bind` */
    bool bound;    /* to VFIO */
    bool viable;   /* its IOMMU group is, or will be once the device is bound */
    bool in_use;   /* by this machine: bind wants --force */
    char use[PCI_REASON_SIZE];
    /* Possible: what is to be known ("no reset", ...), or "". Else why not. */
    char reason[PCI_REASON_SIZE];
};

void pci_judge(const struct pci_host *host, const struct pci_sysfs_device *device,
               struct pci_verdict *verdict);

/*
 * Those of its group's other members that keep the group from VFIO, "0000:04:02.0 (e1000e)" with
 * commas between; returns how many.
 */
unsigned pci_group_others(const struct pci_host *host, const struct pci_sysfs_device *device,
                          bool with_drivers, char *text, size_t size);

/* VFIO's stand-in for an IOMMU (enable_unsafe_noiommu_mode) gives devices a group as well. */
bool pci_group_is_real(const struct pci_host *host, int group);

#endif
