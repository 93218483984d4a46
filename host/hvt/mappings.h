// SPDX-License-Identifier: ISC
/*
 * What a guest can reach: a list of (address, size, permission, memory type). Guest virtual and
 * guest physical addresses are the same. Page tables are built from it, and pointers that the guest
 * names are checked against it.
 */
#ifndef PENSTOCK_HVT_MAPPINGS_H
#define PENSTOCK_HVT_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/tender/elf.h"
#include "host/tender/error.h"
#include "host/tender/module_pci.h"

/* Everything that is mapped can be read. */
#define MAPPING_WRITE  (1u << 0)
#define MAPPING_EXEC   (1u << 1)
#define MAPPING_TENDER (1u << 2) /* for the CPU at ring 0 only: not the guest's */
#define MAPPING_DEVICE (1u << 3) /* uncached: a device's registers */

#define MAPPINGS_MAX 2048u

struct mapping {
    uint64_t addr; /* page aligned */
    uint64_t size; /* bytes, whole pages */
    unsigned flags;
};

struct mappings {
    unsigned count;
    struct mapping *list; /* ascending and disjoint once mappings_finish was called */
};

/* Merged with the one before it where it continues that one. -EINVAL: not page aligned; -ENOMEM;
 * -E2BIG. */
int mappings_add(struct mappings *mappings, uint64_t addr, uint64_t size, unsigned flags);

/* RAM from HVT_BOOT_INFO_BASE to mem_size: boot information read-only, segments as they ask, the
 * rest read-write. */
int mappings_add_ram(struct mappings *mappings, const struct elf_file *elf, uint64_t mem_size);

/* BARs (to the end of their last page) and DMA windows. */
int mappings_add_pci(struct mappings *mappings, const struct tender_pci *pci);

/* Sorts. -EEXIST: two of them overlap. */
int mappings_finish(struct mappings *mappings, struct tender_error *error);

/* The lowest address >= from, aligned to `align`, where size bytes touch no mapping; after
 * mappings_finish. */
uint64_t mappings_gap(const struct mappings *mappings, uint64_t from, uint64_t size,
                      uint64_t align);

/* The mapping of an address, or NULL; after mappings_finish. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t addr);

/* Whether all of [addr, addr + size) is the guest's ordinary memory, and has `flags` (MAPPING_WRITE
 * or 0). */
bool mappings_allow(const struct mappings *mappings, uint64_t addr, uint64_t size, unsigned flags);

void mappings_free(struct mappings *mappings);

#endif
