// SPDX-License-Identifier: ISC
/* Frames and blocks go straight to and from DMA memory, a device's own and the shared one. */
#include <solo5.h>

#include "expect.h"

static void pass(solo5_handle_t net, solo5_handle_t disk, uint8_t *memory)
{
    size_t size;

    solo5_yield(solo5_clock_monotonic() + 10000000000ull, NULL);
    EXPECT(solo5_net_read(net, memory, 1514, &size) == SOLO5_R_OK && size == 512);
    EXPECT(solo5_block_write(disk, 512, memory, 512) == SOLO5_R_OK);
    memset(memory, 0, 512);
    EXPECT(solo5_block_read(disk, 512, memory, 512) == SOLO5_R_OK);
    EXPECT(solo5_net_write(net, memory, 512) == SOLO5_R_OK);
}

int solo5_app_main(const struct solo5_start_info *start)
{
    struct solo5_pci_info pci;
    struct solo5_net_info net_info;
    struct solo5_block_info block_info;
    solo5_handle_t net, disk;
    uint8_t *shared;
    size_t size;

    (void)start;
    EXPECT(solo5_pci_acquire("nic0", &pci) == SOLO5_R_OK);
    EXPECT(solo5_dma_acquire(&shared, &size) == SOLO5_R_OK);
    EXPECT(solo5_net_acquire("net0", &net, &net_info) == SOLO5_R_OK);
    EXPECT(solo5_block_acquire("disk0", &disk, &block_info) == SOLO5_R_OK);
    pass(net, disk, pci.dma + 4096);
    pass(net, disk, shared + size - 1514);
    return success();
}
