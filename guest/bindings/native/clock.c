// SPDX-License-Identifier: ISC
#include <solo5.h>
#include <time.h>

/* Both are read without a system call (vDSO). */
static solo5_time_t nanoseconds(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (solo5_time_t)now.tv_sec * 1000000000u + (solo5_time_t)now.tv_nsec;
}

solo5_time_t solo5_clock_monotonic(void)
{
    return nanoseconds(CLOCK_MONOTONIC);
}

solo5_time_t solo5_clock_wall(void)
{
    return nanoseconds(CLOCK_REALTIME);
}
