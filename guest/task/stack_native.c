// SPDX-License-Identifier: ISC
#include "stack.h"

#include <penstock/task.h>

#include <sys/mman.h>

#define GUARD 4096 /* below the stack: whoever runs into it gets SIGSEGV */

void *task_stack_alloc(void)
{
    char *p = mmap(NULL, GUARD + TASK_STACK_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    if (mprotect(p, GUARD, PROT_NONE) != 0) {
        munmap(p, GUARD + TASK_STACK_SIZE);
        return NULL;
    }
    return p + GUARD;
}

void task_stack_free(void *stack)
{
    munmap((char *)stack - GUARD, GUARD + TASK_STACK_SIZE);
}

void task_stack_check(const void *stack)
{
    (void)stack;
}
