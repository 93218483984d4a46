// SPDX-License-Identifier: ISC
#include "mem.h"

#include <lwip/arch.h>
#include <lwip/def.h>
#include <lwip/opt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLASSES 5
#define PAGE    4096u

/* A TCP segment of TCP_MSS bytes with its headers and its pbuf fits the last. */
static const size_t class_size[CLASSES] = {128, 256, 512, 1024, 1600};

struct block {
    size_t size;        /* bytes behind this header */
    struct block *next; /* while it is free */
};

static struct {
    struct block *free[CLASSES];
    size_t limit;
    size_t held; /* bytes from malloc, headers included */
    size_t used; /* of these, in blocks that are not free */
    bool pressure;
} mem = {.limit = NET_MEM_MAX};

/* The smallest class that fits, or CLASSES. */
static unsigned class_of(size_t size)
{
    unsigned c = 0;

    while (c < CLASSES && class_size[c] < size)
        c++;
    return c;
}

static void give_back(struct block *block)
{
    mem.held -= sizeof(*block) + block->size;
    free(block);
}

static void give_back_all(void)
{
    for (unsigned i = 0; i < CLASSES; i++) {
        while (mem.free[i]) {
            struct block *block = mem.free[i];

            mem.free[i] = block->next;
            give_back(block);
        }
    }
}

/* NULL if the limit is reached, or if malloc says that it has been: others took the rest. */
static struct block *take_new(size_t size)
{
    struct block *block;

    if (size > mem.limit)
        return NULL;
    if (mem.held + sizeof(*block) + size > mem.limit && !net_mem_scarce())
        give_back_all();
    if (mem.held + sizeof(*block) + size > mem.limit)
        return NULL;
    block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        mem.limit = LWIP_MAX(mem.held, NET_MEM_MIN);
        return NULL;
    }
    block->size = size;
    mem.held += sizeof(*block) + size;
    return block;
}

/* Some blocks before anybody else takes all the memory: with these alone TCP still moves. */
static void take_reserve(void)
{
    const unsigned last = CLASSES - 1;
    const size_t size = class_size[last];

    while (mem.held + sizeof(struct block) + size <= NET_MEM_MIN) {
        struct block *block = take_new(size);

        if (block == NULL)
            return;
        block->next = mem.free[last];
        mem.free[last] = block;
    }
}

void net_mem_start(void)
{
    long pages = sysconf(_SC_AVPHYS_PAGES);
    size_t share = pages < 0 ? NET_MEM_MAX : (size_t)pages / 4 * PAGE;

    mem.limit = LWIP_MAX(LWIP_MIN(share, NET_MEM_MAX), NET_MEM_MIN);
    take_reserve();
}

/* A free block of at least this class, or NULL. */
static struct block *take_free(unsigned c)
{
    for (; c < CLASSES; c++) {
        struct block *block = mem.free[c];

        if (block) {
            mem.free[c] = block->next;
            return block;
        }
    }
    return NULL;
}

void *net_mem_alloc(size_t size)
{
    unsigned c = class_of(size);
    struct block *block = NULL;

    if (c == CLASSES)
        block = take_new(size);
    else if (mem.free[c] == NULL)
        block = take_new(class_size[c]);
    if (block == NULL)
        block = take_free(c);
    if (block == NULL)
        return NULL;
    mem.used += sizeof(*block) + block->size;
    return block + 1;
}

void *net_mem_calloc(size_t count, size_t size)
{
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    p = net_mem_alloc(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void net_mem_free(void *p)
{
    struct block *block;
    unsigned c;

    if (p == NULL)
        return;
    block = (struct block *)p - 1;
    c = class_of(block->size);
    mem.used -= sizeof(*block) + block->size;
    if (c == CLASSES) {
        give_back(block);
        return;
    }
    block->next = mem.free[c];
    mem.free[c] = block;
}

size_t net_mem_used(void)
{
    return mem.used;
}

bool net_mem_scarce(void)
{
    return mem.used >= mem.limit / 2;
}

void net_mem_set_pressure(bool on)
{
    mem.pressure = on;
}

uint32_t net_ooseq_limit(void)
{
    return mem.pressure ? 0 : TCP_WND;
}
