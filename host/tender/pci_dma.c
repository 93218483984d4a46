// SPDX-License-Identifier: ISC
/* DMA memory: files in memory, of hugepages where there are some, that devices can be given. */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "host/tender/pci_parts.h"

#define MIB (1ull << 20)

/* What the manifest asks for in whole hugepages; UINT64_MAX if a number cannot hold that. */
static uint64_t round_up(uint64_t wanted)
{
    uint64_t sum;

    return __builtin_add_overflow(wanted, TENDER_HUGEPAGE - 1, &sum) ? UINT64_MAX
                                                                     : sum & ~(TENDER_HUGEPAGE - 1);
}

/* Of the host, in bytes. */
static uint64_t total_memory(void)
{
    struct sysinfo info;

    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : UINT64_MAX;
}

/* Sets a window's size, and adds it to the sum of all. `whose` is a device's name or NULL. */
static int plan_window(struct tender_dma *dma, uint64_t wanted, const char *whose, uint64_t *sum,
                       struct tender_error *error)
{
    uint64_t memory = total_memory();
    uint64_t size = round_up(wanted), others = *sum;

    if (!__builtin_add_overflow(others, size, sum) && *sum <= memory) {
        dma->size = size;
        return 0;
    }
    return tender_fail(error, -ENOMEM,
                       "%s%s%s wants %llu bytes of DMA memory%s: too large, this host has %llu "
                       "MiB of memory in all",
                       whose != NULL ? "device \"" : "the manifest (dma_size)",
                       whose != NULL ? whose : "", whose != NULL ? "\"" : "",
                       (unsigned long long)wanted, others > 0 ? " beside that of others" : "",
                       (unsigned long long)(memory / MIB));
}

int tender_dma_plan(struct tender_pci *pci, struct tender_error *error)
{
    uint64_t sum = 0;
    int rc = plan_window(&pci->dma, pci->dma_wanted, NULL, &sum, error);

    for (unsigned i = 0; rc == 0 && i < pci->count; i++) {
        struct tender_pci_device *device = &pci->device[i];

        rc = plan_window(&device->dma, device->want.dma_size, device->name, &sum, error);
    }
    return rc;
}

/* A file of `size` bytes whose size stays, so that no peer that has it can pull it from under us.
 */
static int make_file(uint64_t size, bool huge)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0);
    int fd = memfd_create("penstock-dma", flags);

    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    return fd;
}

/* Hugepages that are free are set aside for a file by its first mapping, and stay so. */
static bool set_aside(int fd, uint64_t size)
{
    void *probe = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (probe == MAP_FAILED)
        return false;
    munmap(probe, size);
    return true;
}

static int make_memory(uint64_t size, bool *huge)
{
    int fd = make_file(size, true);

    *huge = fd >= 0 && set_aside(fd, size);
    if (*huge)
        return fd;
    if (fd >= 0)
        close(fd);
    return make_file(size, false);
}

/* An address at a multiple of 2 MiB, so that large pages can be used wherever it is mapped. */
static void *reserve_aligned(uint64_t size)
{
    uint64_t room = size + TENDER_HUGEPAGE;
    char *start = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint64_t before;

    if (start == MAP_FAILED)
        return MAP_FAILED;
    before = -(uint64_t)(uintptr_t)start & (TENDER_HUGEPAGE - 1);
    if (before > 0)
        munmap(start, before);
    munmap(start + before + size, TENDER_HUGEPAGE - before);
    return start + before;
}

static int map_file(struct tender_dma *dma)
{
    void *at = dma->host != NULL ? dma->host : reserve_aligned(dma->size);

    if (at == MAP_FAILED)
        return -errno;
    dma->host = at;
    if (mmap(at, dma->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, dma->fd, 0) != at)
        return -errno;
    madvise(at, dma->size, MADV_HUGEPAGE); /* no matter for hugepages; else as the host allows */
    return 0;
}

int tender_dma_alloc(struct tender_dma *dma, bool *huge, struct tender_error *error)
{
    int rc;

    dma->fd = make_memory(dma->size, huge);
    rc = dma->fd < 0 ? dma->fd : map_file(dma);
    if (rc < 0)
        tender_dma_free(dma);
    if (rc < 0)
        return tender_fail(error, rc, "cannot get %llu MiB of DMA memory: %s",
                           (unsigned long long)(dma->size / MIB), strerror(-rc));
    return 0;
}

void tender_dma_free(struct tender_dma *dma)
{
    if (dma->host != NULL)
        munmap(dma->host, dma->size);
    if (dma->host != NULL && dma->fd >= 0)
        close(dma->fd);
    dma->host = NULL;
    dma->fd = -1;
}
