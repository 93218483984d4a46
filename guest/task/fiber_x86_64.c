// SPDX-License-Identifier: ISC
/* System V AMD64 ABI 3.2.1: a callee keeps rbx, rbp, r12..r15, and the control bits of MXCSR and of
 * the x87. */
#include "fiber.h"

#include <stddef.h>
#include <stdint.h>

#define MXCSR_DEFAULT 0x1f80 /* all exceptions masked, round to nearest (ABI 3.4.1) */
#define FCW_DEFAULT   0x037f /* the same, 64-bit mantissa */

/* What fiber_swap pushes, lowest address first. */
struct frame {
    uint32_t mxcsr;
    uint32_t fcw;
    uint64_t r15;
    uint64_t r14;
    uint64_t r13; /* fiber_entry: the function */
    uint64_t r12; /* fiber_entry: its argument */
    uint64_t rbx;
    uint64_t rbp; /* 0 ends the chain of frames */
    uint64_t rip;
    uint64_t end; /* a return address that is none, and keeps the stack aligned */
};

void *fiber_frame(void *top, void (*fn)(void *), void *arg)
{
    uintptr_t below = (uintptr_t)top - sizeof(struct frame);
    struct frame *f = (struct frame *)(below & ~(uintptr_t)15);

    _Static_assert(offsetof(struct frame, end) % 16 == 0, "rsp at a call (ABI 3.2.2)");
    *f = (struct frame){.mxcsr = MXCSR_DEFAULT,
                        .fcw = FCW_DEFAULT,
                        .r13 = (uintptr_t)fn,
                        .r12 = (uintptr_t)arg,
                        .rip = (uintptr_t)fiber_entry};
    return f;
}
