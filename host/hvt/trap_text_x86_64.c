// SPDX-License-Identifier: ISC
#include "host/hvt/trap.h"

#include <inttypes.h>
#include <stdio.h>

#define VECTOR_PF 14

/* Error code of a page fault (SDM volume 3, figure 4-12). */
#define PF_PRESENT  (1u << 0)
#define PF_WRITE    (1u << 1)
#define PF_RESERVED (1u << 3)
#define PF_FETCH    (1u << 4)

static const char *name(uint64_t vector)
{
    static const char *const names[] = {"division by zero or overflow",
                                        "debug exception",
                                        "non-maskable interrupt",
                                        "breakpoint",
                                        "overflow",
                                        "bound range exceeded",
                                        "invalid instruction",
                                        "no floating-point unit",
                                        "double fault",
                                        NULL,
                                        "invalid TSS",
                                        "segment not present",
                                        "stack-segment fault (an address that is not canonical?)",
                                        "general protection fault (a privileged instruction, or an "
                                        "address that is not canonical)",
                                        "page fault",
                                        NULL,
                                        "x87 floating-point exception",
                                        "alignment check",
                                        "machine check",
                                        "SIMD floating-point exception"};
    const char *known = vector < sizeof names / sizeof names[0] ? names[vector] : NULL;

    return known != NULL ? known : "exception";
}

static const char *page_fault(uint64_t error)
{
    if (error & PF_RESERVED)
        return "reserved bits in a page table, access";
    if (error & PF_FETCH)
        return error & PF_PRESENT ? "execution of data" : "jump to where nothing is mapped,";
    if (error & PF_PRESENT)
        return error & PF_WRITE ? "write to a read-only page" : "read of a protected page";
    return error & PF_WRITE ? "write to where nothing is mapped," : "read where nothing is mapped,";
}

void trap_text(uint64_t vector, uint64_t error, uint64_t address, const char *place, char *text,
               size_t size)
{
    if (vector == VECTOR_PF)
        snprintf(text, size, "page fault: %s at 0x%" PRIx64 " (%s)", page_fault(error), address,
                 place);
    else
        snprintf(text, size, "%s (vector %" PRIu64 ", error code 0x%" PRIx64 ")", name(vector),
                 vector, error);
}
