// SPDX-License-Identifier: ISC
#include "dma.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* One mmap; several table entries share it once a mapping was cut. */
struct emu_dma_backing {
    void *base;
    size_t size;
    unsigned users;
};

void emu_dma_init(struct emu_dma *dma)
{
    *dma = (struct emu_dma){.generation = 1};
}

static void release(struct emu_dma_backing *backing)
{
    if (backing && --backing->users == 0) {
        munmap(backing->base, backing->size);
        free(backing);
    }
}

static void forget(struct emu_dma *dma)
{
    dma->generation++;
    memset(dma->big, 0, sizeof(dma->big));
    memset(dma->page, 0, sizeof(dma->page));
}

void emu_dma_clear(struct emu_dma *dma)
{
    for (unsigned i = 0; i < dma->count; i++)
        release(dma->maps[i].backing);
    free(dma->maps);
    dma->maps = NULL;
    dma->count = dma->room = 0;
    forget(dma);
}

/* Index of the first mapping that ends at or after iova. */
static unsigned find(const struct emu_dma *dma, uint64_t iova)
{
    unsigned low = 0, high = dma->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (dma->maps[middle].last < iova)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Makes room for one more entry. */
static int grow(struct emu_dma *dma)
{
    unsigned room = dma->room ? 2 * dma->room : 64;
    struct emu_dma_map *maps;

    if (dma->count >= EMU_DMA_MAPS_MAX)
        return -ENOSPC;
    if (dma->count < dma->room)
        return 0;
    maps = realloc(dma->maps, room * sizeof(*maps));
    if (!maps)
        return -ENOMEM;
    dma->maps = maps;
    dma->room = room;
    return 0;
}

static void insert(struct emu_dma *dma, unsigned at, const struct emu_dma_map *map)
{
    memmove(&dma->maps[at + 1], &dma->maps[at], (dma->count - at) * sizeof(*dma->maps));
    dma->maps[at] = *map;
    dma->count++;
}

/*
 * Maps [offset, offset + size) of the file, rounded to its pages (of 2 MiB in hugetlbfs, where
 * st_blksize says so). The end of the file is checked here, so that a touch cannot run into SIGBUS
 * unless the client shrinks it later.
 */
static int map_file(int fd, uint64_t offset, uint64_t size, unsigned access,
                    struct emu_dma_backing **backing, uint8_t **host)
{
    int protection = PROT_READ | (access & EMU_DMA_WRITE ? PROT_WRITE : 0);
    uint64_t end, start, page;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -errno;
    if (__builtin_add_overflow(offset, size, &end) || end > INT64_MAX ||
        (S_ISREG(st.st_mode) && end > (uint64_t)st.st_size))
        return -EINVAL;
    page = st.st_blksize > 4096 && (st.st_blksize & (st.st_blksize - 1)) == 0
               ? (uint64_t)st.st_blksize
               : 4096;
    start = offset & ~(page - 1);
    *backing = malloc(sizeof(**backing));
    if (!*backing)
        return -ENOMEM;
    **backing = (struct emu_dma_backing){.size = (size_t)(end - start), .users = 1};
    (*backing)->base =
        mmap(NULL, (*backing)->size, protection, MAP_SHARED | MAP_NORESERVE, fd, (off_t)start);
    if ((*backing)->base == MAP_FAILED) {
        int err = errno;

        free(*backing);
        return -err;
    }
    *host = (uint8_t *)(*backing)->base + (offset - start);
    return 0;
}

int emu_dma_map(struct emu_dma *dma, int fd, uint64_t offset, uint64_t iova, uint64_t size,
                unsigned access)
{
    struct emu_dma_map map = {.first = iova, .access = access};
    unsigned at;
    int err;

    if (size == 0 || __builtin_add_overflow(iova, size - 1, &map.last) || access == 0 ||
        (access & ~(unsigned)(EMU_DMA_READ | EMU_DMA_WRITE)) != 0)
        return -EINVAL;
    at = find(dma, iova);
    if (at < dma->count && dma->maps[at].first <= map.last)
        return -EEXIST;
    err = grow(dma);
    if (!err && fd >= 0)
        err = map_file(fd, offset, size, access, &map.backing, &map.host);
    if (err)
        return err;
    insert(dma, at, &map);
    return 0;
}

static void cut_front(struct emu_dma_map *map, uint64_t first)
{
    if (map->host)
        map->host += first - map->first;
    map->first = first;
}

/* [first, last] lies inside one mapping, with something left on both sides. */
static int split(struct emu_dma *dma, unsigned at, uint64_t first, uint64_t last)
{
    struct emu_dma_map tail;
    int err = grow(dma);

    if (err)
        return err;
    tail = dma->maps[at];
    cut_front(&tail, last + 1);
    if (tail.backing)
        tail.backing->users++;
    dma->maps[at].last = first - 1;
    insert(dma, at + 1, &tail);
    forget(dma);
    return 1;
}

int emu_dma_unmap(struct emu_dma *dma, uint64_t iova, uint64_t size)
{
    unsigned at, end;
    uint64_t last;
    int touched = 0;

    if (size == 0 || __builtin_add_overflow(iova, size - 1, &last))
        return -EINVAL;
    at = find(dma, iova);
    if (at < dma->count && dma->maps[at].first < iova) {
        if (dma->maps[at].last > last)
            return split(dma, at, iova, last);
        dma->maps[at].last = iova - 1;
        touched++;
        at++;
    }
    for (end = at; end < dma->count && dma->maps[end].last <= last; end++, touched++)
        release(dma->maps[end].backing);
    if (end < dma->count && dma->maps[end].first <= last) {
        cut_front(&dma->maps[end], last + 1);
        touched++;
    }
    if (end > at) /* else there may be no table at all */
        memmove(&dma->maps[at], &dma->maps[end], (dma->count - end) * sizeof(*dma->maps));
    dma->count -= end - at;
    if (touched)
        forget(dma);
    return touched;
}

/* True if all of iova's page of 2^shift bytes lies in the mapping. */
static bool whole_page(unsigned shift, uint64_t iova, const struct emu_dma_map *map)
{
    uint64_t first = iova >> shift << shift;

    return first >= map->first && (first | ((1ull << shift) - 1)) <= map->last;
}

static void fill(struct emu_dma *dma, uint64_t iova, const struct emu_dma_map *map)
{
    const unsigned mask = EMU_DMA_CACHE_SIZE - 1;
    uint64_t big = iova >> EMU_DMA_BIG_SHIFT, page = iova >> EMU_DMA_PAGE_SHIFT;
    struct emu_dma_slot slot = {.delta = (uintptr_t)map->host - (uintptr_t)map->first};

    if (whole_page(EMU_DMA_BIG_SHIFT, iova, map)) {
        slot.tag = big + 1;
        if (map->access & EMU_DMA_READ)
            dma->big[0][big & mask] = slot;
        if (map->access & EMU_DMA_WRITE)
            dma->big[1][big & mask] = slot;
    } else if (whole_page(EMU_DMA_PAGE_SHIFT, iova, map)) {
        slot.tag = (page << 2 | map->access) + 1;
        dma->page[page & mask] = slot;
    }
}

void *emu_dma_lookup(struct emu_dma *dma, uint64_t iova, size_t *len, enum emu_dma_access access)
{
    uint64_t number = iova >> EMU_DMA_PAGE_SHIFT;
    const struct emu_dma_slot *slot = &dma->page[number & (EMU_DMA_CACHE_SIZE - 1)];
    uint64_t got = slot->tag - 1 - (number << 2);
    const struct emu_dma_map *map;
    unsigned at;

    if (got <= 3 && (got & access) && *len <= 4096 - (iova & 4095))
        return (void *)(slot->delta + (uintptr_t)iova);
    at = find(dma, iova);
    if (at == dma->count || dma->maps[at].first > iova)
        return NULL;
    map = &dma->maps[at];
    if (!map->host || !(map->access & access))
        return NULL;
    fill(dma, iova, map);
    if (map->last - iova < *len - 1)
        *len = (size_t)(map->last - iova + 1);
    return map->host + (iova - map->first);
}

void *emu_dma_refuse(struct emu_dma *dma, uint64_t iova, size_t len, enum emu_dma_access access)
{
    dma->faults++;
    if (dma->on_fault)
        dma->on_fault(dma->arg, iova, len, access);
    return NULL;
}

static bool copy(struct emu_dma *dma, uint64_t iova, uint8_t *to, const uint8_t *from, size_t len)
{
    while (len > 0) {
        size_t piece = len;
        void *at = emu_dma_prefix(dma, iova, &piece, to ? EMU_DMA_READ : EMU_DMA_WRITE);

        if (!at)
            return false;
        if (to) {
            memcpy(to, at, piece);
            to += piece;
        } else {
            memcpy(at, from, piece);
            from += piece;
        }
        len -= piece;
        if (__builtin_add_overflow(iova, piece, &iova) && len > 0)
            return emu_dma_refuse(dma, 0, len, to ? EMU_DMA_READ : EMU_DMA_WRITE) != NULL;
    }
    return true;
}

bool emu_dma_read(struct emu_dma *dma, uint64_t iova, void *to, size_t len)
{
    return copy(dma, iova, to, NULL, len);
}

bool emu_dma_write(struct emu_dma *dma, uint64_t iova, const void *from, size_t len)
{
    return copy(dma, iova, NULL, from, len);
}
