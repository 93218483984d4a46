// SPDX-License-Identifier: ISC
/* The unikernel cannot change its page tables, so a mark at the end of each stack stands in for a
 * guard page. */
#include "stack.h"

#include <penstock/task.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MARK_WORDS 8

static const uint64_t mark = 0x6b63617473646e65; /* "endstack" */

void *task_stack_alloc(void)
{
    uint64_t *stack = aligned_alloc(64, TASK_STACK_SIZE);

    if (stack == NULL)
        return NULL;
    for (unsigned i = 0; i < MARK_WORDS; i++)
        stack[i] = mark;
    return stack;
}

void task_stack_free(void *stack)
{
    free(stack);
}

static void overflow(void)
{
    static const char message[] = "task: a task has used more stack than it has\n";

    solo5_console_write(message, sizeof(message) - 1);
    solo5_abort();
}

void task_stack_check(const void *stack)
{
    const uint64_t *word = stack;

    for (unsigned i = 0; i < MARK_WORDS; i++) {
        if (word[i] != mark)
            overflow();
    }
}
