// SPDX-License-Identifier: ISC
#include "fake_time.h"

#include <stdio.h>
#include <stdlib.h>

#define STEP_NS 1000

struct fake_time fake_time = {.now = 1000000000};

solo5_time_t solo5_clock_monotonic(void)
{
    return fake_time.now += STEP_NS;
}

solo5_time_t solo5_clock_wall(void)
{
    return fake_time.now + fake_time.wall_offset;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set)
{
    solo5_time_t wake = fake_time.wakes ? fake_time.wakes(deadline) : deadline;

    if (wake > deadline)
        wake = deadline;
    fake_time.yields++;
    if (wake > fake_time.now) {
        fake_time.slept += wake - fake_time.now;
        fake_time.now = wake;
    }
    if (ready_set)
        *ready_set = fake_time.ready;
    fake_time.ready = 0;
}

void solo5_console_write(const char *buf, size_t size)
{
    fwrite(buf, 1, size, stderr);
}

void solo5_abort(void)
{
    abort();
}
