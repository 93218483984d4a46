// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

void solo5_console_write(const char *buf, size_t size)
{
    struct hvt_puts argument = {.data = (uintptr_t)buf, .len = size};

    if (size > 0)
        cpu_hypercall(HVT_PUTS, &argument);
}
