// SPDX-License-Identifier: ISC
/*
 * The lock around all devices. The data thread holds it while it polls and lets it go only when
 * somebody waits: an ordinary mutex would let the thread that has just released it win it back
 * nearly always.
 */
#ifndef PENSTOCK_EMU_LOCK_H
#define PENSTOCK_EMU_LOCK_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct emu_lock {
    pthread_mutex_t mutex;
    atomic_uint waiting; /* threads that want it from the data thread */
};

#define EMU_LOCK_INIT ((struct emu_lock){.mutex = PTHREAD_MUTEX_INITIALIZER})

/* For every thread but the data thread. The holder gives way after one round of polls, so trying a
 * little saves two switches. */
static inline void emu_lock_take(struct emu_lock *lock)
{
    atomic_fetch_add(&lock->waiting, 1);
    for (unsigned i = 0; i < 64; i++) {
        if (pthread_mutex_trylock(&lock->mutex) == 0) {
            atomic_fetch_sub(&lock->waiting, 1);
            return;
        }
        sched_yield();
    }
    pthread_mutex_lock(&lock->mutex);
    atomic_fetch_sub(&lock->waiting, 1);
}

static inline void emu_lock_release(struct emu_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

/* For the data thread, which holds it: whoever waits goes first. */
static inline void emu_lock_give_way(struct emu_lock *lock)
{
    if (atomic_load_explicit(&lock->waiting, memory_order_relaxed) == 0)
        return;
    pthread_mutex_unlock(&lock->mutex);
    while (atomic_load(&lock->waiting) != 0)
        sched_yield();
    pthread_mutex_lock(&lock->mutex);
}

#endif
