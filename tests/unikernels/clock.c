// SPDX-License-Identifier: ISC
/* Clocks and sleep. Prints both clocks at once, for the test to compare with the host's. */
#include <inttypes.h>
#include <solo5.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

#define MSEC 1000000ull

static solo5_time_t yield_for(solo5_time_t nsecs)
{
    solo5_time_t start = solo5_clock_monotonic();
    solo5_handle_set_t ready = ~0ull;

    solo5_yield(start + nsecs, &ready);
    EXPECT(ready == 0);
    return solo5_clock_monotonic() - start;
}

static void time_goes_forward(void)
{
    solo5_time_t last = solo5_clock_monotonic();
    solo5_time_t first = last;

    for (int i = 0; i < 100000; i++) {
        solo5_time_t now = solo5_clock_monotonic();

        EXPECT(now >= last);
        last = now;
    }
    EXPECT(last > first);
}

static void yield_waits_until_the_deadline(void)
{
    solo5_time_t waited = yield_for(50 * MSEC);

    EXPECT(waited >= 50 * MSEC && waited < 1000 * MSEC);
    waited = yield_for(MSEC / 10);
    EXPECT(waited >= MSEC / 10);
}

/* A poll, many times over: were it to wait at all, this would take far longer. */
static void a_passed_deadline_polls(void)
{
    solo5_time_t start = solo5_clock_monotonic();
    solo5_handle_set_t ready = ~0ull;

    for (int i = 0; i < 100; i++) {
        solo5_yield(0, &ready);
        EXPECT(ready == 0);
        solo5_yield(start, NULL);
    }
    EXPECT(solo5_clock_monotonic() - start < 1000 * MSEC);
}

static void the_libc_sleeps(void)
{
    solo5_time_t start = solo5_clock_monotonic();
    struct timespec until;

    EXPECT(usleep(20000) == 0);
    EXPECT(solo5_clock_monotonic() - start >= 20 * MSEC);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 30 * (long)MSEC;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    EXPECT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    EXPECT(solo5_clock_monotonic() - start >= 50 * MSEC);
    EXPECT(solo5_clock_monotonic() - start < 2000 * MSEC);
}

static void the_clocks_agree(void)
{
    struct timespec now;
    solo5_time_t wall = solo5_clock_wall();
    solo5_time_t monotonic = solo5_clock_monotonic();

    EXPECT(time(NULL) - (time_t)(wall / 1000000000) <= 1);
    EXPECT(clock_gettime(CLOCK_REALTIME, &now) == 0);
    EXPECT(now.tv_sec - (time_t)(wall / 1000000000) <= 1);
    EXPECT(clock_gettime(CLOCK_THREAD_CPUTIME_ID + 100, &now) == -1);
    yield_for(200 * MSEC); /* longer than a reading of the wall clock is carried on */
    wall = solo5_clock_wall() - wall;
    monotonic = solo5_clock_monotonic() - monotonic;
    EXPECT(wall + 50 * MSEC > monotonic && monotonic + 50 * MSEC > wall);
}

int solo5_app_main(const struct solo5_start_info *info)
{
    (void)info;
    time_goes_forward();
    yield_waits_until_the_deadline();
    a_passed_deadline_polls();
    the_libc_sleeps();
    the_clocks_agree();
    printf("wall %" PRIu64 "\n", solo5_clock_wall());
    return success();
}
