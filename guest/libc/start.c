// SPDX-License-Identifier: ISC
#include "guest/bindings/common/libc_hooks.h"

#include <elf.h>
#include <solo5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/libc/libc.h"

/* The linker script's: the thread-local data as they begin; the others' addresses are numbers. */
extern const char _stdata[], _ltdata[], _tls_size[], _tls_align[];

/* musl's own entry; the last three are for other ways to start. */
extern int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv,
                             void (*init)(void), void (*fini)(void), void (*ldso_fini)(void));

static int app(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    return solo5_app_main(&guest_libc.start);
}

/*
 * What Linux would have put on the stack: arguments, environment and auxiliary vector. The only
 * program header that musl looks for is the one of the thread-local data.
 */
void guest_libc_start(const struct solo5_start_info *info)
{
    static char name[] = "unikernel";
    uint8_t random[16];
    const Elf64_Phdr tls = {
        .p_type = PT_TLS,
        .p_vaddr = (uintptr_t)_stdata,
        .p_filesz = (uintptr_t)_ltdata,
        .p_memsz = (uintptr_t)_tls_size,
        .p_align = (uintptr_t)_tls_align,
    };
    uintptr_t stack[] = {
        (uintptr_t)name,
        0, /* argv */
        0, /* environ */
        AT_PHDR,
        (uintptr_t)&tls,
        AT_PHNUM,
        tls.p_memsz != 0,
        AT_PHENT,
        sizeof(tls),
        AT_PAGESZ,
        PAGES_SIZE,
        AT_RANDOM,
        (uintptr_t)random,
        AT_NULL,
        0,
    };

    libc_random_seed(random, sizeof(random));
    pages_init(&guest_libc.pages, info->heap_start, info->heap_size);
    guest_libc.start = *info;
    guest_libc.start.heap_size = 0;
    __libc_start_main(app, 1, (char **)stack, NULL, NULL, NULL);
    abort();
}

void guest_libc_flush(void)
{
    fflush(NULL);
}
