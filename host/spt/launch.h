// SPDX-License-Identifier: ISC
/*
 * The last step of the tender in the guest's process: code and data that lie in the guest's own
 * memory, because they unmap everything else.
 */
#ifndef PENSTOCK_SPT_LAUNCH_H
#define PENSTOCK_SPT_LAUNCH_H

#include <assert.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "host/spt/spt.h"

#define LAUNCH_CODE_AT   SPT_HOST_MEM_BASE /* the page below the boot info */
#define LAUNCH_FILTER_AT 0xf0000u
#define LAUNCH_DATA_AT   0xf8000u

#define LAUNCH_GAPS_MAX 512

struct launch_gap {
    uint64_t addr;
    uint64_t size;
};

/* launch_x86_64.S knows these offsets. */
struct launch {
    struct sock_fprog filter;
    uint64_t entry;
    uint64_t stack;
    uint64_t boot_info;
    uint64_t extension;
    uint64_t gaps_count;
    struct launch_gap gaps[LAUNCH_GAPS_MAX]; /* what is unmapped */
};
static_assert(sizeof(struct sock_fprog) == 16, "launch_x86_64.S");
static_assert(offsetof(struct launch, entry) == 16, "launch_x86_64.S");
static_assert(offsetof(struct launch, stack) == 24, "launch_x86_64.S");
static_assert(offsetof(struct launch, boot_info) == 32, "launch_x86_64.S");
static_assert(offsetof(struct launch, extension) == 40, "launch_x86_64.S");
static_assert(offsetof(struct launch, gaps_count) == 48, "launch_x86_64.S");
static_assert(offsetof(struct launch, gaps) == 56, "launch_x86_64.S");
static_assert(LAUNCH_DATA_AT + sizeof(struct launch) <= SPT_GUEST_MIN_BASE, "it fits");

/*
 * launch_x86_64.S: unmaps the gaps, sets the base of %fs to 0, loads the filter and enters the
 * guest. Works wherever it is copied to.
 */
void spt_launch_code(const struct launch *launch) __attribute__((noreturn));
extern const char spt_launch_code_end[];

/* filter.c: makes the filter and writes it to `program` (BPF_MAXINSNS instructions), its length to
 * *length. */
int spt_filter_make(struct spt *spt, struct sock_filter *program, unsigned short *length);

/*
 * gaps.c: what lies between the guest's memory, its BARs and its DMA windows, up to the end of the
 * address space. Returns their number, at most LAUNCH_GAPS_MAX.
 */
unsigned spt_gaps(const struct spt *spt, struct launch_gap *gaps);

#endif
