// SPDX-License-Identifier: ISC
/*
 * The scheduler's state. The API of penstock/task.h names no scheduler, because a unikernel has one
 * thread of control; so there is one instance for the program, task_sched, and all of it is in this
 * struct.
 */
#ifndef PENSTOCK_TASK_SCHED_H
#define PENSTOCK_TASK_SCHED_H

#include <penstock/task.h>

#include "fiber.h"
#include "timers.h"

/* It lies at the top of its own stack; the main task's is in task_sched. */
struct task {
    struct fiber fiber;
    struct task *next; /* in the queue of those that are ready, or the one it waits in */
    struct task *prev;
    struct task_queue *queue; /* that queue; NULL while it runs or only sleeps */
    solo5_time_t deadline;    /* with a timer: when it expires */
    size_t timer;             /* its place among the timers, from 1; 0: it has none */
    int result;               /* what task_wait returns */
    void (*fn)(void *);
    void *arg;
    void *stack;
};

struct task_sched {
    struct task main;        /* whoever called in from outside; the loop runs on its stack */
    struct task *current;    /* the task that runs, NULL: main, or the loop */
    bool main_ready;         /* main may go on: the loop returns to it */
    bool in_poller;          /* nothing may wait now */
    solo5_time_t now;        /* when the loop last looked */
    bool idle;               /* the last round found nothing to do */
    solo5_time_t idle_since; /* since when */
    struct task_queue ready; /* those that can run */
    struct task_timers timers;
    struct task_poller *pollers;
    size_t count;        /* tasks that task_spawn started and that have not ended */
    struct task *pool;   /* ended tasks whose stacks wait for the next, by .next */
    unsigned pool_count; /* how many */
    struct task *ended;  /* the task that has just left for good, or NULL */
};

extern struct task_sched task_sched;

/* Puts a task at the end of a queue, or takes it out of the one it is in. */
void task_enqueue(struct task_queue *queue, struct task *task);
void task_dequeue(struct task *task);

/* Makes a task that waits ready to run; its wait returns result. */
void task_resume(struct task_sched *s, struct task *task, int result);

/* Runs a ready task until it waits, yields or ends. */
void task_enter(struct task_sched *s, struct task *task);

/* The loop, until main may go on. */
void task_loop_main(struct task_sched *s);

#endif
