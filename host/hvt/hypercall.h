// SPDX-License-Identifier: ISC
/*
 * The hypercalls of abi/hvt.h, by device. Each gets its argument by copy (the guest's may lie at
 * any address), and returns HVT_CONTINUE, HVT_ENDED, or a negative errno with hvt->error: what a
 * guest may try and fail at is an answer in `ret`, what it must not do is an error.
 */
#ifndef PENSTOCK_HVT_HYPERCALL_H
#define PENSTOCK_HVT_HYPERCALL_H

#include "host/hvt/hvt.h"

union argument {
    struct hvt_walltime walltime;
    struct hvt_puts puts;
    struct hvt_poll poll;
    struct hvt_block_io block_io;
    struct hvt_net_io net_io;
    struct hvt_halt halt;
    struct hvt_set_tls_base set_tls_base;
    struct hvt_pci_config_read config_read;
    struct hvt_pci_region_access region_access;
    struct hvt_block_flush block_flush;
    struct hvt_block_discard block_discard;
};

/* The guest named memory that it does not have. Returns -EFAULT. */
int hvt_bad_access(struct hvt *hvt, uint64_t addr, uint64_t size);

/* poll.c */
int hvt_poll(struct hvt *hvt, union argument *arg);

/* hypercall_io.c */
int hvt_net_write(struct hvt *hvt, union argument *arg);
int hvt_net_read(struct hvt *hvt, union argument *arg);
int hvt_block_write(struct hvt *hvt, union argument *arg);
int hvt_block_read(struct hvt *hvt, union argument *arg);
int hvt_block_flush(struct hvt *hvt, union argument *arg);
int hvt_block_discard(struct hvt *hvt, union argument *arg);

#endif
