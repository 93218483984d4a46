// SPDX-License-Identifier: ISC
/*
 * The tender's own memory in the guest: page tables, and, for a guest at ring 3, the CPU's
 * descriptor tables and what runs when it traps. A memory slot of its own, of which the guest can
 * reach nothing: the page tables are not mapped at all, the rest is for ring 0.
 */
#ifndef PENSTOCK_HVT_RING0_H
#define PENSTOCK_HVT_RING0_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/hvt/kvm.h"
#include "host/hvt/mappings.h"
#include "host/tender/error.h"

/* Selectors of the descriptors in the GDT. */
#define RING0_CODE 0x08u
#define RING0_DATA 0x10u
#define RING3_DATA (0x18u | 3u)
#define RING3_CODE (0x20u | 3u)
#define RING0_TSS  0x28u

struct ring0 {
    uint8_t *host;
    uint64_t address; /* guest physical address of all of it */
    uint64_t root;    /* of the top page table */
    uint64_t gdt, idt, tss;
    uint16_t gdt_limit, idt_limit, tss_limit;
};

/*
 * Finds a place for it beside `mappings` and below `limit`, adds what the CPU needs of it to them,
 * builds the page tables for all of them, and puts it into the guest.
 */
int ring0_build(struct ring0 *ring0, struct kvm *kvm, struct mappings *mappings, bool user,
                bool gigabyte_pages, uint64_t limit, struct tender_error *error);

/* What a stub leaves on its stack. */
struct trap_frame {
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* The frame at the stack pointer of a guest that has just trapped; NULL: no stub can have left it.
 */
const struct trap_frame *ring0_frame(const struct ring0 *ring0, uint64_t rsp);

void ring0_free(struct ring0 *ring0);

#endif
