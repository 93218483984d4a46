// SPDX-License-Identifier: ISC
#include <penstock/net.h>
#include <penstock/pci.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static_assert(sizeof(struct packet) == 64, "a packet's descriptor is one cache line");

static int allocate_bookkeeping(struct packet_pool *pool, unsigned count)
{
    pool->free = calloc(count, sizeof(struct packet *));
    pool->packets = aligned_alloc(sizeof(struct packet), count * sizeof(struct packet));
    return pool->free && pool->packets ? 0 : -ENOMEM;
}

int packet_pool_init(struct packet_pool *pool, struct pci_device *dev, unsigned count,
                     unsigned size)
{
    uint8_t *buffers;

    *pool = (struct packet_pool){0};
    if (count == 0 || size == 0 || size % PACKET_ALIGN != 0 || size > UINT16_MAX)
        return -EINVAL;
    if (PACKET_POOL_BYTES(count, size) > pci_dma_available(dev, PACKET_ALIGN) ||
        allocate_bookkeeping(pool, count) < 0) {
        packet_pool_destroy(pool);
        return -ENOMEM;
    }
    buffers = pci_dma_alloc(dev, PACKET_POOL_BYTES(count, size), PACKET_ALIGN);
    for (unsigned i = 0; i < count; i++) {
        uint8_t *data = buffers + (size_t)i * PACKET_STRIDE(size);

        pool->packets[i] = (struct packet){
            .data = data,
            .iova = pci_dma_iova(dev, data),
            .pool = pool,
            .room = (uint16_t)size,
        };
        pool->free[i] = &pool->packets[i];
    }
    pool->available = count;
    pool->count = count;
    return 0;
}

void packet_pool_destroy(struct packet_pool *pool)
{
    free(pool->free);
    free(pool->packets);
    *pool = (struct packet_pool){0};
}
