// SPDX-License-Identifier: ISC
/*
 * Where bindings and a libc on top of them meet. The libc that is linked defines the weak calls
 * (guest/libc); bindings without one call solo5_app_main directly.
 */
#ifndef PENSTOCK_BINDINGS_LIBC_HOOKS_H
#define PENSTOCK_BINDINGS_LIBC_HOOKS_H

#include <solo5.h>

/* Takes over the heap of *info, calls solo5_app_main with what is left, and exits with what it
 * returns. */
void guest_libc_start(const struct solo5_start_info *info) __attribute__((weak, noreturn));

/* Writes out what the libc has buffered: solo5_exit calls it first. */
void guest_libc_flush(void) __attribute__((weak));

/* Ends the unikernel at once. The bindings define it. */
void guest_halt(int status) __attribute__((noreturn));

#endif
