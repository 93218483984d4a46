// SPDX-License-Identifier: ISC
/*
 * What can happen to a tender while its guest runs: signals, and devices that go away.
 *
 * The signals are blocked, and read from a descriptor when it suits; KVM_RUN alone unblocks them,
 * and comes back. So none is lost between a check and the next entry, there is no handler, and no
 * state outside of objects.
 */
#ifndef PENSTOCK_HVT_EVENTS_H
#define PENSTOCK_HVT_EVENTS_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/hvt/stats.h"
#include "host/tender/error.h"
#include "host/tender/module_pci.h"

struct events {
    int fd; /* signalfd; -1: closed */
    pthread_t thread;
    const struct stats *stats; /* what SIGUSR1 prints */
    bool debugged; /* EVENTS_KICK ends events_wait early: a debugger may want to stop the guest */
    bool kicked;
    _Atomic(const char *) lost; /* why the guest has to end; NULL: it has not */
};

#define EVENTS_NEVER UINT64_MAX

/* The signal that wakes the thread of events_open. */
#define EVENTS_KICK SIGUSR2

/* Blocks the signals in this thread and those that it starts; this thread is the one that
 * events_lost wakes up. */
int events_open(struct events *events, const struct stats *stats, struct tender_error *error);

void events_close(struct events *events);

/* What KVM_RUN has to keep blocked (the first 64 bits of a sigset_t). */
uint64_t events_run_mask(void);

/* Handles what has happened. -EINTR: the guest has to end, the message says why. */
int events_check(struct events *events, struct tender_error *error);

/*
 * Waits until one of fds[0..count) is ready (its number is returned, their revents are set) or
 * `deadline` (CLOCK_MONOTONIC, ns; EVENTS_NEVER) has passed (0). -EINTR as above. fds has room for
 * one more.
 */
int events_wait(struct events *events, struct pollfd *fds, unsigned count, uint64_t deadline,
                struct tender_error *error);

/* CLOCK_MONOTONIC in ns. */
uint64_t events_now(void);

/* For tender_pci_watch: `arg` is a struct events. */
void events_lost(void *arg, const char *reason);

#endif
