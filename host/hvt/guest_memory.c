// SPDX-License-Identifier: ISC
#include "host/hvt/guest_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/hvt.h"

int guest_memory_open(struct guest_memory *memory, uint64_t size, struct tender_error *error)
{
    uint64_t slack = HVT_MEM_UNIT, head;
    uint8_t *map = mmap(NULL, size + slack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (map == MAP_FAILED)
        return tender_fail(error, -errno, "cannot get %" PRIu64 " MiB of memory for the guest: %s",
                           size >> 20, strerror(errno));
    /* Where host and guest address agree modulo 2 MiB, both can use 2 MiB pages. */
    head = -(uintptr_t)map % HVT_MEM_UNIT;
    if (head > 0)
        munmap(map, head);
    if (slack > head)
        munmap(map + head + size, slack - head);
    memory->ram = map + head;
    memory->ram_size = size;
    /* First touches are what KVM is slow at. Only advice: kernels without huge pages refuse. */
    (void)madvise(memory->ram, size, MADV_HUGEPAGE);
    return 0;
}

void guest_memory_close(struct guest_memory *memory)
{
    if (memory->ram != NULL)
        munmap(memory->ram, memory->ram_size);
    *memory = (struct guest_memory){.ram = NULL};
}

static uint8_t *in_window(const struct tender_dma *dma, uint64_t addr, uint64_t size)
{
    if (dma->size < size || addr < dma->addr || addr - dma->addr > dma->size - size)
        return NULL;
    return (uint8_t *)dma->host + (addr - dma->addr);
}

static uint8_t *backing(const struct guest_memory *memory, enum guest_place place, uint64_t addr,
                        uint64_t size)
{
    uint8_t *host;

    if (size <= memory->ram_size && addr <= memory->ram_size - size)
        return memory->ram + addr;
    if (place == GUEST_RAM || memory->pci == NULL)
        return NULL;
    host = in_window(&memory->pci->dma, addr, size);
    for (unsigned i = 0; host == NULL && i < memory->pci->count; i++)
        host = in_window(&memory->pci->device[i].dma, addr, size);
    return host;
}

void *guest_pointer(const struct guest_memory *memory, enum guest_place place, uint64_t addr,
                    uint64_t size, unsigned flags)
{
    if (!mappings_allow(memory->mappings, addr, size, flags))
        return NULL;
    return backing(memory, place, addr, size);
}
