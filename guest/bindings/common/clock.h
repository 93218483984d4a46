// SPDX-License-Identifier: ISC
/*
 * Time from a counter of constant frequency, and a wall clock that asks its host seldom.
 */
#ifndef PENSTOCK_BINDINGS_CLOCK_H
#define PENSTOCK_BINDINGS_CLOCK_H

#include <solo5.h>
#include <stdint.h>

/* Nanoseconds per tick, as mult / 2^shift. */
struct tick_scale {
    uint64_t mult;
    unsigned shift;
};

/* For a counter of `frequency` Hz, not 0; exact to 1 part in 2^32 or better from 1 Hz up. */
void tick_scale_init(struct tick_scale *scale, uint64_t frequency);

static inline solo5_time_t tick_scale_nsecs(const struct tick_scale *scale, uint64_t ticks)
{
    return (solo5_time_t)(((unsigned __int128)ticks * scale->mult) >> scale->shift);
}

/*
 * The host's wall clock as it was at a moment of the monotonic clock. It is carried on by the
 * monotonic clock for WALL_FRESH, then asked for again: what the host's clock does (NTP, a step by
 * hand, suspend) arrives here at most that much later, and a unikernel that asks for the time with
 * each packet causes ten exits a second.
 */
#define WALL_FRESH 100000000ull /* ns */

struct wall_clock {
    solo5_time_t wall;
    solo5_time_t monotonic; /* when it was read; UINT64_MAX: never */
};

#define WALL_CLOCK_UNREAD ((struct wall_clock){.monotonic = UINT64_MAX})

/* True if `now` is too far from the last reading. */
static inline int wall_clock_is_stale(const struct wall_clock *clock, solo5_time_t now)
{
    return now < clock->monotonic || now - clock->monotonic >= WALL_FRESH;
}

static inline solo5_time_t wall_clock_at(const struct wall_clock *clock, solo5_time_t now)
{
    return clock->wall + (now - clock->monotonic);
}

#endif
