// SPDX-License-Identifier: ISC
/* Thread-local storage by solo5.h alone: two areas, at odd addresses, between which %fs is
 * switched. */
#include <solo5.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static _Thread_local int initialised = 42;
static _Thread_local _Alignas(64) char aligned[3] = "ab";
static _Thread_local uint64_t zero;

/* Read anew after each switch. */
static __attribute__((noinline)) bool holds(int number, uint64_t other)
{
    uintptr_t self;

    __asm__ __volatile__("movq %%fs:0, %0" : "=r"(self));
    return initialised == number && zero == other && strcmp(aligned, "ab") == 0 &&
           (uintptr_t)aligned % 64 == 0 && self > (uintptr_t)&zero &&
           self > (uintptr_t)&initialised;
}

static __attribute__((noinline)) void set(int number, uint64_t other)
{
    initialised = number;
    zero = other;
}

static bool use(uintptr_t tls)
{
    return solo5_set_tls_base(solo5_tls_tp_offset(tls)) == SOLO5_R_OK;
}

static bool test(uintptr_t heap)
{
    uintptr_t one = heap + 8, two = one + solo5_tls_size() + 1;

    memset((void *)heap, 0xff, 2 * solo5_tls_size() + 64);
    if (solo5_tls_init(0) != SOLO5_R_EINVAL || solo5_tls_init(one) != SOLO5_R_OK ||
        solo5_tls_init(two) != SOLO5_R_OK)
        return false;
    if (!use(one) || !holds(42, 0))
        return false;
    set(1, 11);
    if (!use(two) || !holds(42, 0))
        return false;
    set(2, 22);
    return use(one) && holds(1, 11) && use(two) && holds(2, 22) &&
           *(uint8_t *)(two + solo5_tls_size()) == 0xff && *(uint8_t *)(one - 1) == 0xff;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    const char *text = test(info->heap_start) ? "SUCCESS\n" : "FAILURE\n";

    solo5_console_write(text, 8);
    return text[0] == 'S' ? SOLO5_EXIT_SUCCESS : SOLO5_EXIT_FAILURE;
}
