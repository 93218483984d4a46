// SPDX-License-Identifier: ISC
/* Writes over the end of an array on the stack, as a bug would: it must not return from there. */
#include <solo5.h>
#include <string.h>

#include "guest/bindings/common/stack_guard.h"

static void say(const char *text)
{
    solo5_console_write(text, strlen(text));
}

/* A length of which the compiler knows nothing. */
static size_t opaque(size_t length)
{
    __asm__("" : "+r"(length));
    return length;
}

static __attribute__((noinline)) void fill(size_t length)
{
    char array[16];

    memset(array, 'x', opaque(length));
    __asm__ __volatile__("" : : "r"(array) : "memory");
}

int solo5_app_main(const struct solo5_start_info *info)
{
    uintptr_t guard = __stack_chk_guard;

    if ((guard & 0xff00) != 0 || (guard & ~(uintptr_t)0xff00) == 0)
        return SOLO5_EXIT_FAILURE;
    fill(16);
    say("intact\n");
    if (strcmp(info->cmdline, "over") == 0) {
        fill(16 + 64);
        say("SURVIVED\n");
    }
    return SOLO5_EXIT_SUCCESS;
}
