// SPDX-License-Identifier: ISC
#include "guest/libc/pages.h"

#include <string.h>

#define WORD_BITS 64u

static bool is_taken(const struct pages *pages, size_t i)
{
    return pages->used[i / WORD_BITS] >> (i % WORD_BITS) & 1;
}

static void mark_taken(struct pages *pages, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        pages->used[i / WORD_BITS] |= 1ull << (i % WORD_BITS);
}

static void mark_free(struct pages *pages, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        pages->used[i / WORD_BITS] &= ~(1ull << (i % WORD_BITS));
}

static uint8_t *page_at(const struct pages *pages, size_t i)
{
    return pages->base + i * PAGES_SIZE;
}

static size_t index_of(const struct pages *pages, const void *addr)
{
    return (size_t)((const uint8_t *)addr - pages->base) / PAGES_SIZE;
}

static size_t pages_for(size_t bytes)
{
    return bytes / PAGES_SIZE + (bytes % PAGES_SIZE != 0);
}

void pages_init(struct pages *pages, uintptr_t start, size_t size)
{
    size_t skip = -start % PAGES_SIZE;
    size_t total = size > skip ? (size - skip) / PAGES_SIZE : 0;
    size_t bitmap = pages_for((total + WORD_BITS - 1) / WORD_BITS * sizeof(uint64_t));

    *pages = (struct pages){0};
    if (total <= bitmap)
        return;
    pages->used = (void *)(start + skip);
    pages->base = (uint8_t *)pages->used + bitmap * PAGES_SIZE;
    pages->count = total - bitmap;
}

/* The first of count free pages in a row; pages->count if there are none. What lies from `fresh` on
 * is one free run. */
static size_t find(const struct pages *pages, size_t count)
{
    size_t run = 0;
    size_t i = pages->hint;

    while (i < pages->fresh) {
        if (i % WORD_BITS == 0 && pages->used[i / WORD_BITS] == UINT64_MAX) {
            run = 0;
            i += WORD_BITS;
            continue;
        }
        run = is_taken(pages, i) ? 0 : run + 1;
        i++;
        if (run == count)
            return i - count;
    }
    i = pages->fresh - run;
    return count <= pages->count - i ? i : pages->count;
}

/* Only pages that somebody had before need to be zeroed. */
static void take(struct pages *pages, size_t first, size_t count)
{
    size_t end = first + count;
    size_t stale = end < pages->fresh ? end : pages->fresh;

    mark_taken(pages, first, count);
    if (first < stale)
        memset(page_at(pages, first), 0, (stale - first) * PAGES_SIZE);
    if (end > pages->fresh)
        pages->fresh = end;
    if (first == pages->hint)
        pages->hint = end;
}

void *pages_take(struct pages *pages, size_t count)
{
    size_t first = find(pages, count);

    if (first == pages->count)
        return NULL;
    take(pages, first, count);
    return page_at(pages, first);
}

bool pages_take_at(struct pages *pages, void *addr, size_t count)
{
    size_t first;

    if (!pages_contain(pages, addr, count))
        return false;
    first = index_of(pages, addr);
    for (size_t i = first; i < first + count; i++) {
        if (is_taken(pages, i))
            return false;
    }
    take(pages, first, count);
    return true;
}

void pages_give(struct pages *pages, void *addr, size_t count)
{
    size_t first = index_of(pages, addr);

    mark_free(pages, first, count);
    if (first < pages->hint)
        pages->hint = first;
}

size_t pages_free_count(const struct pages *pages)
{
    size_t n = pages->count;

    for (size_t i = 0; i < pages->fresh; i += WORD_BITS)
        n -= (size_t)__builtin_popcountll(pages->used[i / WORD_BITS]);
    return n;
}

bool pages_contain(const struct pages *pages, const void *addr, size_t count)
{
    uintptr_t offset = (uintptr_t)addr - (uintptr_t)pages->base;

    if ((uintptr_t)addr < (uintptr_t)pages->base || offset % PAGES_SIZE != 0)
        return false;
    return offset / PAGES_SIZE < pages->count && count <= pages->count - offset / PAGES_SIZE;
}
