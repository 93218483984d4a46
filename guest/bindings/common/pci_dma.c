// SPDX-License-Identifier: ISC
#include <penstock/pci.h>

#include <assert.h>

/* Bytes to skip so that the next allocation is aligned; more than is left if the window ends before
 * that. */
static size_t padding(const struct pci_dma_window *window, size_t align)
{
    uintptr_t next = (uintptr_t)window->base + window->used;

    return -next & (align - 1);
}

size_t pci_dma_available(const struct pci_device *dev, size_t align)
{
    const struct pci_dma_window *window = dev->dma;
    size_t left = window->size - window->used;
    size_t skip = padding(window, align);

    return skip < left ? left - skip : 0;
}

void *pci_dma_alloc(struct pci_device *dev, size_t size, size_t align)
{
    struct pci_dma_window *window = dev->dma;
    uint8_t *start;

    assert(align != 0 && (align & (align - 1)) == 0);
    if (size == 0 || size > pci_dma_available(dev, align))
        return NULL;
    window->used += padding(window, align);
    start = window->base + window->used;
    window->used += size;
    return start;
}
