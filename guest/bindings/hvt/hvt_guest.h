// SPDX-License-Identifier: ISC
/*
 * What the bindings for hvt share among themselves.
 */
#ifndef PENSTOCK_BINDINGS_HVT_GUEST_H
#define PENSTOCK_BINDINGS_HVT_GUEST_H

#include <solo5.h>

#include "abi/hvt.h"
#include "guest/bindings/common/clock.h"
#include "guest/bindings/common/io_info.h"
#include "guest/bindings/common/log.h"
#include "guest/bindings/common/pci_info.h"

struct hvt_guest {
    const struct hvt_boot_info *boot;
    const struct hvt_ext *ext; /* NULL under a tender that has none: Solo5's, at CPL 0 */
    struct log log;
    struct tick_scale ticks;
    struct wall_clock wall;
    struct pci_table pci;
    struct io_table io;
};

/* The one of this unikernel: the calls of solo5.h name no object. */
extern struct hvt_guest hvt_guest;

/* Called by _start. It chooses the stack protector's guard, so its own frame has none. */
void hvt_start(const struct hvt_boot_info *boot, const struct hvt_ext *ext)
    __attribute__((noreturn, no_stack_protector));

#endif
