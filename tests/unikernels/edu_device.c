// SPDX-License-Identifier: ISC
#include "edu_device.h"

#include <errno.h>

/* Registers in BAR 0. Those from 0x80 on are 64 bits wide. */
enum {
    ID = 0x00,
    LIVENESS = 0x04,
    FACTORIAL = 0x08,
    STATUS = 0x20,
    IRQ_STATUS = 0x24,
    IRQ_RAISE = 0x60,
    IRQ_ACKNOWLEDGE = 0x64,
    DMA_SOURCE = 0x80,
    DMA_DESTINATION = 0x88,
    DMA_COUNT = 0x90,
    DMA_COMMAND = 0x98,
};

enum { STATUS_COMPUTING = 0x01 };
enum { DMA_RUN = 0x1, DMA_TO_MEMORY = 0x2, DMA_INTERRUPT = 0x4 };

#define BUFFER   0x40000u    /* what DMA_SOURCE and DMA_DESTINATION call the buffer */
#define ID_MASK  0x0000ffffu /* the rest is a version */
#define ID_VALUE 0x000000edu
#define PATIENCE (30ull * 1000000000) /* in a virtual PC a second may last many */
#define NAP      1000000ull           /* without interrupts: how often to look */

int edu_open(struct edu *edu, const char *name)
{
    int rc = pci_acquire(name, &edu->pci);

    if (rc < 0)
        return rc;
    if (!edu->pci.info.bar0 || (edu_id(edu) & ID_MASK) != ID_VALUE)
        return -ENODEV;
    return edu_wait(edu);
}

uint32_t edu_id(const struct edu *edu)
{
    return pci_read32(&edu->pci, 0, ID);
}

uint32_t edu_invert(const struct edu *edu, uint32_t value)
{
    pci_write32(&edu->pci, 0, LIVENESS, value);
    return pci_read32(&edu->pci, 0, LIVENESS);
}

int edu_factorial(const struct edu *edu, uint32_t n, uint32_t *result)
{
    int rc;

    pci_write32(&edu->pci, 0, FACTORIAL, n);
    rc = pci_wait32(&edu->pci, 0, STATUS, STATUS_COMPUTING, 0, PATIENCE);
    *result = pci_read32(&edu->pci, 0, FACTORIAL);
    return rc;
}

/* The device does not check this itself. */
static bool in_buffer(uint32_t offset, uint32_t size)
{
    return offset <= EDU_BUFFER_SIZE && size <= EDU_BUFFER_SIZE - offset;
}

static void start(const struct edu *edu, uint64_t from, uint64_t to, uint64_t size,
                  uint64_t command)
{
    pci_write64(&edu->pci, 0, DMA_SOURCE, from);
    pci_write64(&edu->pci, 0, DMA_DESTINATION, to);
    pci_write64(&edu->pci, 0, DMA_COUNT, size);
    pci_dma_wmb();
    pci_write64(&edu->pci, 0, DMA_COMMAND, command | DMA_INTERRUPT | DMA_RUN);
}

int edu_fetch(const struct edu *edu, uint64_t iova, uint32_t offset, uint32_t size)
{
    if (!in_buffer(offset, size))
        return -EINVAL;
    start(edu, iova, BUFFER + offset, size, 0);
    return 0;
}

int edu_store(const struct edu *edu, uint64_t iova, uint32_t offset, uint32_t size)
{
    if (!in_buffer(offset, size))
        return -EINVAL;
    start(edu, BUFFER + offset, iova, size, DMA_TO_MEMORY);
    return 0;
}

static bool is_busy(const struct edu *edu)
{
    return pci_read64(&edu->pci, 0, DMA_COMMAND) & DMA_RUN;
}

int edu_wait(const struct edu *edu)
{
    solo5_time_t now = solo5_clock_monotonic(), deadline = now + PATIENCE;

    while (is_busy(edu)) {
        if (now >= deadline)
            return -ETIMEDOUT;
        solo5_yield(edu->pci.info.irq_vectors > 0 ? deadline : now + NAP, NULL);
        now = solo5_clock_monotonic();
    }
    pci_dma_rmb();
    edu_reasons(edu);
    return 0;
}

void edu_raise(const struct edu *edu, uint32_t reasons)
{
    pci_write32(&edu->pci, 0, IRQ_RAISE, reasons);
}

uint32_t edu_reasons(const struct edu *edu)
{
    uint32_t reasons = pci_read32(&edu->pci, 0, IRQ_STATUS);

    pci_write32(&edu->pci, 0, IRQ_ACKNOWLEDGE, reasons);
    return reasons;
}
