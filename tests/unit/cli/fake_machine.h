// SPDX-License-Identifier: ISC
/*
 * A machine in a temporary folder, with as much of a kernel as changing drivers needs.
 */
#ifndef PENSTOCK_FAKE_MACHINE_H
#define PENSTOCK_FAKE_MACHINE_H

#include "host/cli/pci_host.h"
#include "tests/unit/pci/fake_tree.h"

struct fake_machine {
    struct fake_tree tree; /* sys/, proc/, dev/, run/, modules/ */
    struct fake_tree sys;  /* its sys/ */
    struct pci_host host;
    char places[5][96];
    const char *ids[2];

    const char *chosen;            /* the driver that the kernel finds for a device; NULL: none */
    const char *addressed;         /* the interface that has an address */
    bool loadable;                 /* modprobe finds vfio-pci */
    unsigned writes;               /* so far */
    unsigned fails_from, fails_to; /* writes that fail, counted from 1; 0: none */
    int failure;                   /* how */
};

/* For cmocka: *state is the machine. */
int fake_machine_make(void **state);
int fake_machine_remove(void **state);

/* A device with a driver ("" for none) and an IOMMU group of its own. */
void fake_machine_device(struct fake_machine *machine, const char *address, const char *driver,
                         int group);

/* Something of a driver's (net/eth0) below the device, and the link to it in class/ (net, block).
 */
void fake_machine_class(struct fake_machine *machine, const char *address, const char *kind,
                        const char *name);

#endif
