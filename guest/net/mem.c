// SPDX-License-Identifier: ISC
#include "mem.h"

#include <lwip/arch.h>
#include <lwip/opt.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 5

/* A TCP segment of TCP_MSS bytes with its headers and its pbuf fits the last. */
static const size_t class_size[CLASSES] = {128, 256, 512, 1024, 1600};

struct block {
    size_t size;        /* bytes behind this header */
    struct block *next; /* while it is free */
};

static struct {
    struct block *free[CLASSES];
    size_t held; /* bytes from malloc, headers included */
    size_t used; /* of these, in blocks that are not free */
    bool pressure;
} mem;

/* The smallest class that fits, or CLASSES. */
static unsigned class_of(size_t size)
{
    unsigned class = 0;

    while (class < CLASSES && class_size[class] < size)
        class ++;
    return class;
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

static struct block *take_new(size_t size)
{
    struct block *block;

    if (size > NET_MEM_MAX - sizeof(*block))
        return NULL;
    if (mem.held + sizeof(*block) + size > NET_MEM_MAX)
        give_back_all();
    if (mem.held + sizeof(*block) + size > NET_MEM_MAX)
        return NULL;
    block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    mem.held += sizeof(*block) + size;
    return block;
}

void *net_mem_alloc(size_t size)
{
    unsigned class = class_of(size);
    struct block *block = class < CLASSES ? mem.free[class] : NULL;

    if (block)
        mem.free[class] = block->next;
    else
        block = take_new(class < CLASSES ? class_size[class] : size);
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
    unsigned class;

    if (p == NULL)
        return;
    block = (struct block *)p - 1;
    class = class_of(block->size);
    mem.used -= sizeof(*block) + block->size;
    if (class == CLASSES) {
        give_back(block);
        return;
    }
    block->next = mem.free[class];
    mem.free[class] = block;
}

size_t net_mem_used(void)
{
    return mem.used;
}

bool net_mem_scarce(void)
{
    return mem.used >= NET_MEM_MAX / 2;
}

void net_mem_set_pressure(bool on)
{
    mem.pressure = on;
}

uint32_t net_ooseq_limit(void)
{
    return mem.pressure ? 0 : TCP_WND;
}
