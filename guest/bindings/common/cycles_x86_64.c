// SPDX-License-Identifier: ISC
#include <penstock/cycles.h>

uint64_t cycles_now(void)
{
    return __builtin_ia32_rdtsc();
}
