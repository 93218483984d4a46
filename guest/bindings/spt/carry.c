// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/carry.h"

void carry_read(struct carry *carry, uint64_t ticks, uint64_t ns)
{
    uint64_t ran, took;

    if (carry->first_ns == 0 || ns <= carry->first_ns || ticks <= carry->first_ticks) {
        carry->first_ticks = ticks;
        carry->first_ns = ns;
    }
    carry->ticks = ticks;
    carry->ns = ns;
    ran = ticks - carry->first_ticks;
    took = ns - carry->first_ns;
    carry->limit = ran / 8;
    if (ran == 0)
        return;
    carry->mult = (uint64_t)(((unsigned __int128)took << CARRY_SHIFT) / ran);
    if (took / 8 > CARRY_MAX)
        carry->limit = (uint64_t)((unsigned __int128)ran * CARRY_MAX / took);
}

bool carry_on(struct carry *carry, uint64_t ticks, uint64_t *ns)
{
    uint64_t ran = ticks - carry->ticks;
    uint64_t now;

    /* Also a counter that went back. */
    if (ran >= carry->limit)
        return false;
    now = carry->ns + (uint64_t)(((unsigned __int128)ran * carry->mult) >> CARRY_SHIFT);
    if (now > carry->latest)
        carry->latest = now;
    *ns = carry->latest;
    return true;
}
