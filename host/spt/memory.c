// SPDX-License-Identifier: ISC
/* The guest's memory: this process's own, at the guest's addresses. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "host/spt/spt.h"

static void *pointer(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

static int failed(struct spt *spt, const char *what)
{
    return tender_fail(&spt->error, -errno, "cannot %s the guest's %" PRIu64 " MiB of memory: %s",
                       what, spt->mem_size >> 20, strerror(errno));
}

int spt_memory_open(struct spt *spt)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    uint64_t size = spt->mem_size - SPT_HOST_MEM_BASE;
    void *map = mmap(pointer(SPT_HOST_MEM_BASE), size, PROT_READ | PROT_WRITE, flags, -1, 0);

    if (map == MAP_FAILED)
        return failed(spt, "map");
    spt->mapped = true;
    return elf_load(&spt->elf, pointer(0), &spt->error);
}

void spt_memory_close(struct spt *spt)
{
    if (spt->mapped)
        munmap(pointer(SPT_HOST_MEM_BASE), spt->mem_size - SPT_HOST_MEM_BASE);
    spt->mapped = false;
}

static int protect(uint64_t start, uint64_t end, int protection)
{
    return start < end ? mprotect(pointer(start), end - start, protection) : 0;
}

static int protection_of(const struct elf_segment *segment)
{
    return (segment->flags & PF_R ? PROT_READ : 0) | (segment->flags & PF_W ? PROT_WRITE : 0) |
           (segment->flags & PF_X ? PROT_READ | PROT_EXEC : 0);
}

/* All of it is readable and writable so far. A guest cannot change what is set here: the filter has
 * no mprotect. */
int spt_memory_protect(struct spt *spt)
{
    uint64_t at = spt->elf.end > SPT_GUEST_MIN_BASE ? spt->elf.end : SPT_GUEST_MIN_BASE;
    int rc = protect(SPT_BOOT_INFO_BASE, SPT_GUEST_MIN_BASE, PROT_READ);

    for (unsigned i = 0; rc == 0 && i < spt->elf.segments_count; i++) {
        const struct elf_segment *segment = &spt->elf.segments[i];

        if (protection_of(segment) != (PROT_READ | PROT_WRITE))
            rc = protect(segment->start, segment->end, protection_of(segment));
    }
    if (rc == 0 && spt->exec_heap)
        rc = protect(at, spt->mem_size, PROT_READ | PROT_WRITE | PROT_EXEC);
    return rc < 0 ? failed(spt, "protect") : 0;
}
