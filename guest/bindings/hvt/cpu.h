// SPDX-License-Identifier: ISC
/*
 * What the bindings for hvt need from the processor; one cpu_<arch>.c each.
 */
#ifndef PENSTOCK_BINDINGS_HVT_CPU_H
#define PENSTOCK_BINDINGS_HVT_CPU_H

#include <stdint.h>

#include "abi/hvt.h"

/* The argument is passed by its 32-bit address, so it lies in RAM: on the stack or in the
 * executable's data. */
void cpu_hypercall(enum hvt_hypercall nr, void *argument);

/* The counter whose frequency the boot info gives. */
uint64_t cpu_ticks(void);

/* Sets the base of thread-local storage without the tender's help. Only at CPL 0. */
void cpu_set_tls_base(uint64_t base);

#endif
