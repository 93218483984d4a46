// SPDX-License-Identifier: ISC
/* Hypercalls for network and block devices as no bindings make them: what a tender refuses by an
 * answer, and what it ends the guest for. */
#include <solo5.h>
#include <stdint.h>
#include <stdlib.h>

#include "abi/hvt.h"
#include "expect.h"

#define NET  1
#define DISK 2

static uint8_t data[8192];

static void call(unsigned nr, const void *argument)
{
    __asm__ __volatile__("outl %0, %w1"
                         :
                         : "a"((uint32_t)(uintptr_t)argument), "d"(HVT_PORT(nr))
                         : "memory");
}

static int net(unsigned nr, uint64_t handle, uint64_t address, uint64_t size)
{
    struct hvt_net_io io = {.handle = handle, .data = address, .len = size, .ret = -1};

    call(nr, &io);
    return io.ret;
}

static int block(unsigned nr, uint64_t handle, uint64_t offset, uint64_t address, uint64_t size)
{
    struct hvt_block_io io = {
        .handle = handle, .offset = offset, .data = address, .len = size, .ret = -1};

    call(nr, &io);
    return io.ret;
}

static int discard(uint64_t handle, uint64_t offset, uint64_t size)
{
    struct hvt_block_discard argument = {
        .handle = handle, .offset = offset, .len = size, .ret = -1};

    call(HVT_BLOCK_DISCARD, &argument);
    return argument.ret;
}

static void not_a_handle(uint64_t handle)
{
    struct hvt_block_flush flush = {.handle = handle, .ret = -1};

    for (unsigned nr = HVT_BLOCK_WRITE; nr <= HVT_BLOCK_READ; nr++)
        EXPECT(block(nr, handle == DISK ? NET : handle, 0, (uintptr_t)data, 512) == HVT_R_EINVAL);
    for (unsigned nr = HVT_NET_WRITE; nr <= HVT_NET_READ; nr++)
        EXPECT(net(nr, handle == NET ? DISK : handle, (uintptr_t)data, 64) == HVT_R_EINVAL);
    EXPECT(discard(handle == DISK ? NET : handle, 0, 512) == HVT_R_EINVAL);
    flush.handle = handle == DISK ? NET : handle;
    call(HVT_BLOCK_FLUSH, &flush);
    EXPECT(flush.ret == HVT_R_EINVAL);
}

static void blocks(unsigned nr, uint64_t offset, uint64_t size)
{
    EXPECT(block(nr, DISK, offset, (uintptr_t)data, size) == HVT_R_EINVAL);
}

static void answers(const char *argument)
{
    const uint64_t handles[] = {0, NET, DISK, 3, 63, 64, 1ull << 32 | DISK, UINT64_MAX};

    (void)argument;
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
        not_a_handle(handles[i]);
    for (unsigned nr = HVT_BLOCK_WRITE; nr <= HVT_BLOCK_READ; nr++) {
        blocks(nr, 0, 0);
        blocks(nr, 0, 513);
        blocks(nr, 1, 512);
        blocks(nr, 0, (4u << 20) + 512);
        blocks(nr, 0, UINT64_MAX - 511);
        blocks(nr, UINT64_MAX - 511, 512);
        blocks(nr, UINT64_MAX - 511, 1024);
        blocks(nr, 1ull << 63, 512);
        EXPECT(block(nr, DISK, 0, (uintptr_t)data, 8192) == HVT_R_OK);
    }
    EXPECT(discard(DISK, 0, UINT64_MAX - 511) == HVT_R_EINVAL);
    EXPECT(discard(DISK, UINT64_MAX - 511, 1024) == HVT_R_EINVAL);
    EXPECT(net(HVT_NET_WRITE, NET, (uintptr_t)data, 13) == HVT_R_EINVAL);
    EXPECT(net(HVT_NET_WRITE, NET, (uintptr_t)data, 1515) == HVT_R_EINVAL);
    EXPECT(net(HVT_NET_READ, NET, (uintptr_t)data, 13) == HVT_R_EINVAL);
    EXPECT(net(HVT_NET_READ, NET, (uintptr_t)data, 14) == HVT_R_AGAIN);
}

/* NR ADDRESS SIZE; address 1 stands for this text. */
static void access_memory(const char *argument)
{
    char *end;
    unsigned nr = (unsigned)strtoul(argument, &end, 0);
    uint64_t address = strtoull(end, &end, 0);
    uint64_t size = strtoull(end, NULL, 0);

    if (address == 1)
        address = (uintptr_t)access_memory;
    if (nr == HVT_NET_WRITE || nr == HVT_NET_READ)
        printf("ret %d\n", net(nr, NET, address, size));
    else
        printf("ret %d\n", block(nr, DISK, 0, address, size));
}

static const struct test_case cases[] = {{"answers", answers}, {"access", access_memory}};

int solo5_app_main(const struct solo5_start_info *info)
{
    RUN_CASE(cases, info->cmdline);
    return success();
}
