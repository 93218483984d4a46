// SPDX-License-Identifier: ISC
#include "guest/bindings/common/libc_hooks.h"
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

void guest_halt(int status)
{
    log_line(&spt_guest.log, LOG_INFO, "exit status %d", status);
    sys_exit(status);
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

solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    return sys_set_tls_base(base) == 0 ? SOLO5_R_OK : SOLO5_R_EINVAL;
}
