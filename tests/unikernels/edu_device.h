// SPDX-License-Identifier: ISC
/*
 * A driver for `edu`, the device that QEMU has for those who learn to write drivers (its manual:
 * docs/specs/edu.rst in QEMU's source). It inverts a number, computes factorials, raises
 * interrupts, and moves data between memory and a buffer of its own. The smallest whole driver over
 * penstock/pci.h: to be read as an example.
 */
#ifndef TESTS_UNIKERNELS_EDU_DEVICE_H
#define TESTS_UNIKERNELS_EDU_DEVICE_H

#include <penstock/pci.h>

/* What the device raised an interrupt for; other bits are whoever's called edu_raise. */
enum { EDU_FACTORIAL_DONE = 0x001, EDU_TRANSFER_DONE = 0x100 };

struct edu {
    struct pci_device pci; /* DMA memory comes from pci_dma_alloc(&edu->pci, ...) */
};

/*
 * Takes the device that the manifest calls `name`; *edu and `name` stay where they are. -ENODEV: no
 * such device, or it is no edu. -ETIMEDOUT: it does not end what an earlier owner began: it has no
 * reset.
 */
int edu_open(struct edu *edu, const char *name);

uint32_t edu_id(const struct edu *edu);
uint32_t edu_invert(const struct edu *edu, uint32_t value);

/* *result = n!, modulo 2^32. -ETIMEDOUT. */
int edu_factorial(const struct edu *edu, uint32_t n, uint32_t *result);

/*
 * Starts a transfer of size bytes between memory at `iova` and the device's buffer (of 4096 bytes)
 * at `offset`, and raises EDU_TRANSFER_DONE at its end, about 100 ms later. One at a time. -EINVAL:
 * not in the buffer. The device does not say whether it could.
 */
int edu_fetch(const struct edu *edu, uint64_t iova, uint32_t offset, uint32_t size);
int edu_store(const struct edu *edu, uint64_t iova, uint32_t offset, uint32_t size);

/* Waits for the end of the transfer, asleep if the device has interrupts. -ETIMEDOUT. */
int edu_wait(const struct edu *edu);

void edu_raise(const struct edu *edu, uint32_t reasons);

/* The reasons for which interrupts were raised since this was asked last; they are acknowledged. */
uint32_t edu_reasons(const struct edu *edu);

#endif
