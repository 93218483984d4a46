// SPDX-License-Identifier: ISC
/*
 * What the bindings for spt share among themselves.
 */
#ifndef PENSTOCK_BINDINGS_SPT_GUEST_H
#define PENSTOCK_BINDINGS_SPT_GUEST_H

#include <solo5.h>

#include "abi/spt.h"
#include "guest/bindings/common/clock.h"
#include "guest/bindings/common/io_info.h"
#include "guest/bindings/common/log.h"
#include "guest/bindings/common/pci_info.h"
#include "guest/bindings/spt/carry.h"

struct spt_guest {
    const struct spt_boot_info *boot;
    const struct mft *mft;
    const struct spt_ext *ext; /* NULL under a tender that has none: Solo5's */
    struct log log;
    bool counts; /* the processor's counter can carry the clock on */
    struct carry clock;
    struct wall_clock wall;
    solo5_time_t armed; /* what the timer was last set to; 0: never */
    uint64_t masked;    /* bit h: device h has masked itself with the interrupt that was taken */
    struct pci_table pci;
    struct io_table io;
};

/* The one of this unikernel: the calls of solo5.h name no object. */
extern struct spt_guest spt_guest;

/* Called by _start. `magic` says whether ext is one. It chooses the stack protector's guard, so its
 * own frame has none. */
void spt_start(const struct spt_boot_info *boot, const struct spt_ext *ext, uint64_t magic)
    __attribute__((noreturn, no_stack_protector));

/* clock.c: what the host says, asked now. */
solo5_time_t spt_clock_read(void);

/* pci.c: the tender does it: SOLO5_R_EUNSPEC if it does not answer. */
solo5_result_t spt_ask(struct spt_request *request);

#endif
