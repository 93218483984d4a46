// SPDX-License-Identifier: ISC
/*
 * Manifest entries and sizes in words.
 */
#ifndef PENSTOCK_CLI_DESCRIBE_H
#define PENSTOCK_CLI_DESCRIBE_H

#include <stdio.h>

#include "abi/manifest.h"

#define DESCRIBE_MAX 192

/* "PCI_BASIC 8086:10fb, class 02.00.00, bus master, BARs 0 2, 16 MiB of DMA memory"; of a checked
 * manifest. */
void describe_entry(const struct mft_entry *entry, char text[DESCRIBE_MAX]);

/* What manifest.json says of an entry beside its name and type: `, "dma_size": 4096`, or nothing.
 */
void describe_entry_json(FILE *out, const struct mft_entry *entry);

/* "16 MiB": the largest unit that divides it. */
void describe_size(uint64_t bytes, char text[DESCRIBE_MAX]);

#endif
