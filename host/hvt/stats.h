// SPDX-License-Identifier: ISC
/*
 * How often the guest left to the tender, and why: returns of KVM_RUN that the guest caused. What
 * the host's kernel handles by itself, and what a signal to the tender causes, is not counted.
 */
#ifndef PENSTOCK_HVT_STATS_H
#define PENSTOCK_HVT_STATS_H

#include <stdint.h>

struct stats {
    uint64_t io;    /* hypercalls and other port accesses */
    uint64_t mmio;  /* accesses to unmapped parts of a BAR */
    uint64_t other; /* the rest: what ends the guest */
};

void stats_count(struct stats *stats, uint32_t exit_reason);

/* One line on stderr: "exits=N io=N mmio=N other=N". */
void stats_print(const struct stats *stats);

#endif
