// SPDX-License-Identifier: ISC
/*
 * Tasks: stackful, cooperative threads of one unikernel, their timers, and the loop that runs them
 * (MirageOS: Lwt).
 *
 * The loop runs every task that can run, polls the pollers, and when nothing was found for a while
 * it arms them and sleeps in solo5_yield until an interrupt or the next timer. It never sleeps on
 * pending work.
 */
#ifndef PENSTOCK_TASK_H
#define PENSTOCK_TASK_H

#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

#define TASK_NEVER      UINT64_MAX /* as a deadline */
#define TASK_STACK_SIZE (64u << 10)

/* Starts fn(arg) as a task of its own; it ends when fn returns. -ENOMEM. */
int task_spawn(void (*fn)(void *), void *arg);

/* Lets the others run. */
void task_yield(void);

/* Sleeps for at least so many nanoseconds. */
void task_sleep(solo5_time_t nsecs);

/*
 * The loop's clock: solo5_clock_monotonic as of the last round, a few microseconds ago at most
 * while there is work. For pollers and tasks that would otherwise read the clock again and again.
 */
solo5_time_t task_now(void);

/* Something that tasks wait for. Zero-initialise it; it is the caller's. */
struct task_queue {
    struct task *first;
    struct task *last;
};

/* Waits until task_wake(queue), or until deadline (of solo5_clock_monotonic): 0 or -ETIMEDOUT. */
int task_wait(struct task_queue *queue, solo5_time_t deadline);

/* Makes all tasks that wait there runnable. May be called from a poller. */
void task_wake(struct task_queue *queue);

/* A source of work that has no task: a device, a protocol's timers. Set up by its owner, who keeps
 * it. */
struct task_poller {
    /* Does what there is to do, without waiting. True if there was something. */
    bool (*poll)(struct task_poller *self);
    /*
     * Before the loop sleeps: 0 if an interrupt will wake it, -EAGAIN if there is work after all,
     * -ENOTSUP if it must be polled (the loop then sleeps 100 us at most). May be NULL: no need.
     * *deadline may be lowered.
     */
    int (*arm)(struct task_poller *self, solo5_time_t *deadline);
    solo5_handle_set_t
        ready; /* devices that solo5_yield found ready; whoever looks clears its own */
    struct task_poller *next; /* the loop's */
};

void task_poller_add(struct task_poller *poller);

/* Runs the loop in the caller, which becomes a task itself, until every task that task_spawn
 * started has ended. */
void task_run(void);

#endif
