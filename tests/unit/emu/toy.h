// SPDX-License-Identifier: ISC
/*
 * The least device that uses everything a server gives: BAR 0 of 16 KiB whose second page is hot.
 *   0x00 + 4 i   plain registers, i < 64 (trapped)
 *   0x200        a write of an IOVA stores TOY_MARK there by DMA, if bus mastering is on
 *   0x208        a write raises that vector
 *   0x1000       hot: while it is not 0, poll adds it to the register at 0x00 and clears it
 */
#ifndef PENSTOCK_TESTS_EMU_TOY_H
#define PENSTOCK_TESTS_EMU_TOY_H

#include "emu/device.h"

#define TOY_BAR_SIZE 0x4000u
#define TOY_REGS     64u
#define TOY_DMA      0x200u
#define TOY_RAISE    0x208u
#define TOY_HOT      0x1000u
#define TOY_MARK     0x5a5aa5a5c3c33c3cull
#define TOY_VECTORS  4u

struct toy {
    struct emu_device dev;
    uint32_t regs[TOY_REGS];
    unsigned resets;
    unsigned polls;         /* atomic: looked at while the threads run */
    bool active;            /* what ops->active says */
    unsigned last_size;     /* of the last access */
    unsigned config_writes; /* calls of config_written */
};

/* Never fails but for want of memory, and then it aborts the test. */
struct toy *toy_create(void);

static inline void toy_destroy(struct toy *toy)
{
    toy->dev.ops->destroy(&toy->dev);
}

/* How many descriptors this process has open: to find leaks. */
unsigned open_fds(void);

/* A memfd of `size` bytes whose 8-byte words are their own offset | tag. */
int memory_file(uint64_t size, uint64_t tag);

#endif
