// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <errno.h>
#include <solo5.h>

#define ARCH_SET_FS 0x1002 /* arch_prctl(2) */

long libc_arch_prctl(const long *a)
{
    if (a[0] != ARCH_SET_FS)
        return -EINVAL;
    return solo5_set_tls_base((uintptr_t)a[1]) == SOLO5_R_OK ? 0 : -EPERM;
}
