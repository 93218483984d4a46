// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

/* At CPL 3 the tender does it; a tender without the extension block has started us at CPL 0. */
solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    struct hvt_set_tls_base argument = {.base = base};

    if (hvt_guest.ext)
        cpu_hypercall(HVT_SET_TLS_BASE, &argument);
    else
        cpu_set_tls_base(base);
    return SOLO5_R_OK;
}
