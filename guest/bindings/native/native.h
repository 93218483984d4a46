// SPDX-License-Identifier: ISC
/*
 * A unikernel as an ordinary Linux process, which is its own tender: what these bindings share
 * among themselves.
 *
 * Threads: the unikernel's is the main one. Two more sleep, one until a signal asks the process to
 * end, one until a device is lost; `lock` keeps them and the unikernel's calls apart.
 */
#ifndef PENSTOCK_BINDINGS_NATIVE_H
#define PENSTOCK_BINDINGS_NATIVE_H

#include <poll.h>
#include <pthread.h>
#include <solo5.h>

#include "guest/bindings/common/io_info.h"
#include "guest/bindings/common/log.h"
#include "guest/bindings/common/pci_info.h"
#include "host/tender/module_block.h"
#include "host/tender/module_net.h"
#include "host/tender/module_pci.h"
#include "host/tender/options.h"

struct native {
    struct log log;
    const struct mft *mft; /* the program's */
    bool misused;          /* the command line has a word that is no option */
    uint64_t heap_size;    /* bytes; 0: malloc() has it all */
    char cmdline[HVT_CMDLINE_SIZE];
    pthread_mutex_t lock; /* of pci: its devices are used by one thread at a time */
    struct tender_pci pci;
    struct hvt_ext *ext;
    struct pci_table table;
    struct mft *guest_mft; /* the same with what was attached */
    struct tender_net net; /* these two are the unikernel's thread's alone */
    struct tender_block block;
    struct io_table io;
    unsigned poll_count; /* for solo5_yield: interrupts and network devices, one of both each */
    struct pollfd poll[MFT_MAX_ENTRIES - 1];
    struct tender_pci_device *poll_pci[MFT_MAX_ENTRIES - 1];
    struct tender_net_device *poll_net[MFT_MAX_ENTRIES - 1];
};

/* The one of this process: the calls of solo5.h name no object. */
extern struct native native;

/* options.c */

/* Whether --help or --version was asked for; then it has been answered on stdout. */
bool native_options_answered(int argc, char **argv);

/* How to call it, on stderr. */
void native_usage(void);

/* Applies the options and joins what follows to the command line. native.pci knows the manifest. */
int native_options_apply(int argc, char **argv, struct tender_error *error);

/* yield.c */

/* What solo5_yield waits for: all devices are open. */
void native_poll_init(void);

/* end.c */

/* Blocks the signals that end a process, and starts a thread that waits for them. Before any other
 * thread is started. */
int native_catch_signals(struct tender_error *error);

/* For tender_pci_watch: says it and ends the process. */
void native_device_lost(void *arg, const char *reason);

/* Stops the devices and frees what is theirs. Of the unikernel's thread, without `lock`. */
void native_stop_devices(void);

/* Stops the devices before the process dies of what it did: to be called from its only thread. */
int native_catch_faults(struct tender_error *error);

#endif
