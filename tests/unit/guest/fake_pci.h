// SPDX-License-Identifier: ISC
/*
 * A PCI device and its target for tests of drivers: one device "nic0" with a BAR 0 that is an
 * array, a DMA window or the shared region, a clock that moves when it is looked at, and a console
 * that remembers.
 */
#ifndef PENSTOCK_TESTS_FAKE_PCI_H
#define PENSTOCK_TESTS_FAKE_PCI_H

#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_BAR_SIZE 0x20000u
#define FAKE_DMA_SIZE (16u << 20)
#define FAKE_HANDLE   3u

struct fake_pci {
    struct solo5_pci_info info; /* what acquire reports, if `present` */
    bool present;
    bool taken;
    uint8_t *bar;
    uint8_t *dma;        /* the memory behind whichever window there is */
    size_t shared_size;  /* size of the shared region, 0: none */
    solo5_time_t now;    /* ns */
    unsigned long traps; /* accesses that the tender served */
    char console[4096];
    /* Registers in unmapped parts, if the test wants a say; NULL: plain memory. */
    uint32_t (*read)(uint32_t offset);
    void (*write)(uint32_t offset, uint32_t value);
};

extern struct fake_pci fake;

/* A fresh 82599 with these parts of BAR 0 mapped (count 0: none), a window of its own, MSI-X. */
void fake_reset(unsigned count, const struct solo5_pci_range *ranges);
void fake_free(void);

uint32_t fake_get(uint32_t offset);
void fake_set(uint32_t offset, uint32_t value);

#endif
