// SPDX-License-Identifier: ISC
/*
 * A fiber: a stack and the place where it was left. It knows nothing of tasks or time.
 */
#ifndef PENSTOCK_TASK_FIBER_H
#define PENSTOCK_TASK_FIBER_H

#include <stddef.h>

struct fiber {
    void *sp;           /* where it was left: below it lies what fiber_restore needs */
    const void *stack;  /* its stack's lowest byte */
    size_t size;        /* bytes */
    struct fiber *from; /* who switched here last */
    void *shadow;       /* AddressSanitizer's, where the program has it */
};

/*
 * Makes a fiber that calls fn(arg) when it is first switched to; fn must end in fiber_exit. The
 * stack is the caller's, its end a multiple of 16. A fiber for the stack in use needs no
 * preparation but zeroes.
 */
void fiber_init(struct fiber *fiber, void *stack, size_t size, void (*fn)(void *), void *arg);

/* Leaves `from`, which must be the running one, and goes on with `to`. Returns when someone
 * switches back. */
void fiber_switch(struct fiber *from, struct fiber *to);

/* The same for the last time: the stack of `from` is free once `to` runs. */
void fiber_exit(struct fiber *from, struct fiber *to) __attribute__((noreturn));

/* ---- What an architecture provides: fiber_<arch>.c and switch_<arch>.S ---- */

/* Lays out a stack that ends at `top` so that the first switch to the returned address calls
 * fn(arg). */
void *fiber_frame(void *top, void (*fn)(void *), void *arg);

/* Keeps what the calling convention says a callee keeps, stores the stack pointer in *save, and
 * goes on at `sp`. */
void fiber_swap(void **save, void *sp);

/* Where a new fiber starts. */
void fiber_entry(void);

#endif
