// SPDX-License-Identifier: ISC
/*
 * The stack protector of unikernels without a kernel: the compiler puts the guard between a
 * function's arrays and its return address, and calls __stack_chk_fail where it has changed
 * (-mstack-protector-guard=global, so that nothing depends on thread-local storage).
 */
#ifndef PENSTOCK_BINDINGS_STACK_GUARD_H
#define PENSTOCK_BINDINGS_STACK_GUARD_H

#include <stdint.h>

extern uintptr_t __stack_chk_guard;

void __stack_chk_fail(void) __attribute__((noreturn));

/* Chooses the guard: called by the target's start, which never returns, before anything else. */
void stack_guard_init(void) __attribute__((no_stack_protector));

/* musl's place for this, called by its start once thread-local storage is there: code that was
 * built for %fs:0x28 finds the same guard. */
void __init_ssp(void *entropy);

#endif
