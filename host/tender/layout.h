// SPDX-License-Identifier: ISC
/*
 * Finds guest addresses for BARs and DMA memory: the default ones (abi/layout.h) where they can be
 * had, other ones where not.
 */
#ifndef PENSTOCK_TENDER_LAYOUT_H
#define PENSTOCK_TENDER_LAYOUT_H

#include <stdint.h>

struct layout_range {
    uint64_t addr;
    uint64_t size;
};

/* Something that needs an address. */
struct layout_item {
    uint64_t size;      /* bytes, not 0 */
    uint64_t align;     /* a power of two */
    uint64_t preferred; /* aligned; 0: none */
    uint64_t addr;      /* out: aligned; no other item or taken range within [addr, addr + size) */
    const struct layout_range
        *within; /* it has to lie in one of these, ascending; NULL: anywhere */
    unsigned within_count;
};

struct layout_space {
    uint64_t floor; /* the lowest address that is picked; a preferred one may lie below */
    uint64_t limit; /* all addresses are below it */
    const struct layout_range *taken; /* cannot be used, in any order, may overlap */
    unsigned taken_count;
};

/*
 * Sets `addr` of each item: the preferred address if it is free and allowed, in the items' order;
 * for the rest the lowest free ones: first the items that cannot lie anywhere, then the others, of
 * each the largest alignment first.
 * -ENOSPC: there is no room for all; -ENOMEM; -EINVAL: an item that breaks the rules above.
 */
int layout_place(struct layout_item *items, unsigned count, const struct layout_space *space);

#endif
