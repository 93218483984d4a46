// SPDX-License-Identifier: ISC
/*
 * What the kernel says of its PCI devices in sysfs (Documentation/ABI/testing/sysfs-bus-pci), for
 * the kernel's VFIO, for access without an IOMMU and for `penstock pci`. Reads only; opens no
 * device. All of it below a folder that stands for /sys, so that tests can bring their own.
 */
#ifndef PENSTOCK_PCI_SYSFS_H
#define PENSTOCK_PCI_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/pci/pci_access.h"

#define PCI_SYSFS_ROOT "/sys"

/* "0000:03:00.0" and its NUL; a domain may have more than four digits. */
#define PCI_ADDRESS_SIZE 24
#define PCI_NAME_SIZE    64

struct pci_sysfs_bar {
    uint64_t start; /* physical, as the kernel assigned it; 0: not assigned */
    uint64_t size;  /* bytes; 0: there is none */
    bool io_port;
    bool prefetchable;
    bool is_64bit;
};

struct pci_sysfs_device {
    char address[PCI_ADDRESS_SIZE]; /* lower case, with domain */
    struct pci_identity identity;
    uint16_t subsystem_vendor;
    uint16_t subsystem_device;
    uint8_t revision;
    bool is_bridge;                   /* to another bus */
    char driver[PCI_NAME_SIZE];       /* "": none */
    char override[PCI_NAME_SIZE];     /* driver_override; "": none */
    char reset_method[PCI_NAME_SIZE]; /* "flr", "pm bus", ... as reset_method says; "": none, or a
                                         kernel before 5.15 (reset_known) */
    bool reset_known;                 /* reset_method is there, or the file `reset` */
    /* A reset of this function alone, or of its bus where nothing else is on that: the file `reset`
     * is there, and reset_method names one that works. */
    bool has_reset;
    int group;     /* IOMMU group; -1: none */
    int numa_node; /* -1: none */
    struct pci_sysfs_bar bar[6];
};

/*
 * The full address of `where`: "0000:03:00.0", "03:00.0" (domain 0), or a folder below
 * ROOT/devices or ROOT/bus/pci/devices (with or without a slash at its end). -EINVAL: none of
 * these.
 */
int pci_sysfs_address(const char *root, const char *where, char address[PCI_ADDRESS_SIZE]);

/*
 * -ENODEV: there is no such device; -EIO: its identity or its list of BARs makes no sense. Any
 * other file that is missing or odd counts as not there.
 */
int pci_sysfs_read(const char *root, const char *address, struct pci_sysfs_device *device,
                   struct pci_error *error);

/*
 * All devices, by address; *count may be 0. *devices is the caller's, to be freed. -ENODEV: there
 * is no PCI bus.
 */
int pci_sysfs_list(const char *root, struct pci_sysfs_device **devices, unsigned *count,
                   struct pci_error *error);

/* The PCI devices of an IOMMU group, the same way. -ENODEV: there is no such group. */
int pci_sysfs_group(const char *root, int group, struct pci_sysfs_device **devices, unsigned *count,
                    struct pci_error *error);

/*
 * Whether VFIO may have a group with this member: it has no driver, one that leaves DMA to its user
 * (VFIO's, pci-stub), or is a bridge with pcieport. As of Linux 5.19 (driver_managed_dma); kernels
 * before that let a bridge have any driver.
 */
bool pci_sysfs_member_viable(const struct pci_sysfs_device *member);

#endif
