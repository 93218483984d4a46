// SPDX-License-Identifier: ISC
/* The processor's own clock, for measuring code: cheap, and of no defined unit. */
#ifndef PENSTOCK_CYCLES_H
#define PENSTOCK_CYCLES_H

#include <stdint.h>

/* Ticks of a counter of constant frequency; on x86-64 the time stamp counter, on aarch64
 * the generic timer's, which may count as slowly as 1 MHz. */
uint64_t cycles_now(void);

#endif
