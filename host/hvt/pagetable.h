// SPDX-License-Identifier: ISC
/*
 * Page tables of a guest, built from a list of mappings (x86-64: Intel SDM volume 3, 4.5 "4-level
 * paging"; default PAT, 12.12.4). Each mapping takes the largest pages that its bounds allow. Guest
 * virtual = guest physical address.
 */
#ifndef PENSTOCK_HVT_PAGETABLE_H
#define PENSTOCK_HVT_PAGETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/hvt/mappings.h"

#define PAGETABLE_PAGE 4096ull

/* Addresses at and above this one cannot be mapped. */
#define PAGETABLE_LIMIT (1ull << 47)

struct pagetable {
    uint64_t *pool;   /* zeroed, page aligned: `max` tables of one page each; the caller's */
    uint64_t address; /* guest physical address of the pool; its first table is the root */
    size_t max;
    size_t used;   /* tables */
    bool gigabyte; /* the CPU has 1 GiB pages */
    bool user;     /* the guest runs at ring 3: all but MAPPING_TENDER is for it */
};

void pagetable_init(struct pagetable *table, void *pool, size_t max, uint64_t address);

/* -EINVAL: not page aligned, or above PAGETABLE_LIMIT; -EEXIST: a part of it is mapped already;
 * -ENOMEM: the pool is used up. */
int pagetable_map(struct pagetable *table, const struct mapping *mapping);

#endif
