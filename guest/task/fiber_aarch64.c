// SPDX-License-Identifier: ISC
/* AAPCS64 6.1: a callee keeps x19..x29 and the low halves of v8..v15; FPCR stays as it was. */
#include "fiber.h"

#include <stddef.h>
#include <stdint.h>

#define FPCR_DEFAULT 0 /* no exception traps, round to nearest */

/* What fiber_swap stores, lowest address first. */
struct frame {
    uint64_t x29; /* 0 ends the chain of frames */
    uint64_t x30; /* where it goes on */
    uint64_t x19; /* fiber_entry: the function */
    uint64_t x20; /* fiber_entry: its argument */
    uint64_t x21_x28[8];
    uint64_t d8_d15[8];
    uint64_t fpcr;
    uint64_t unused;
};

void *fiber_frame(void *top, void (*fn)(void *), void *arg)
{
    uintptr_t end = (uintptr_t)top & ~(uintptr_t)15;
    struct frame *f = (struct frame *)(end - sizeof(struct frame));

    _Static_assert(sizeof(struct frame) == 176, "switch_aarch64.S");
    _Static_assert(sizeof(struct frame) % 16 == 0, "sp at any time (AAPCS64 6.4.5.1)");
    *f = (struct frame){.x30 = (uintptr_t)fiber_entry,
                        .x19 = (uintptr_t)fn,
                        .x20 = (uintptr_t)arg,
                        .fpcr = FPCR_DEFAULT};
    return f;
}
