// SPDX-License-Identifier: ISC
#include "guest/bindings/common/clock.h"

#define NSECS_PER_SEC 1000000000ull

/* The largest shift whose mult fits 64 bits: at least 33 for a counter of 1 Hz and 64 or more for
 * one above 1 GHz. */
void tick_scale_init(struct tick_scale *scale, uint64_t frequency)
{
    unsigned __int128 mult = 0;
    unsigned shift = 94; /* NSECS_PER_SEC has 30 bits: this fills 124 */

    do {
        shift--;
        mult = ((unsigned __int128)NSECS_PER_SEC << shift) / frequency;
    } while (mult >> 64);
    scale->mult = (uint64_t)mult;
    scale->shift = shift;
}
