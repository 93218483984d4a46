// SPDX-License-Identifier: ISC
/*
 * The guest's memory as the tender sees it. guest_pointer is the only way from an address that a
 * guest named to memory.
 */
#ifndef PENSTOCK_HVT_GUEST_MEMORY_H
#define PENSTOCK_HVT_GUEST_MEMORY_H

#include <stdint.h>

#include "host/hvt/mappings.h"
#include "host/tender/error.h"
#include "host/tender/module_pci.h"

struct guest_memory {
    uint8_t *ram; /* guest address 0; ours alone, zero, of 2 MiB pages where the host has them */
    uint64_t ram_size;
    const struct mappings *mappings;
    const struct tender_pci *pci; /* its DMA windows are memory too */
};

/* Takes RAM from the host; size is a multiple of HVT_MEM_UNIT. */
int guest_memory_open(struct guest_memory *memory, uint64_t size, struct tender_error *error);

void guest_memory_close(struct guest_memory *memory);

enum guest_place {
    GUEST_RAM,    /* where a hypercall's argument lies */
    GUEST_BUFFER, /* RAM or a DMA window */
};

/*
 * Where [addr, addr + size) of the guest is in this process, if the guest itself may read it (write
 * it, for flags = MAPPING_WRITE); else NULL. A device may write to DMA windows at any time: copy
 * what is checked.
 */
void *guest_pointer(const struct guest_memory *memory, enum guest_place place, uint64_t addr,
                    uint64_t size, unsigned flags);

#endif
