// SPDX-License-Identifier: ISC
/* Counters of a NIC as one line of JSON: what --stats prints. */
#ifndef PENSTOCK_EMU_STATS_H
#define PENSTOCK_EMU_STATS_H

#include <stdio.h>

#include "device.h"

/* Of the data thread; 0 where the kernel does not tell (CONFIG_SCHED_INFO). */
struct emu_times {
    uint64_t cpu_ns;  /* it ran */
    uint64_t wait_ns; /* it was ready to run while others ran */
};

/* What was counted up to some moment; the figures "since the last line" are the difference of two.
 */
struct emu_snapshot {
    uint64_t time; /* ns */
    struct emu_stats device;
    struct port_stats port;
    uint64_t dma_faults;
    struct emu_times times;
};

struct emu_times emu_times_read(int tid);

/* With the lock held; leaves `times` to the caller. */
void emu_snapshot_take(struct emu_snapshot *snapshot, const struct emu_device *dev);

/*
 * One line: counters since the start, then rates over the time since `last`, among them the shares
 * of that time that the data thread ran ("cpu") and was kept from running by others ("lost").
 */
void emu_stats_print(FILE *out, const char *nic, const struct emu_snapshot *now,
                     const struct emu_snapshot *last);

#endif
