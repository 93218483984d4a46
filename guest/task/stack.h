// SPDX-License-Identifier: ISC
/*
 * Memory for the stacks of tasks, TASK_STACK_SIZE bytes each, and what happens when one is too
 * small: stack_native.c has the host's page protection for that, stack_bare.c checks a mark.
 */
#ifndef PENSTOCK_TASK_STACK_H
#define PENSTOCK_TASK_STACK_H

/* A stack's lowest byte, page aligned or better than 16; NULL if there is no memory. */
void *task_stack_alloc(void);

void task_stack_free(void *stack);

/* Ends the program, with a message, if the stack has been used beyond its end. Called at every
 * switch. */
void task_stack_check(const void *stack);

#endif
