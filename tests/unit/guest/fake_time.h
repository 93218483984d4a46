// SPDX-License-Identifier: ISC
/* Time and sleep for tests: a clock that moves only when it is read or slept on, so that no test
 * waits or depends on load. */
#ifndef PENSTOCK_TESTS_FAKE_TIME_H
#define PENSTOCK_TESTS_FAKE_TIME_H

#include <solo5.h>

struct fake_time {
    solo5_time_t now;         /* what solo5_clock_monotonic returns; each call adds a microsecond */
    solo5_time_t wall_offset; /* what solo5_clock_wall adds to it */
    unsigned yields;          /* calls of solo5_yield */
    solo5_time_t slept;       /* nanoseconds, in all */
    solo5_handle_set_t ready; /* what the next solo5_yield reports */
    /* If not NULL: when, before `deadline`, something wakes the sleeper. */
    solo5_time_t (*wakes)(solo5_time_t deadline);
};

extern struct fake_time fake_time;

#endif
