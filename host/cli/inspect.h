// SPDX-License-Identifier: ISC
/*
 * What there is to know about a unikernel before it runs.
 */
#ifndef PENSTOCK_CLI_INSPECT_H
#define PENSTOCK_CLI_INSPECT_H

#include <stdio.h>

#include "host/cli/memory_map.h"
#include "host/tender/elf.h"
#include "host/tender/notes.h"

struct inspection {
    struct elf_file elf;
    struct notes notes;
    struct memory_map map;
};

/* For people, and for programs. */
void inspect_text(FILE *out, const struct inspection *unikernel);
void inspect_json(FILE *out, const struct inspection *unikernel);

#endif
