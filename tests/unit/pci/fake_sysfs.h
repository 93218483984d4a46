// SPDX-License-Identifier: ISC
/*
 * A host with one device that may be had without an IOMMU: a folder that stands for /sys, one that
 * stands for a hugetlbfs, and pages whose physical addresses the test says.
 */
#ifndef PENSTOCK_FAKE_SYSFS_H
#define PENSTOCK_FAKE_SYSFS_H

#include <stddef.h>
#include <stdint.h>

#include "host/pci/sysfs.h"
#include "tests/unit/pci/fake_tree.h"

#define FAKE_NIC "0000:03:00.0"

struct fake_sysfs {
    struct fake_tree tree;
    struct sysfs_host host;
    struct pci_options options; /* unsafe_no_iommu */
    char mounts[128];
    char memory[128]; /* the folder of the hugetlbfs */
};

/*
 * The pages of 2 MiB that are free: their numbers (physical address / 2 MiB), in the order in which
 * they are taken. A page keeps its address. `code`: what asking for an address says, if not 0.
 */
struct fake_memory {
    unsigned frames[64];
    unsigned count;
    unsigned taken;
    int code;
};

extern struct fake_memory fake_memory;

/* Ends with a 0. */
void fake_memory_free(const unsigned *frames);

/* For cmocka: *state is a struct fake_sysfs. */
int fake_sysfs_make(void **state);
int fake_sysfs_remove(void **state);

/* What pci_open does, on this host. */
int fake_sysfs_open(struct fake_sysfs *fake, struct pci_access **dev, struct pci_error *error);

/* The same where it must succeed. */
struct pci_access *fake_sysfs_opened(struct fake_sysfs *fake);

/* Text of one of the device's files. */
void fake_sysfs_read(const struct fake_sysfs *fake, const char *file, char *text, size_t size);

/* How many files there are in the hugetlbfs. */
unsigned fake_sysfs_files(const struct fake_sysfs *fake);

#endif
