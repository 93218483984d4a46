// SPDX-License-Identifier: ISC
#include "timers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sched.h"

int task_timers_reserve(struct task_timers *timers, size_t n)
{
    size_t room = timers->room;
    struct task **heap;

    if (n <= room)
        return 0;
    while (room < n)
        room *= 2;
    heap = malloc(room * sizeof(struct task *));
    if (heap == NULL)
        return -ENOMEM;
    memcpy(heap, timers->heap, timers->count * sizeof(struct task *));
    if (timers->heap != timers->initial)
        free(timers->heap);
    timers->heap = heap;
    timers->room = room;
    return 0;
}

static void put(struct task_timers *timers, size_t i, struct task *task)
{
    timers->heap[i] = task;
    task->timer = i + 1;
}

static void sift_up(struct task_timers *timers, size_t i, struct task *task)
{
    while (i > 0 && timers->heap[(i - 1) / 2]->deadline > task->deadline) {
        put(timers, i, timers->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(timers, i, task);
}

static void sift_down(struct task_timers *timers, size_t i, struct task *task)
{
    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < timers->count &&
            timers->heap[child + 1]->deadline < timers->heap[child]->deadline)
            child++;
        if (child >= timers->count || timers->heap[child]->deadline >= task->deadline)
            break;
        put(timers, i, timers->heap[child]);
        i = child;
    }
    put(timers, i, task);
}

void task_timers_add(struct task_timers *timers, struct task *task)
{
    sift_up(timers, timers->count++, task);
}

void task_timers_remove(struct task_timers *timers, struct task *task)
{
    size_t i = task->timer - 1;
    struct task *last;

    if (task->timer == 0)
        return;
    task->timer = 0;
    last = timers->heap[--timers->count];
    if (last == task)
        return;
    if (i > 0 && timers->heap[(i - 1) / 2]->deadline > last->deadline)
        sift_up(timers, i, last);
    else
        sift_down(timers, i, last);
}

struct task *task_timers_first(const struct task_timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}
