// SPDX-License-Identifier: ISC
/*
 * manifest.json (docs/abi.md): Solo5's form, and the thesis's (Figure 3.7) for PCI devices and DMA
 * memory.
 */
#ifndef PENSTOCK_CLI_MANIFEST_JSON_H
#define PENSTOCK_CLI_MANIFEST_JSON_H

#include "abi/manifest.h"
#include "host/tender/error.h"

/* What the shared DMA memory that the root's dma_size asks for is called in the manifest; it stands
 * behind the devices. */
#define MANIFEST_DMA_NAME "dma"

/*
 * Reads and checks a manifest.json ("-": standard input). *mft becomes a manifest in fresh memory
 * (free it), entry 0 included. -ENOENT ..., -EINVAL: it breaks a rule, and the message says which
 * and where.
 */
int manifest_load(const char *path, struct mft **mft, struct tender_error *error);

#endif
