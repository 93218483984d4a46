// SPDX-License-Identifier: ISC
/* The data thread: polls all devices while there is work, and sleeps when there is none. */
#ifndef PENSTOCK_EMU_LOOP_H
#define PENSTOCK_EMU_LOOP_H

#include <stdbool.h>

#include "device.h"
#include "lock.h"

#define EMU_DEVICES_MAX 16u

struct emu_loop {
    struct emu_lock *lock;
    struct emu_device *devs[EMU_DEVICES_MAX];
    unsigned count;
    int kick_fd; /* eventfd: wakes the thread */
    atomic_bool asleep;
    atomic_bool stop;
    atomic_int tid; /* of the thread; 0 until it runs */
    pthread_t thread;
};

/* Starts the thread, on CPU `cpu` only unless that is -1. devs and lock are set. 0 or -errno. */
int emu_loop_start(struct emu_loop *loop, int cpu);
void emu_loop_stop(struct emu_loop *loop);

/* An active device may have something to do now; to be called without the lock, after a request. */
void emu_loop_kick(struct emu_loop *loop);

#endif
