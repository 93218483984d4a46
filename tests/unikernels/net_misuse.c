// SPDX-License-Identifier: ISC
/* What the calls for network devices refuse. */
#include <solo5.h>

#include "expect.h"

#define EINVAL_IF(call) EXPECT((call) == SOLO5_R_EINVAL)

static uint8_t frame[65536];

static void refuse_to_acquire(solo5_handle_t *handle, struct solo5_net_info *info)
{
    struct solo5_block_info block;

    EINVAL_IF(solo5_net_acquire("net1", handle, info));
    EINVAL_IF(solo5_net_acquire("net", handle, info));
    EINVAL_IF(solo5_net_acquire("", handle, info));
    EINVAL_IF(solo5_net_acquire(NULL, handle, info));
    EINVAL_IF(solo5_net_acquire("disk0", handle, info));
    EINVAL_IF(solo5_block_acquire("net0", handle, &block));
    EINVAL_IF(solo5_net_acquire("net0", NULL, info));
    EINVAL_IF(solo5_net_acquire("net0", handle, NULL));
}

static void refuse_handle(solo5_handle_t handle)
{
    size_t size;

    EINVAL_IF(solo5_net_write(handle, frame, 60));
    EINVAL_IF(solo5_net_read(handle, frame, sizeof(frame), &size));
}

static void refuse_frames(solo5_handle_t handle, size_t largest)
{
    size_t size = 12345;

    EINVAL_IF(solo5_net_write(handle, frame, 0));
    EINVAL_IF(solo5_net_write(handle, frame, SOLO5_NET_HLEN - 1));
    EINVAL_IF(solo5_net_write(handle, frame, largest + 1));
    EINVAL_IF(solo5_net_write(handle, frame, SIZE_MAX));
    EINVAL_IF(solo5_net_write(handle, NULL, 60));
    EINVAL_IF(solo5_net_read(handle, frame, 0, &size));
    EINVAL_IF(solo5_net_read(handle, frame, largest - 1, &size));
    EINVAL_IF(solo5_net_read(handle, NULL, largest, &size));
    EINVAL_IF(solo5_net_read(handle, frame, largest, NULL));
    EXPECT(size == 12345);
}

int solo5_app_main(const struct solo5_start_info *start)
{
    struct solo5_net_info info;
    solo5_handle_t handle = 99;
    size_t largest;

    (void)start;
    refuse_handle(1);
    refuse_to_acquire(&handle, &info);
    EXPECT(handle == 99);
    EXPECT(solo5_net_acquire("net0", &handle, &info) == SOLO5_R_OK);
    EXPECT(handle == 1 && (info.mac_address[0] & 1) == 0);
    EINVAL_IF(solo5_net_acquire("net0", &handle, &info));
    largest = info.mtu + SOLO5_NET_HLEN;
    refuse_handle(0);
    refuse_handle(2);
    refuse_handle(63);
    refuse_handle(64);
    refuse_handle(UINT64_MAX);
    refuse_frames(handle, largest);
    memset(frame, 0xff, 6);
    frame[12] = 0x88;
    frame[13] = 0xb5;
    EXPECT(solo5_net_write(handle, frame, largest) == SOLO5_R_OK);
    EXPECT(solo5_net_write(handle, frame, SOLO5_NET_HLEN) == SOLO5_R_OK);
    return success();
}
