// SPDX-License-Identifier: ISC
#include <solo5.h>

/* The host's libc has thread-local storage of its own, and %fs with it. */
solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    (void)base;
    return SOLO5_R_EUNSPEC;
}
