// SPDX-License-Identifier: ISC
#include "guest/bindings/common/stack_guard.h"

#include <cpuid.h>
#include <solo5.h>

#define TRIES 10 /* SDM volume 1, 7.3.17 */

/* A string that runs over the end of its array stops at this byte, and cannot write it. */
#define TERMINATOR (~(uintptr_t)0xff00)

uintptr_t __stack_chk_guard;

/* Entropy where the processor has a source; else what is hard to know from outside. */
static uint64_t random_number(void)
{
    uint64_t value = __builtin_ia32_rdtsc() * 0x9e3779b97f4a7c15u;
    unsigned eax, ebx, ecx, edx;
    unsigned char ok = 0;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_RDRND))
        return value;
    for (int i = 0; i < TRIES && !ok; i++) {
        uint64_t drawn;

        __asm__ __volatile__("rdrand %0; setc %1" : "=r"(drawn), "=qm"(ok) : : "cc");
        value ^= drawn;
    }
    return value;
}

/* Is not protected itself: it returns with another guard than it came with. */
__attribute__((no_stack_protector)) void stack_guard_init(void)
{
    __stack_chk_guard = random_number() & TERMINATOR;
}

void __init_ssp(void *entropy)
{
    (void)entropy;
    __asm__ __volatile__("movq %0, %%fs:0x28" : : "r"(__stack_chk_guard) : "memory");
}

/* The text is Solo5's: scripts look for it. */
void __stack_chk_fail(void)
{
    static const char text[] = "Solo5: ABORT: Stack corruption detected\n";

    solo5_console_write(text, sizeof(text) - 1);
    solo5_abort();
}
