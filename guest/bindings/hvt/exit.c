// SPDX-License-Identifier: ISC
#include "guest/bindings/common/libc_hooks.h"
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

void guest_halt(int status)
{
    struct hvt_halt argument = {.exit_status = status};

    log_line(&hvt_guest.log, LOG_INFO, "exit status %d", status);
    for (;;)
        cpu_hypercall(HVT_HALT, &argument);
}

void solo5_exit(int status)
{
    if (guest_libc_flush)
        guest_libc_flush();
    guest_halt(status);
}

void solo5_abort(void)
{
    guest_halt(SOLO5_EXIT_ABORT);
}
