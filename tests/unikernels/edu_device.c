// SPDX-License-Identifier: ISC
#include "edu_device.h"

#include <errno.h>

#include "edu_registers.h"

#define PATIENCE (30ull * 1000000000) /* in a virtual PC a second may last many */
#define NAP      1000000ull           /* without interrupts: how often to look */

int edu_open(struct edu *edu, const char *name)
{
    int rc = pci_acquire(name, &edu->pci);

    if (rc < 0)
        return rc;
    if (!edu->pci.info.bar0 || (edu_id(edu) & EDU_ID_MASK) != EDU_ID_VALUE)
        return -ENODEV;
    return edu_wait(edu);
}

uint32_t edu_id(const struct edu *edu)
{
    return pci_read32(&edu->pci, 0, EDU_ID);
}

uint32_t edu_invert(const struct edu *edu, uint32_t value)
{
    pci_write32(&edu->pci, 0, EDU_LIVENESS, value);
    return pci_read32(&edu->pci, 0, EDU_LIVENESS);
}

int edu_factorial(const struct edu *edu, uint32_t n, uint32_t *result)
{
    int rc;

    pci_write32(&edu->pci, 0, EDU_FACTORIAL, n);
    rc = pci_wait32(&edu->pci, 0, EDU_STATUS, EDU_STATUS_COMPUTING, 0, PATIENCE);
    *result = pci_read32(&edu->pci, 0, EDU_FACTORIAL);
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
    pci_write64(&edu->pci, 0, EDU_DMA_SOURCE, from);
    pci_write64(&edu->pci, 0, EDU_DMA_DESTINATION, to);
    pci_write64(&edu->pci, 0, EDU_DMA_COUNT, size);
    pci_dma_wmb();
    pci_write64(&edu->pci, 0, EDU_DMA_COMMAND, command | EDU_DMA_INTERRUPT | EDU_DMA_RUN);
}

int edu_fetch(const struct edu *edu, uint64_t iova, uint32_t offset, uint32_t size)
{
    if (!in_buffer(offset, size))
        return -EINVAL;
    start(edu, iova, EDU_BUFFER + offset, size, 0);
    return 0;
}

int edu_store(const struct edu *edu, uint64_t iova, uint32_t offset, uint32_t size)
{
    if (!in_buffer(offset, size))
        return -EINVAL;
    start(edu, EDU_BUFFER + offset, iova, size, EDU_DMA_TO_MEMORY);
    return 0;
}

static bool is_busy(const struct edu *edu)
{
    return pci_read64(&edu->pci, 0, EDU_DMA_COMMAND) & EDU_DMA_RUN;
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
    pci_write32(&edu->pci, 0, EDU_IRQ_RAISE, reasons);
}

uint32_t edu_reasons(const struct edu *edu)
{
    uint32_t reasons = pci_read32(&edu->pci, 0, EDU_IRQ_STATUS);

    pci_write32(&edu->pci, 0, EDU_IRQ_ACKNOWLEDGE, reasons);
    return reasons;
}
