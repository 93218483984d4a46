// SPDX-License-Identifier: ISC
#include "entropy.h"

#include <cpuid.h>
#include <solo5.h>
#include <stdbool.h>

#define RDRAND_TRIES 10 /* Intel SDM volume 1, 7.3.17.1 */

static bool have_rdrand(void)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_RDRND);
}

static uint64_t rdrand(void)
{
    unsigned long long value = 0;
    unsigned char ok = 0;

    for (unsigned i = 0; i < RDRAND_TRIES && !ok; i++)
        __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(value), "=qm"(ok) : : "cc");
    return ok ? value : 0;
}

uint64_t entropy64(void)
{
    uint64_t x = solo5_clock_wall() ^ __builtin_ia32_rdtsc() * 0x9e3779b97f4a7c15;

    x ^= solo5_clock_monotonic() << 32;
    if (have_rdrand())
        x ^= rdrand();
    return x;
}
