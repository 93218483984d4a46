// SPDX-License-Identifier: ISC
#include "sched.h"

#include <assert.h>
#include <errno.h>

#include "stack.h"

#define POOL_MAX 64 /* stacks kept for the next task */

struct task_sched task_sched = {
    .timers = {.heap = task_sched.timers.initial, .room = TASK_TIMERS_INITIAL},
};

void task_enqueue(struct task_queue *queue, struct task *task)
{
    task->queue = queue;
    task->next = NULL;
    task->prev = queue->last;
    if (queue->last)
        queue->last->next = task;
    else
        queue->first = task;
    queue->last = task;
}

void task_dequeue(struct task *task)
{
    struct task_queue *queue = task->queue;

    if (queue == NULL)
        return;
    if (task->prev)
        task->prev->next = task->next;
    else
        queue->first = task->next;
    if (task->next)
        task->next->prev = task->prev;
    else
        queue->last = task->prev;
    task->queue = NULL;
}

void task_resume(struct task_sched *s, struct task *task, int result)
{
    task_timers_remove(&s->timers, task);
    task_dequeue(task);
    task->result = result;
    task_enqueue(&s->ready, task);
}

/* ---- Stacks ---- */

/* A task with a stack, which it lies on top of. */
static struct task *take_stack(struct task_sched *s)
{
    struct task *task = s->pool;
    char *stack;

    if (task) {
        s->pool = task->next;
        s->pool_count--;
        return task;
    }
    stack = task_stack_alloc();
    if (stack == NULL)
        return NULL;
    task = (struct task *)(stack + TASK_STACK_SIZE) - 1;
    task->stack = stack;
    return task;
}

static void return_stack(struct task_sched *s, struct task *task)
{
    if (s->pool_count == POOL_MAX) {
        task_stack_free(task->stack);
        return;
    }
    task->next = s->pool;
    s->pool = task;
    s->pool_count++;
}

/* ---- Start and end ---- */

static void run_task(void *arg)
{
    struct task *task = arg;

    task->fn(task->arg);
    task_sched.ended = task;
    fiber_exit(&task->fiber, &task_sched.main.fiber);
}

int task_spawn(void (*fn)(void *), void *arg)
{
    struct task_sched *s = &task_sched;
    struct task *task;
    void *stack;

    if (task_timers_reserve(&s->timers, s->count + 2) != 0) /* it, and main */
        return -ENOMEM;
    task = take_stack(s);
    if (task == NULL)
        return -ENOMEM;
    stack = task->stack;
    *task = (struct task){.fn = fn, .arg = arg, .stack = stack};
    fiber_init(&task->fiber, stack, ((uintptr_t)task & ~(uintptr_t)15) - (uintptr_t)stack, run_task,
               task);
    s->count++;
    task_enqueue(&s->ready, task);
    return 0;
}

void task_enter(struct task_sched *s, struct task *task)
{
    task_dequeue(task);
    if (task == &s->main) {
        s->main_ready = true;
        return;
    }
    s->current = task;
    fiber_switch(&s->main.fiber, &task->fiber);
    s->current = NULL;
    task_stack_check(task->stack);
    if (s->ended) {
        s->ended = NULL;
        s->count--;
        return_stack(s, task);
    }
}

/* ---- Waiting ---- */

/* Lets the loop run until the calling task is ready again. Main has the loop's stack, so it just
 * calls it. */
static int suspend(struct task_sched *s, struct task *self)
{
    assert(!s->in_poller);
    if (self == &s->main)
        task_loop_main(s);
    else
        fiber_switch(&self->fiber, &s->main.fiber);
    return self->result;
}

static struct task *self_of(struct task_sched *s)
{
    return s->current ? s->current : &s->main;
}

static int wait_until(struct task_sched *s, struct task_queue *queue, solo5_time_t deadline)
{
    struct task *self = self_of(s);

    if (deadline != TASK_NEVER) {
        self->deadline = deadline;
        task_timers_add(&s->timers, self);
    }
    if (queue)
        task_enqueue(queue, self);
    return suspend(s, self);
}

void task_yield(void)
{
    struct task_sched *s = &task_sched;
    struct task *self = self_of(s);

    task_enqueue(&s->ready, self);
    suspend(s, self);
}

void task_sleep(solo5_time_t nsecs)
{
    solo5_time_t deadline;

    if (__builtin_add_overflow(solo5_clock_monotonic(), nsecs, &deadline))
        deadline = TASK_NEVER;
    (void)wait_until(&task_sched, NULL, deadline);
}

int task_wait(struct task_queue *queue, solo5_time_t deadline)
{
    return wait_until(&task_sched, queue, deadline);
}

void task_wake(struct task_queue *queue)
{
    while (queue->first)
        task_resume(&task_sched, queue->first, 0);
}
