// SPDX-License-Identifier: ISC
/*
 * Exceptions of the CPU in words (SDM volume 3, table 6-1 and 4.7).
 */
#ifndef PENSTOCK_HVT_TRAP_H
#define PENSTOCK_HVT_TRAP_H

#include <stddef.h>
#include <stdint.h>

/* For example "page fault: write to a read-only page at 0x100123 (text)"; `place` is what lies at
 * address, of a page fault. */
void trap_text(uint64_t vector, uint64_t error, uint64_t address, const char *place, char *text,
               size_t size);

#endif
