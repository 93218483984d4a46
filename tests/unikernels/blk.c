// SPDX-License-Identifier: ISC
/* A disk, in order and out of it. Its command line names a case; `read SIZE TOTAL` is for the
 * benchmark. */
#include <solo5.h>
#include <stdlib.h>

#include "expect.h"

#define OK_IF(call)     EXPECT((call) == SOLO5_R_OK)
#define EINVAL_IF(call) EXPECT((call) == SOLO5_R_EINVAL)
#define ROOM            (8u << 20)

static solo5_handle_t disk;
static struct solo5_block_info info;
static uint8_t data[ROOM], back[ROOM];

static void fill(uint8_t *to, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245u + 12345u;
        to[i] = (uint8_t)(seed >> 16);
    }
}

static void print(const char *argument)
{
    (void)argument;
    printf("capacity %llu block_size %llu max_io_size %llu %s\n", (unsigned long long)info.capacity,
           (unsigned long long)info.block_size, (unsigned long long)info.max_io_size,
           info.read_only ? "read-only" : "writable");
}

static void round_trip(solo5_off_t offset, size_t size)
{
    fill(data, size, (unsigned)(offset + size));
    OK_IF(solo5_block_write(disk, offset, data, size));
    memset(back, 0, size);
    OK_IF(solo5_block_read(disk, offset, back, size));
    EXPECT(memcmp(data, back, size) == 0);
}

/* The first and the last block, one at a time and as many as can be; they do not touch others. */
static void write_and_read(const char *argument)
{
    size_t block = info.block_size, most = info.max_io_size;

    (void)argument;
    if (most > info.capacity)
        most = info.capacity;
    round_trip(0, block);
    round_trip(info.capacity - block, block);
    round_trip(0, most);
    round_trip(info.capacity - most, most);
    fill(data, 3 * block, 7);
    OK_IF(solo5_block_write(disk, block, data, 3 * block));
    fill(data + block, block, 8);
    OK_IF(solo5_block_write(disk, 2 * block, data + block, block));
    for (unsigned i = 0; i < 3; i++) {
        OK_IF(solo5_block_read(disk, (1 + i) * block, back, block));
        EXPECT(memcmp(back, data + i * block, block) == 0);
    }
    OK_IF(solo5_block_flush(disk));
}

static void refuse_both(solo5_off_t offset, size_t size)
{
    EINVAL_IF(solo5_block_write(disk, offset, data, size));
    EINVAL_IF(solo5_block_read(disk, offset, back, size));
}

static void refuse_handle(solo5_handle_t handle)
{
    EINVAL_IF(solo5_block_write(handle, 0, data, info.block_size));
    EINVAL_IF(solo5_block_read(handle, 0, data, info.block_size));
    EINVAL_IF(solo5_block_flush(handle));
    EINVAL_IF(solo5_block_discard(handle, 0, info.block_size));
}

static void refuse_to_acquire(void)
{
    struct solo5_block_info other;
    struct solo5_net_info net;
    solo5_handle_t handle = 99;

    EINVAL_IF(solo5_block_acquire("disk0", &handle, &other));
    EINVAL_IF(solo5_block_acquire("disk1", &handle, &other));
    EINVAL_IF(solo5_block_acquire("", &handle, &other));
    EINVAL_IF(solo5_block_acquire(NULL, &handle, &other));
    EINVAL_IF(solo5_net_acquire("disk0", &handle, &net));
    EXPECT(handle == 99);
}

static void misuse(const char *argument)
{
    size_t block = info.block_size;

    (void)argument;
    refuse_both(0, 0);
    refuse_both(0, 1);
    refuse_both(0, block - 1);
    refuse_both(0, block + 1);
    refuse_both(1, block);
    refuse_both(block / 2, block);
    refuse_both(0, info.max_io_size + block);
    refuse_both(0, SIZE_MAX);
    refuse_both(0, SIZE_MAX - block + 1);
    refuse_both(info.capacity, block);
    refuse_both(info.capacity - block, 2 * block);
    refuse_both(UINT64_MAX - block + 1, block);
    refuse_both(UINT64_MAX - block + 1, 2 * block);
    refuse_both(1ull << 63, block);
    EINVAL_IF(solo5_block_write(disk, 0, NULL, block));
    EINVAL_IF(solo5_block_read(disk, 0, NULL, block));
    EINVAL_IF(solo5_block_discard(disk, 0, 0));
    EINVAL_IF(solo5_block_discard(disk, 1, block));
    EINVAL_IF(solo5_block_discard(disk, 0, block - 1));
    EINVAL_IF(solo5_block_discard(disk, 0, info.capacity + block));
    EINVAL_IF(solo5_block_discard(disk, info.capacity, block));
    EINVAL_IF(solo5_block_discard(disk, UINT64_MAX - block + 1, 2 * block));
    refuse_handle(0);
    refuse_handle(2);
    refuse_handle(63);
    refuse_handle(64);
    refuse_handle(UINT64_MAX);
    refuse_to_acquire();
}

static void read_only(const char *argument)
{
    (void)argument;
    EXPECT(info.read_only);
    OK_IF(solo5_block_read(disk, 0, back, info.block_size));
    EINVAL_IF(solo5_block_write(disk, 0, back, info.block_size));
    EINVAL_IF(solo5_block_discard(disk, 0, info.block_size));
    OK_IF(solo5_block_flush(disk));
}

/* Beyond max_io_size at once; on a file, holes read as zeros. */
static void discard(const char *argument)
{
    (void)argument;
    fill(data, info.block_size, 1);
    OK_IF(solo5_block_write(disk, 0, data, info.block_size));
    OK_IF(solo5_block_discard(disk, 0, info.capacity));
    OK_IF(solo5_block_read(disk, 0, back, info.block_size));
    for (size_t i = 0; i < info.block_size; i++)
        EXPECT(back[i] == 0);
}

/* Waits until the host has done something to the disk, then finds that it cannot be used. */
static void fails(const char *argument)
{
    (void)argument;
    printf("now\n");
    for (unsigned i = 0; i < 1000; i++) {
        if (solo5_block_read(disk, info.capacity - info.block_size, back, info.block_size) ==
            SOLO5_R_EUNSPEC)
            return;
        solo5_yield(solo5_clock_monotonic() + 10000000, NULL);
    }
    EXPECT(!"the disk still works");
}

static void read_all(const char *argument)
{
    char *end;
    size_t size = strtoul(argument, &end, 10);
    uint64_t total = strtoull(end, NULL, 10), done = 0;
    solo5_time_t start = solo5_clock_monotonic(), spent;

    EXPECT(size > 0 && size <= info.max_io_size && size <= ROOM && size <= info.capacity);
    for (solo5_off_t offset = 0; done < total; done += size) {
        OK_IF(solo5_block_read(disk, offset, data, size));
        offset += size;
        if (offset + size > info.capacity)
            offset = 0;
    }
    spent = solo5_clock_monotonic() - start;
    printf("%llu bytes in %llu ns\n", (unsigned long long)done, (unsigned long long)spent);
}

static const struct test_case cases[] = {
    {"print", print},     {"write_and_read", write_and_read},
    {"misuse", misuse},   {"read_only", read_only},
    {"discard", discard}, {"fails", fails},
    {"read", read_all},
};

int solo5_app_main(const struct solo5_start_info *start)
{
    refuse_handle(1);
    OK_IF(solo5_block_acquire("disk0", &disk, &info));
    EXPECT(disk == 1 && info.max_io_size >= info.block_size);
    RUN_CASE(cases, start->cmdline);
    return success();
}
