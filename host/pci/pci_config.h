// SPDX-License-Identifier: ISC
/*
 * PCI configuration space, as far as access to a device needs it (PCI Local Bus Specification 3.0,
 * chapter 6). It is read from the device each time: what it says is a device's word, checked here.
 */
#ifndef PENSTOCK_PCI_CONFIG_H
#define PENSTOCK_PCI_CONFIG_H

#include "host/pci/pci_access.h"

#define PCI_CONFIG_COMMAND   0x04u
#define PCI_COMMAND_MEMORY   (1u << 1)
#define PCI_COMMAND_MASTER   (1u << 2)
#define PCI_COMMAND_INTX_OFF (1u << 10)

#define PCI_CAP_MSI  0x05u
#define PCI_CAP_MSIX 0x11u

/* Message Control, the 16 bits behind a capability's id and next pointer (6.8.1.3, 6.8.2.3). */
#define PCI_CAP_CONTROL       2u
#define PCI_MSI_ENABLE        (1u << 0)
#define PCI_MSIX_ENABLE       (1u << 15)
#define PCI_MSIX_FUNCTION_OFF (1u << 14)

/* Where the MSI-X table and pending bits lie (6.8.2): never to be mapped. */
struct pci_msix {
    unsigned vectors; /* 0: the device has no MSI-X */
    unsigned table_bar;
    uint64_t table_offset;
    uint64_t table_size;
    unsigned pba_bar;
    uint64_t pba_offset;
    uint64_t pba_size;
};

/* The first capability with this id: its offset, or 0 if there is none or the list is broken. */
int pci_config_capability(struct pci_access *dev, uint8_t id, unsigned *offset);

int pci_config_msix(struct pci_access *dev, struct pci_msix *msix);

/* Is BAR `bar`, which the device has, in I/O space? */
int pci_config_bar_is_io(struct pci_access *dev, unsigned bar, bool *io);

/* Sets and clears bits of a 16-bit register. */
int pci_config_change(struct pci_access *dev, unsigned offset, uint16_t clear, uint16_t set);

#endif
