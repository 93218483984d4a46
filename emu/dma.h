// SPDX-License-Identifier: ISC
/*
 * What a device model may touch of its client's memory: I/O virtual addresses to pointers.
 *
 * A client maps ranges of files (vfio-user spec, VFIO_USER_DMA_MAP); the table maps them into this
 * process. Everything here is called with the device's lock held (device.h), so a pointer stays
 * good until the callback that got it returns. A model that keeps one longer compares `generation`
 * before using it again: it changes with every unmap.
 */
#ifndef PENSTOCK_EMU_DMA_H
#define PENSTOCK_EMU_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the device does with the memory; the values are those of VFIO_USER_DMA_READABLE and
 * ..._WRITEABLE. */
enum emu_dma_access { EMU_DMA_READ = 1, EMU_DMA_WRITE = 2 };

#define EMU_DMA_MAPS_MAX   65535u
#define EMU_DMA_CACHE_BITS 10
#define EMU_DMA_CACHE_SIZE (1u << EMU_DMA_CACHE_BITS)
#define EMU_DMA_BIG_SHIFT  21
#define EMU_DMA_PAGE_SHIFT 12

/* One page that lies within one mapping. tag: page number + 1; in `page` (page number << 2 | access
 * bits) + 1. 0: empty. */
struct emu_dma_slot {
    uint64_t tag;
    uintptr_t delta; /* host address = delta + iova (modulo 2^64) */
};

struct emu_dma_backing;

struct emu_dma_map {
    uint64_t first; /* IOVA of the first byte */
    uint64_t last;  /* IOVA of the last byte: a range may end at 2^64 */
    uint8_t *host;  /* NULL: mapped without a descriptor, the device cannot reach it */
    unsigned access;
    struct emu_dma_backing *backing; /* what host points into */
};

struct emu_dma {
    uint64_t generation; /* changes whenever a pointer may have become stale */
    uint64_t faults;     /* accesses that were refused */
    /* Direct-mapped caches: of 2 MiB pages, [0] to read and [1] to write; and of 4 KiB pages. */
    struct emu_dma_slot big[2][EMU_DMA_CACHE_SIZE];
    struct emu_dma_slot page[EMU_DMA_CACHE_SIZE];
    struct emu_dma_map *maps; /* sorted by address, disjoint */
    unsigned count;
    unsigned room;
    /* Called for each refused access; may be NULL. */
    void (*on_fault)(void *arg, uint64_t iova, size_t len, enum emu_dma_access access);
    void *arg;
};

void emu_dma_init(struct emu_dma *dma);

/* Unmaps everything and frees the table; it is as after emu_dma_init then, save generation and
 * faults, which go on. */
void emu_dma_clear(struct emu_dma *dma);

/*
 * Maps [iova, iova + size) to `size` bytes of fd at offset; access: bits of enum emu_dma_access. fd
 * -1: remembers the range as one that the device cannot reach. The descriptor stays the caller's.
 * Nothing is changed on error: -EINVAL size 0, a range beyond 2^64, an access of neither kind, or
 * not inside the file; -EEXIST it overlaps a mapping; -ENOSPC too many mappings; or what mmap says.
 */
int emu_dma_map(struct emu_dma *dma, int fd, uint64_t offset, uint64_t iova, uint64_t size,
                unsigned access);

/*
 * Takes away every mapping that lies within [iova, iova + size): clients unmap ranges that they
 * never mapped in one piece. A mapping that lies only partly within is cut. Returns the number of
 * mappings touched, or -EINVAL for size 0 or a range beyond 2^64, or -ENOSPC if a cut in the middle
 * has no room for the second half.
 */
int emu_dma_unmap(struct emu_dma *dma, uint64_t iova, uint64_t size);

/* The exact lookup behind the two below: fills the caches; *len in: wanted (> 0), out: what is
 * contiguous, up to that. */
void *emu_dma_lookup(struct emu_dma *dma, uint64_t iova, size_t *len, enum emu_dma_access access);

/* Counts and reports a refused access; always NULL. */
void *emu_dma_refuse(struct emu_dma *dma, uint64_t iova, size_t len, enum emu_dma_access access);

/*
 * All of [iova, iova + len), len > 0, as one piece of memory; NULL, counted, if it is not mapped
 * for that access or not contiguous here. A few cycles for memory that is mapped in 2 MiB pages or
 * larger.
 */
static inline void *emu_dma_at(struct emu_dma *dma, uint64_t iova, size_t len,
                               enum emu_dma_access access)
{
    uint64_t number = iova >> EMU_DMA_BIG_SHIFT;
    const struct emu_dma_slot *slot =
        &dma->big[access == EMU_DMA_WRITE][number & (EMU_DMA_CACHE_SIZE - 1)];
    size_t got = len;
    void *at;

    if (slot->tag == number + 1 &&
        len <= (1ull << EMU_DMA_BIG_SHIFT) - (iova & ((1ull << EMU_DMA_BIG_SHIFT) - 1)))
        return (void *)(slot->delta + (uintptr_t)iova);
    at = emu_dma_lookup(dma, iova, &got, access);
    if (at && got == len)
        return at;
    return emu_dma_refuse(dma, iova, len, access);
}

/* As much of [iova, iova + *len) as is contiguous here, from its start; NULL, counted, if the first
 * byte is refused. */
static inline void *emu_dma_prefix(struct emu_dma *dma, uint64_t iova, size_t *len,
                                   enum emu_dma_access access)
{
    void *at = emu_dma_lookup(dma, iova, len, access);

    return at ? at : emu_dma_refuse(dma, iova, *len, access);
}

/* Copies across whatever pieces the range consists of; false, counted, if a part is refused
 * (earlier parts are copied). */
bool emu_dma_read(struct emu_dma *dma, uint64_t iova, void *to, size_t len);
bool emu_dma_write(struct emu_dma *dma, uint64_t iova, const void *from, size_t len);

#endif
