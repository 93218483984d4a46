// SPDX-License-Identifier: ISC
/*
 * The pages of a unikernel's heap: what mmap() and munmap() take from and give back to. First fit
 * over a bitmap, which lies at the beginning of the heap itself.
 */
#ifndef PENSTOCK_LIBC_PAGES_H
#define PENSTOCK_LIBC_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_SIZE 4096u

struct pages {
    uint8_t *base;  /* of page 0 */
    size_t count;   /* pages */
    uint64_t *used; /* bit i: page i is taken */
    size_t hint;    /* no page below it is free */
    size_t fresh;   /* no page from it on was ever taken: they are zero and were not touched */
};

/* Takes [start, start + size), which is zeroed. Less than two pages give an empty heap. */
void pages_init(struct pages *pages, uintptr_t start, size_t size);

/* count > 0 zeroed pages in a row, or NULL. */
void *pages_take(struct pages *pages, size_t count);

/* Takes the count pages at addr, if all of them are free: true. */
bool pages_take_at(struct pages *pages, void *addr, size_t count);

/* Gives back the count pages at addr, taken or not. */
void pages_give(struct pages *pages, void *addr, size_t count);

/* How many are free, in whatever pieces. */
size_t pages_free_count(const struct pages *pages);

/* True if these count pages at addr, page aligned, are of this heap. */
bool pages_contain(const struct pages *pages, const void *addr, size_t count);

#endif
