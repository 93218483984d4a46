// SPDX-License-Identifier: ISC
#include <penstock/cycles.h>

/* CNTVCT_EL0, which Linux lets processes read. */
uint64_t cycles_now(void)
{
    uint64_t value;

    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(value));
    return value;
}
