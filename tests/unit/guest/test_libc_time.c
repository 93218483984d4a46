// SPDX-License-Identifier: ISC
/* The libc's clocks and sleeps, on a clock of this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <time.h>

#include "fake_time.h"
#include "guest/libc/libc.h"

#define WALL_OFFSET 1700000000000000000ull

static int setup(void **state)
{
    (void)state;
    fake_time = (struct fake_time){.now = 5000000000, .wall_offset = WALL_OFFSET};
    return 0;
}

static long gettime(long clock, struct timespec *ts)
{
    return libc_clock_gettime((long[]){clock, (long)ts});
}

static void clocks_are_monotonic_or_wall(void **state)
{
    struct timespec ts;

    (void)state;
    assert_int_equal(gettime(CLOCK_MONOTONIC, &ts), 0);
    assert_int_equal(ts.tv_sec, 5);
    assert_int_equal(gettime(CLOCK_REALTIME, &ts), 0);
    assert_int_equal(ts.tv_sec, 1700000005);
    assert_int_equal(gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), -EINVAL);
    assert_int_equal(gettime(-1, &ts), -EINVAL);
    assert_int_equal(libc_clock_getres((long[]){CLOCK_MONOTONIC, (long)&ts}), 0);
    assert_int_equal(ts.tv_nsec, 1);
    assert_int_equal(libc_clock_getres((long[]){CLOCK_MONOTONIC, 0}), 0);
    assert_int_equal(libc_clock_getres((long[]){99, 0}), -EINVAL);
}

static long sleep_until(long clock, long flags, struct timespec ts)
{
    return libc_clock_nanosleep((long[]){clock, flags, (long)&ts, 0});
}

static void sleeps_take_their_time(void **state)
{
    struct timespec ts = {2, 500000000};

    (void)state;
    assert_int_equal(libc_nanosleep((long[]){(long)&ts, 0}), 0);
    assert_in_range(fake_time.slept, 2499000000, 2500000000);
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, 0, (struct timespec){1, 0}), 0);
    assert_in_range(fake_time.slept, 3498000000, 3500000000);
}

static void sleeps_can_be_until_a_time(void **state)
{
    (void)state;
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, TIMER_ABSTIME, (struct timespec){6, 0}), 0);
    assert_in_range(fake_time.now, 6000000000, 6001000000);
    assert_int_equal(sleep_until(CLOCK_REALTIME, TIMER_ABSTIME, (struct timespec){1700000008, 0}),
                     0);
    assert_in_range(fake_time.now, 8000000000, 8001000000);
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, TIMER_ABSTIME, (struct timespec){1, 0}), 0);
    assert_in_range(fake_time.now, 8000000000, 8001000000);
}

static void bad_times_are_refused(void **state)
{
    (void)state;
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, 0, (struct timespec){0, 1000000000}), -EINVAL);
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, 0, (struct timespec){0, -1}), -EINVAL);
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, 0, (struct timespec){-1, 0}), -EINVAL);
    assert_int_equal(sleep_until(CLOCK_MONOTONIC, 8, (struct timespec){0, 0}), -EINVAL);
    assert_int_equal(sleep_until(99, 0, (struct timespec){0, 0}), -EINVAL);
    assert_int_equal(fake_time.yields, 0);
}

static jmp_buf awake;

static solo5_time_t wake_from_eternity(solo5_time_t deadline)
{
    assert_true(deadline == UINT64_MAX);
    longjmp(awake, 1);
}

static void times_beyond_64_bits_are_never(void **state)
{
    (void)state;
    fake_time.wakes = wake_from_eternity;
    if (setjmp(awake) == 0) {
        sleep_until(CLOCK_MONOTONIC, 0, (struct timespec){INT64_MAX, 999999999});
        fail();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(clocks_are_monotonic_or_wall, setup),
        cmocka_unit_test_setup(sleeps_take_their_time, setup),
        cmocka_unit_test_setup(sleeps_can_be_until_a_time, setup),
        cmocka_unit_test_setup(bad_times_are_refused, setup),
        cmocka_unit_test_setup(times_beyond_64_bits_are_never, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
