// SPDX-License-Identifier: ISC
/*
 * The PCI devices of one unikernel as its bindings know them: the manifest (names) and the
 * extension block (what the tender mapped), on every target in the same form, and which devices
 * were acquired.
 */
#ifndef PENSTOCK_BINDINGS_PCI_INFO_H
#define PENSTOCK_BINDINGS_PCI_INFO_H

#include <solo5.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/hvt.h"
#include "abi/manifest.h"

/* Zero-initialised it stands for a target or tender without PCI: every call is EUNSPEC. */
struct pci_table {
    const struct mft *mft;
    const struct hvt_ext *ext;
    uint64_t acquired; /* bit h: handle h */
};

/*
 * Takes the manifest and the extension block, which must outlive the table and stay as they are.
 * EINVAL, and the table stays without PCI: not an extension block, of a higher version, its sizes
 * do not add up, or its devices are not those of the manifest.
 */
solo5_result_t pci_table_init(struct pci_table *table, const struct mft *mft,
                              const struct hvt_ext *ext);

/* solo5_pci_acquire and solo5_dma_acquire, as solo5.h describes them. */
solo5_result_t pci_table_acquire(struct pci_table *table, const char *name,
                                 struct solo5_pci_info *info);
solo5_result_t pci_table_dma(const struct pci_table *table, uint8_t **buffer, size_t *size);

/* May the unikernel use this handle? OK, EINVAL if it did not acquire it, EUNSPEC. The tender
 * checks the rest. */
solo5_result_t pci_table_check(const struct pci_table *table, solo5_handle_t handle);

#endif
