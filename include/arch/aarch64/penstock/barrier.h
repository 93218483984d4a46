// SPDX-License-Identifier: ISC
/*
 * The processor's part in the order between memory and device, for penstock/pci.h. aarch64: loads
 * and stores pass each other freely, and a device is an observer in the outer shareable domain (Arm
 * ARM B2.3, "Data Memory Barrier"), which the fences of the C compiler (inner shareable) do not
 * reach.
 */
#ifndef PENSTOCK_BARRIER_H
#define PENSTOCK_BARRIER_H

/* Reads too: what was read of a buffer must not change when the device is given that buffer. */
static inline void barrier_before_write(void)
{
    __asm__ __volatile__("dmb osh" : : : "memory");
}

static inline void barrier_after_read(void)
{
    __asm__ __volatile__("dmb oshld" : : : "memory");
}

#endif
