// SPDX-License-Identifier: ISC
/*
 * Whether this machine uses a PCI device in a way that taking it away would hurt.
 */
#ifndef PENSTOCK_CLI_PCI_USE_H
#define PENSTOCK_CLI_PCI_USE_H

#include "host/cli/pci_host.h"

/*
 * In use are: a network card with an address or a route, also on a VLAN or the like above it; one
 * that is up in a bond or bridge; one whose interface is in another network namespace; a disk that
 * is mounted, swapped to, part of a btrfs, or held by dm or md; a device with virtual functions.
 * With `claim` (as root) also a disk that something else holds for itself alone (O_EXCL), which is
 * asked by trying to. `reason` is a clause such as "eth0 has the address 192.0.2.1".
 */
bool pci_in_use(const struct pci_host *host, const struct pci_sysfs_device *device, bool claim,
                char reason[PCI_REASON_SIZE]);

/* Its parts: `path` is the device's real folder in sysfs. */
bool pci_net_in_use(const struct pci_host *host, const char *path, char reason[PCI_REASON_SIZE]);
bool pci_disk_in_use(const struct pci_host *host, const char *path, bool claim,
                     char reason[PCI_REASON_SIZE]);

/* Does `file`, a link such as ROOT/class/net/eth0, lead to somewhere below the folder `path`? */
bool pci_leads_below(const char *file, const char *path);

/* Processes that hold the device's group or its own file of VFIO; 0: nobody that we may see. Writes
 * "penstock-hvt (process 123)" of the first. */
bool pci_vfio_held(const struct pci_host *host, const struct pci_sysfs_device *device,
                   char reason[PCI_REASON_SIZE]);

#endif
