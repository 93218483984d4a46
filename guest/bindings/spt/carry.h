// SPDX-License-Identifier: ISC
/*
 * A monotonic clock that asks its host seldom: a reading of the host's clock is carried on by a
 * counter of constant, unknown frequency.
 *
 * The frequency is what counter and clock did between the first reading and the last. If a reading
 * is late by d, an estimate over a time T is wrong by d/T; so a reading is carried on for T/8 at
 * most, which makes an error of d/8, and for no more than CARRY_MAX. The host is asked at each of
 * the first calls, then ever less often, and 100 times a second at most after the first second.
 */
#ifndef PENSTOCK_BINDINGS_SPT_CARRY_H
#define PENSTOCK_BINDINGS_SPT_CARRY_H

#include <stdbool.h>
#include <stdint.h>

#define CARRY_MAX   10000000u /* ns */
#define CARRY_SHIFT 32

/* Zero-initialised: no reading yet. */
struct carry {
    uint64_t first_ticks, first_ns; /* the first reading */
    uint64_t ticks, ns;             /* the last one */
    uint64_t limit;                 /* ticks for which it can be carried on */
    uint64_t mult;                  /* ns per tick, times 2^CARRY_SHIFT */
    uint64_t latest;                /* the highest time that was given out */
};

/* Takes a reading of the host's clock (ns) at this count. */
void carry_read(struct carry *carry, uint64_t ticks, uint64_t ns);

/* The time at this count: true and *ns, or false: the host must be asked. */
bool carry_on(struct carry *carry, uint64_t ticks, uint64_t *ns);

#endif
