// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

static solo5_time_t host_clock(int clock)
{
    struct sys_timespec now = {0};

    sys_clock_gettime(clock, &now);
    return (solo5_time_t)now.sec * 1000000000u + (solo5_time_t)now.nsec;
}

solo5_time_t spt_clock_read(void)
{
    struct carry *clock = &spt_guest.clock;
    uint64_t ticks = sys_ticks();
    solo5_time_t now = host_clock(SYS_CLOCK_MONOTONIC);

    if (spt_guest.counts)
        carry_read(clock, ticks, now);
    if (now > clock->latest)
        clock->latest = now;
    return clock->latest;
}

solo5_time_t solo5_clock_monotonic(void)
{
    solo5_time_t now;

    if (spt_guest.counts && carry_on(&spt_guest.clock, sys_ticks(), &now))
        return now;
    return spt_clock_read();
}

solo5_time_t solo5_clock_wall(void)
{
    solo5_time_t now = solo5_clock_monotonic();

    if (wall_clock_is_stale(&spt_guest.wall, now)) {
        solo5_time_t wall = host_clock(SYS_CLOCK_REALTIME);

        now = solo5_clock_monotonic();
        spt_guest.wall = (struct wall_clock){.wall = wall, .monotonic = now};
    }
    return wall_clock_at(&spt_guest.wall, now);
}
