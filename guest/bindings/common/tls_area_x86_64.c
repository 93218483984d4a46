// SPDX-License-Identifier: ISC
/*
 * Thread-local storage for a libc that lays it out itself, in variant II (Drepper, "ELF Handling
 * For Thread-Local Storage", 4.4.6): the variables end where the thread pointer points, and there
 * is a pointer to itself.
 */
#include <solo5.h>
#include <string.h>

#include "guest/bindings/common/stack_guard.h"

/* unikernel.ld's: the variables as they begin; the others' addresses are numbers. */
extern const char _stdata[], _ltdata[], _tls_size[], _tls_align[];

/* What lies at the thread pointer. */
struct control_block {
    uintptr_t self;
    uintptr_t reserved[4];
    uintptr_t guard; /* %fs:0x28, where compilers look for the stack protector's unless told */
};

static uintptr_t align_up(uintptr_t value)
{
    uintptr_t align = (uintptr_t)_tls_align;

    if (align < sizeof(uintptr_t))
        align = sizeof(uintptr_t);
    return (value + align - 1) & -align;
}

static uintptr_t variables_size(void)
{
    return align_up((uintptr_t)_tls_size);
}

/* An area may begin anywhere: there is room to align it. */
size_t solo5_tls_size(void)
{
    return align_up(1) - 1 + variables_size() + sizeof(struct control_block);
}

uintptr_t solo5_tls_tp_offset(uintptr_t tls)
{
    return align_up(tls) + variables_size();
}

solo5_result_t solo5_tls_init(uintptr_t tls)
{
    uintptr_t tp = solo5_tls_tp_offset(tls);
    struct control_block block = {.self = tp, .guard = __stack_chk_guard};
    char *variables = (char *)(tp - variables_size());

    if (tls == 0)
        return SOLO5_R_EINVAL;
    memset(variables, 0, variables_size());
    memcpy(variables, _stdata, (uintptr_t)_ltdata);
    memcpy((void *)tp, &block, sizeof(block));
    return SOLO5_R_OK;
}
