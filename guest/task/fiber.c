// SPDX-License-Identifier: ISC
#include "fiber.h"

#include <stdbool.h>

/* There in programs built with AddressSanitizer, which must know when the stack changes; null in
 * all others. */
void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size)
    __attribute__((weak));
void __sanitizer_finish_switch_fiber(void *saved, const void **bottom, size_t *size)
    __attribute__((weak));

static void before_switch(struct fiber *from, struct fiber *to, bool last)
{
    to->from = from;
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(last ? NULL : &from->shadow, to->stack, to->size);
}

/* In the fiber that has just got control. It tells where the other's stack is, which the first of
 * all cannot know. */
static void after_switch(struct fiber *self)
{
    if (__sanitizer_finish_switch_fiber)
        __sanitizer_finish_switch_fiber(self->shadow, &self->from->stack, &self->from->size);
}

struct start {
    struct fiber *self;
    void (*fn)(void *);
    void *arg;
};

static void start(void *arg)
{
    struct start s = *(struct start *)arg;

    after_switch(s.self);
    s.fn(s.arg);
    __builtin_trap(); /* fn must not return */
}

void fiber_init(struct fiber *fiber, void *stack, size_t size, void (*fn)(void *), void *arg)
{
    struct start *s = (struct start *)((char *)stack + size - 32);

    _Static_assert(sizeof(*s) <= 32, "the first words of a stack");
    *s = (struct start){.self = fiber, .fn = fn, .arg = arg};
    *fiber = (struct fiber){.sp = fiber_frame(s, start, s), .stack = stack, .size = size};
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
    before_switch(from, to, false);
    fiber_swap(&from->sp, to->sp);
    after_switch(from);
}

void fiber_exit(struct fiber *from, struct fiber *to)
{
    before_switch(from, to, true);
    fiber_swap(&from->sp, to->sp);
    __builtin_trap();
}
