// SPDX-License-Identifier: ISC
/*
 * Memory for a device without an IOMMU: pages that follow each other in physical memory, out of
 * more than are needed, mapped in that order. What was taken too much is given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/pci/sysfs.h"

#define MIB         (1ull << 20)
#define HUGE        (2 * MIB)
#define GIGANTIC    (1024 * MIB)
#define SURPLUS_MAX 4096u /* pages beyond what is wanted: 8 GiB */
#define FILES_MAX   64u   /* of one device */
#define FILE_NAME   "%s/penstock-%s.%u"

/* The pages of a file that is being made. */
struct pool {
    const struct sysfs_host *host;
    int fd;
    uint64_t page_size;
    struct sysfs_page *pages;
    size_t count, room;
};

static int look_up(const struct pool *pool, uint64_t offset, uint64_t *physical)
{
    volatile char *page =
        mmap(NULL, pool->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, pool->fd, (off_t)offset);
    int rc;

    if (page == MAP_FAILED)
        return -errno;
    *page = 0; /* only a page that was touched has an entry */
    rc = pool->host->physical((const void *)(uintptr_t)page, physical);
    munmap((void *)(uintptr_t)page, pool->page_size);
    return rc;
}

/* -ENOSPC: no page is free. */
static int take_page(struct pool *pool)
{
    uint64_t offset = pool->count * pool->page_size;
    int rc;

    if (pool->count == pool->room) {
        size_t room = pool->room * 2 + 16;
        struct sysfs_page *pages = reallocarray(pool->pages, room, sizeof(*pages));

        if (pages == NULL)
            return -ENOMEM;
        pool->pages = pages;
        pool->room = room;
    }
    if (fallocate(pool->fd, 0, (off_t)offset, (off_t)pool->page_size) < 0)
        return -ENOSPC;
    pool->pages[pool->count].offset = offset;
    rc = look_up(pool, offset, &pool->pages[pool->count].physical);
    if (rc == 0)
        pool->count++;
    return rc;
}

/* Twice as many pages each time, until there are enough in a row. */
static int collect(struct pool *pool, size_t wanted, struct sysfs_run *run)
{
    size_t most = wanted + SURPLUS_MAX;

    for (size_t target = wanted;; target *= 2) {
        int rc = 0;

        while (rc == 0 && pool->count < target && pool->count < most)
            rc = take_page(pool);
        if (rc < 0 && rc != -ENOSPC)
            return rc;
        *run = sysfs_find_run(pool->pages, pool->count, pool->page_size, wanted);
        if (run->length >= wanted)
            return 0;
        if (rc < 0 || pool->count >= most)
            return -ENOSPC;
    }
}

static void give_back_rest(struct pool *pool, const struct sysfs_run *run)
{
    for (size_t i = 0; i < pool->count; i++) {
        if (i < run->first || i >= run->first + run->length)
            fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      (off_t)pool->pages[i].offset, (off_t)pool->page_size);
    }
}

/* Also looks once more whether each page is where it was. */
static int map_run(struct pool *pool, const struct sysfs_run *run, char *at)
{
    const struct sysfs_page *first = &pool->pages[run->first];

    for (size_t i = 0; i < run->length; i++) {
        char *page = at + i * pool->page_size;
        uint64_t physical;
        int rc;

        if (mmap(page, pool->page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, pool->fd,
                 (off_t)first[i].offset) != page)
            return -errno;
        *(volatile char *)page = 0;
        rc = pool->host->physical(page, &physical);
        if (rc < 0)
            return rc;
        if (physical != first->physical + i * pool->page_size)
            return -EAGAIN;
    }
    return 0;
}

/* ---- where it is mapped ---- */

/* An address at a multiple of the pages' size. */
static void *reserve(uint64_t size, uint64_t page_size)
{
    char *start =
        mmap(NULL, size + page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint64_t before;

    if (start == MAP_FAILED)
        return NULL;
    before = -(uint64_t)(uintptr_t)start & (page_size - 1);
    if (before > 0)
        munmap(start, before);
    munmap(start + before + size, page_size - before);
    return start + before;
}

static void unmap(const struct sysfs_memory *memory)
{
    if (memory->fixed)
        mmap(memory->address, memory->size, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    else if (memory->address != NULL)
        munmap(memory->address, memory->size);
}

/* ---- files ---- */

static int create_file(const struct sysfs *sf, uint64_t page_size, char path[SYSFS_PATH_SIZE])
{
    char folders[SYSFS_MOUNTS_MAX][SYSFS_PATH_SIZE];
    unsigned count = sysfs_hugetlbfs(sf->host, page_size, folders);
    int fd = -1;

    for (unsigned i = 0; i < count; i++) {
        for (unsigned n = 0; n < FILES_MAX; n++) {
            if (snprintf(path, SYSFS_PATH_SIZE, FILE_NAME, folders[i], sf->about.address, n) >=
                SYSFS_PATH_SIZE)
                break;
            fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
            if (fd >= 0)
                return fd;
            if (errno != EEXIST)
                break;
        }
    }
    return count == 0 ? -ENOENT : -errno;
}

void sysfs_memory_forget(struct sysfs *sf)
{
    static const uint64_t sizes[] = {GIGANTIC, HUGE};

    for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        char folders[SYSFS_MOUNTS_MAX][SYSFS_PATH_SIZE], path[SYSFS_PATH_SIZE];
        unsigned count = sysfs_hugetlbfs(sf->host, sizes[s], folders);

        for (unsigned i = 0; i < count * FILES_MAX; i++) {
            if (snprintf(path, sizeof(path), FILE_NAME, folders[i / FILES_MAX], sf->about.address,
                         i % FILES_MAX) < (int)sizeof(path))
                unlink(path);
        }
    }
}

void sysfs_memory_remove_files(struct sysfs *sf)
{
    for (const struct sysfs_memory *memory = sf->memory; memory != NULL; memory = memory->next)
        unlink(memory->path);
}

void sysfs_memory_unmap(struct sysfs *sf)
{
    while (sf->memory != NULL) {
        struct sysfs_memory *memory = sf->memory;

        sf->memory = memory->next;
        unmap(memory);
        free(memory);
    }
}

/* ---- all of it ---- */

static int no_run(const struct pool *pool, const char *where, size_t wanted,
                  const struct sysfs_run *run, struct pci_error *error)
{
    return pci_fail(error, -ENOMEM,
                    "%s: its DMA memory needs %zu hugepages of %llu MiB that follow each other in "
                    "physical memory; %zu are free, at most %zu of them in a row: reserve more, "
                    "best at boot, before memory is in pieces (kernel command line: hugepages=%zu)",
                    where, wanted, (unsigned long long)(pool->page_size / MIB), pool->count,
                    run->length, pool->count + wanted);
}

/* One try with pages of one size. -ENOENT: no hugetlbfs has such. */
static int make(struct sysfs *sf, uint64_t page_size, struct sysfs_memory *memory, uint64_t *iova,
                struct pci_error *error)
{
    struct pool pool = {.host = sf->host, .page_size = page_size};
    size_t wanted = memory->size / page_size;
    struct sysfs_run run = {0};
    int rc;

    pool.fd = create_file(sf, page_size, memory->path);
    if (pool.fd == -ENOENT)
        return pci_fail(error, -ENOENT,
                        "%s: its DMA memory has to be files in a hugetlbfs, to outlive this "
                        "process if that is killed: mount -t hugetlbfs -o pagesize=2M none "
                        "/dev/hugepages",
                        sf->access.where);
    if (pool.fd < 0)
        return pci_fail(error, pool.fd, "%s: cannot create %s: %s", sf->access.where, memory->path,
                        strerror(-pool.fd));
    rc = collect(&pool, wanted, &run);
    if (rc == 0) {
        give_back_rest(&pool, &run);
        rc = map_run(&pool, &run, memory->address);
    }
    if (rc == 0)
        *iova = pool.pages[run.first].physical;
    else if (rc == -ENOSPC)
        rc = no_run(&pool, sf->access.where, wanted, &run, error);
    else
        pci_fail(error, rc, "%s: cannot take DMA memory: %s", sf->access.where, strerror(-rc));
    if (rc < 0)
        unlink(memory->path);
    close(pool.fd);
    free(pool.pages);
    return rc;
}

/* With the largest pages that divide size and address; smaller ones where those are too few. */
static int make_of_any(struct sysfs *sf, struct sysfs_memory *memory, uint64_t *iova,
                       struct pci_error *error)
{
    int rc = -ENOENT;

    if ((memory->size | (uintptr_t)memory->address) % GIGANTIC == 0)
        rc = make(sf, GIGANTIC, memory, iova, NULL);
    return rc < 0 ? make(sf, HUGE, memory, iova, error) : rc;
}

int sysfs_dma_physical(struct pci_access *dev, uint64_t size, void *at, void **address,
                       uint64_t *iova, struct pci_error *error)
{
    struct sysfs *sf = sysfs_of(dev);
    struct sysfs_memory *memory;
    int rc;

    if (size == 0 || size % HUGE != 0 || size > INT64_MAX || (uintptr_t)at % HUGE != 0)
        return pci_fail(error, -EINVAL, "%s: DMA memory is made of whole pages of 2 MiB",
                        dev->where);
    memory = calloc(1, sizeof(*memory));
    if (memory == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", dev->where);
    memory->size = size;
    memory->fixed = at != NULL;
    memory->address = at != NULL ? at : reserve(size, size % GIGANTIC == 0 ? GIGANTIC : HUGE);
    rc = memory->address != NULL
             ? make_of_any(sf, memory, iova, error)
             : pci_fail(error, -ENOMEM, "%s: no room for DMA memory", dev->where);
    if (rc < 0) {
        unmap(memory);
        free(memory);
        return rc;
    }
    memory->next = sf->memory;
    sf->memory = memory;
    *address = memory->address;
    return 0;
}
