// SPDX-License-Identifier: ISC
/*
 * A manifest as C source: one object in the section of its ELF note, laid out as Solo5's
 * (abi/elf_note.h). The source needs nothing of ours to be compiled.
 */
#ifndef PENSTOCK_CLI_MANIFEST_SOURCE_H
#define PENSTOCK_CLI_MANIFEST_SOURCE_H

#include <stdio.h>

#include "abi/manifest.h"
#include "host/tender/error.h"

/* `mft` was checked. What could not be written shows in ferror(out). */
void manifest_source(FILE *out, const struct mft *mft);

/* The same to a file ("-": standard output). A negative errno if it cannot be written. */
int manifest_source_write(const char *path, const struct mft *mft, struct tender_error *error);

#endif
