// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"

#define MSR_FS_BASE 0xc0000100u /* SDM vol. 4, table 2-2: IA32_FS_BASE */

void cpu_hypercall(enum hvt_hypercall nr, void *argument)
{
    uint32_t address = (uint32_t)(uintptr_t)argument;
    uint16_t port = (uint16_t)HVT_PORT(nr);

    __asm__ __volatile__("outl %0, %1" : : "a"(address), "Nd"(port) : "memory");
}

uint64_t cpu_ticks(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

void cpu_set_tls_base(uint64_t base)
{
    uint32_t low = (uint32_t)base;
    uint32_t high = (uint32_t)(base >> 32);

    __asm__ __volatile__("wrmsr" : : "c"(MSR_FS_BASE), "a"(low), "d"(high) : "memory");
}
