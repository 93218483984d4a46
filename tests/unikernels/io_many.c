// SPDX-License-Identifier: ISC
/* 62 disks and, as the 63rd device, a network device: each is the one that its name says. */
#include <solo5.h>

#include "expect.h"

#define DISKS 62

int solo5_app_main(const struct solo5_start_info *start)
{
    static uint8_t block[512], frame[1514];
    solo5_handle_t handle;
    solo5_handle_set_t ready = 0;
    struct solo5_net_info net;
    size_t size = 0;

    (void)start;
    for (unsigned i = 1; i <= DISKS; i++) {
        struct solo5_block_info info;
        char name[8];

        snprintf(name, sizeof(name), "disk%u", i);
        EXPECT(solo5_block_acquire(name, &handle, &info) == SOLO5_R_OK);
        EXPECT(handle == i && info.capacity == 512 * i);
        EXPECT(solo5_block_read(handle, 512 * (i - 1), block, 512) == SOLO5_R_OK);
        EXPECT(block[0] == i);
    }
    EXPECT(solo5_net_acquire("net63", &handle, &net) == SOLO5_R_OK);
    EXPECT(handle == 63 && net.mtu == 1500);
    solo5_yield(solo5_clock_monotonic() + 10000000000ull, &ready);
    EXPECT(ready == 1ull << 63);
    EXPECT(solo5_net_read(handle, frame, sizeof(frame), &size) == SOLO5_R_OK && size == 60);
    solo5_yield(0, &ready);
    EXPECT(ready == 0);
    return success();
}
