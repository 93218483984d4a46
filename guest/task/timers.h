// SPDX-License-Identifier: ISC
/* The tasks that wait for a moment, the earliest first: a binary heap. */
#ifndef PENSTOCK_TASK_TIMERS_H
#define PENSTOCK_TASK_TIMERS_H

#include <penstock/task.h>

#define TASK_TIMERS_INITIAL 16

struct task_timers {
    struct task **heap; /* heap[0] is the earliest */
    size_t count;
    size_t room;
    struct task *initial[TASK_TIMERS_INITIAL]; /* what heap points to until it has to grow */
};

/* Makes room for n timers in all, so that adding cannot fail: 0 or -ENOMEM. */
int task_timers_reserve(struct task_timers *timers, size_t n);

/* Adds a task that has none yet, to expire at task->deadline. */
void task_timers_add(struct task_timers *timers, struct task *task);

/* Takes a task's timer away, if it has one. */
void task_timers_remove(struct task_timers *timers, struct task *task);

/* The earliest task, or NULL. */
struct task *task_timers_first(const struct task_timers *timers);

#endif
