// SPDX-License-Identifier: ISC
/* The loop: it polls while there is work and for a while longer, then sleeps (the thesis, 4.3.1).
 */
#include "sched.h"

#include <errno.h>

#define POLL_ON_NS   200000u /* how long it goes on polling when nothing happens */
#define UNARMED_NS   100000u /* the longest sleep with a device that cannot wake us */
#define SLEEP_MAX_NS (3600u * 1000000000ull) /* the longest sleep at all */

void task_poller_add(struct task_poller *poller)
{
    poller->next = task_sched.pollers;
    task_sched.pollers = poller;
}

/* Each task that is ready now, once. Those that become ready meanwhile wait for the next round,
 * after the pollers. */
static bool run_ready(struct task_sched *s)
{
    struct task *last = s->ready.last;
    struct task *task;
    bool found = last != NULL;

    while (last) {
        task = s->ready.first;
        if (task == last)
            last = NULL;
        task_enter(s, task);
    }
    return found;
}

static bool run_pollers(struct task_sched *s)
{
    bool found = false;

    s->in_poller = true;
    for (struct task_poller *p = s->pollers; p; p = p->next)
        found |= p->poll(p);
    s->in_poller = false;
    return found;
}

static bool run_timers(struct task_sched *s, solo5_time_t now)
{
    bool found = false;
    struct task *task;

    while ((task = task_timers_first(&s->timers)) != NULL && task->deadline <= now) {
        task_resume(s, task, -ETIMEDOUT);
        found = true;
    }
    return found;
}

/* Asks every poller for an interrupt. False if one of them has work. */
static bool arm_pollers(struct task_sched *s, solo5_time_t now, solo5_time_t *deadline)
{
    bool quiet = true;

    s->in_poller = true;
    for (struct task_poller *p = s->pollers; p && quiet; p = p->next) {
        int err = p->arm ? p->arm(p, deadline) : 0;

        if (err == -ENOTSUP && *deadline > now + UNARMED_NS)
            *deadline = now + UNARMED_NS;
        else if (err != 0 && err != -ENOTSUP)
            quiet = false;
    }
    s->in_poller = false;
    return quiet;
}

static void sleep_until_work(struct task_sched *s, solo5_time_t now)
{
    struct task *first = task_timers_first(&s->timers);
    solo5_time_t deadline = now + SLEEP_MAX_NS;
    solo5_handle_set_t ready;

    if (first && first->deadline < deadline)
        deadline = first->deadline;
    if (!arm_pollers(s, now, &deadline))
        return;
    solo5_yield(deadline, &ready);
    s->now = solo5_clock_monotonic();
    for (struct task_poller *p = s->pollers; p; p = p->next)
        p->ready |= ready;
}

static void run_round(struct task_sched *s)
{
    bool found = run_ready(s);

    found |= run_pollers(s);
    s->now = solo5_clock_monotonic();
    found |= run_timers(s, s->now);
    if (found || s->ready.first) {
        s->idle = false;
    } else if (!s->idle) {
        s->idle = true;
        s->idle_since = s->now;
    } else if (s->now - s->idle_since >= POLL_ON_NS) {
        sleep_until_work(s, s->now);
    }
}

solo5_time_t task_now(void)
{
    return task_sched.now;
}

void task_loop_main(struct task_sched *s)
{
    s->main_ready = false;
    while (!s->main_ready)
        run_round(s);
}

void task_run(void)
{
    while (task_sched.count > 0)
        run_round(&task_sched);
}
