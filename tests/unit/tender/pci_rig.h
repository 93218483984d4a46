// SPDX-License-Identifier: ISC
/* The tender's PCI module with two devices that fake servers have, for its tests. */
#ifndef PENSTOCK_TENDER_PCI_RIG_H
#define PENSTOCK_TENDER_PCI_RIG_H

#include "host/tender/module_pci.h"
#include "tests/unit/pci/fake_server.h"

struct pci_rig {
    struct fake fake[2]; /* to be changed before rig_attach */
    struct tender_pci pci;
    struct tender_error error;
};

extern struct pci_rig rig;

/* Where a unikernel of native's, and one of hvt's, has its devices. */
extern const struct tender_space rig_process, rig_machine;

/* For cmocka. The end is stopped twice, and must leave no descriptor open. */
int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

/* Runs the servers and gives the module an option for each. */
void rig_attach(void);

/* All the way from options to running devices. */
void rig_start(const struct tender_space *space);

/* How many requests that change something the server has had. */
unsigned rig_writes(const struct fake *f);

/* What a guest asks of a device. */
int rig_config_read(uint64_t handle, uint32_t offset, uint32_t size, uint64_t *value);
int rig_region_read(uint64_t handle, uint32_t bar, uint64_t offset, uint32_t size, uint64_t *value);

#endif
