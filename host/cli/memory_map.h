// SPDX-License-Identifier: ISC
/*
 * The memory map that a unikernel for hvt will see, from its executable and its manifest alone (the
 * thesis's Figure 3.9). A BAR's size is the device's to say; until then its slot is all that is
 * known.
 */
#ifndef PENSTOCK_CLI_MEMORY_MAP_H
#define PENSTOCK_CLI_MEMORY_MAP_H

#include <stdbool.h>

#include "abi/manifest.h"
#include "host/tender/elf.h"

struct map_row {
    uint64_t start; /* first byte */
    uint64_t size;  /* bytes */
    bool at_most;   /* the size is that of the room kept for it */
    const char *access;
    char what[MFT_NAME_SIZE + 48];
};

struct memory_map {
    unsigned count;
    struct map_row *rows; /* ascending */
};

/* `elf` was planned, `mft` checked. Free the map with memory_map_free. -ENOMEM. */
int memory_map_make(struct memory_map *map, const struct elf_file *elf, const struct mft *mft);

void memory_map_free(struct memory_map *map);

/* "r-x" for an ELF segment's flags. */
const char *memory_map_access(uint32_t elf_flags);

#endif
