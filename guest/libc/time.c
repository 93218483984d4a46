// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <errno.h>
#include <solo5.h>
#include <stdbool.h>
#include <time.h>

#define NSECS_PER_SEC 1000000000

static bool is_monotonic(long clock)
{
    return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
           clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
}

static bool is_wall(long clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

long libc_clock_gettime(const long *a)
{
    struct timespec *ts = (void *)a[1];
    solo5_time_t now;

    if (is_monotonic(a[0]))
        now = solo5_clock_monotonic();
    else if (is_wall(a[0]))
        now = solo5_clock_wall();
    else
        return -EINVAL;
    *ts = (struct timespec){.tv_sec = (time_t)(now / NSECS_PER_SEC),
                            .tv_nsec = (long)(now % NSECS_PER_SEC)};
    return 0;
}

long libc_clock_getres(const long *a)
{
    struct timespec *ts = (void *)a[1];

    if (!is_monotonic(a[0]) && !is_wall(a[0]))
        return -EINVAL;
    if (ts)
        *ts = (struct timespec){.tv_nsec = 1};
    return 0;
}

/* Times beyond what 64 bits of nanoseconds hold are "never". */
static int to_nsecs(const struct timespec *ts, solo5_time_t *nsecs)
{
    if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSECS_PER_SEC)
        return -EINVAL;
    if (__builtin_mul_overflow((uint64_t)ts->tv_sec, (uint64_t)NSECS_PER_SEC, nsecs) ||
        __builtin_add_overflow(*nsecs, (uint64_t)ts->tv_nsec, nsecs))
        *nsecs = UINT64_MAX;
    return 0;
}

/*
 * A device that becomes ready wakes up solo5_yield; who sleeps here does not want to know, so its
 * next poll tells the driver. Code with several tasks sleeps by task_sleep, which lets the others
 * run.
 */
static void sleep_for(solo5_time_t nsecs)
{
    solo5_time_t now = solo5_clock_monotonic();
    solo5_time_t deadline = nsecs > UINT64_MAX - now ? UINT64_MAX : now + nsecs;

    while (solo5_clock_monotonic() < deadline)
        solo5_yield(deadline, NULL);
}

long libc_nanosleep(const long *a)
{
    solo5_time_t nsecs;

    if (to_nsecs((const void *)a[0], &nsecs) != 0)
        return -EINVAL;
    sleep_for(nsecs);
    return 0;
}

long libc_clock_nanosleep(const long *a)
{
    solo5_time_t nsecs;
    solo5_time_t now;

    if (!is_monotonic(a[0]) && !is_wall(a[0]))
        return -EINVAL;
    if ((a[1] & ~TIMER_ABSTIME) || to_nsecs((const void *)a[2], &nsecs) != 0)
        return -EINVAL;
    if (a[1] & TIMER_ABSTIME) {
        now = is_wall(a[0]) ? solo5_clock_wall() : solo5_clock_monotonic();
        nsecs = nsecs > now ? nsecs - now : 0;
    }
    sleep_for(nsecs);
    return 0;
}
