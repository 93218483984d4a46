// SPDX-License-Identifier: ISC
/*
 * The processor's part in the order between memory and device, for penstock/pci.h. x86-64: stores
 * are seen in their order and loads happen in theirs, uncached ones included (SDM volume
 * 3, 10.2.2); only the compiler has to be kept in line.
 */
#ifndef PENSTOCK_BARRIER_H
#define PENSTOCK_BARRIER_H

static inline void barrier_before_write(void)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void barrier_after_read(void)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

#endif
