// SPDX-License-Identifier: ISC
/* emu/request.c: every command, right and wrong, without a socket in between. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/request.h"
#include "toy.h"

struct fixture {
    struct toy *toy;
    struct emu_reply reply;
    int fds[8]; /* sent with the next request */
    unsigned fds_count;
    unsigned open_before;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->open_before = open_fds();
    f->toy = toy_create();
    f->reply.payload = malloc(EMU_PAYLOAD_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned open_after;

    toy_destroy(f->toy);
    open_after = open_fds();
    free(f->reply.payload);
    if (open_after != f->open_before) {
        print_error("%u descriptors before, %u after\n", f->open_before, open_after);
        return -1;
    }
    free(f);
    return 0;
}

/* Does a request whose payload lies in memory of exactly its size, so that ASan sees any look
 * beyond. */
static int request(struct fixture *f, uint16_t command, const void *payload, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    const struct emu_request r = {.command = command,
                                  .payload = exact,
                                  .size = size,
                                  .fds = f->fds,
                                  .fds_count = f->fds_count};
    int err;

    if (size)
        memcpy(exact, payload, size);
    err = emu_request(&f->toy->dev, &r, &f->reply);
    free(exact);
    for (unsigned i = 0; i < f->fds_count; i++)
        if (f->fds[i] >= 0)
            close(f->fds[i]);
    f->fds_count = 0;
    return err;
}

static int access_region(struct fixture *f, uint16_t command, uint32_t region, uint64_t offset,
                         uint32_t count, const void *data)
{
    uint8_t message[sizeof(struct vfio_user_region_access) + 4096];
    const struct vfio_user_region_access access = {
        .offset = offset, .region = region, .count = count};

    memcpy(message, &access, sizeof(access));
    if (data)
        memcpy(message + sizeof(access), data, count);
    return request(f, command, message, sizeof(access) + (data ? count : 0));
}

static uint32_t read32(struct fixture *f, uint32_t region, uint64_t offset)
{
    uint32_t value;

    assert_int_equal(access_region(f, VFIO_USER_REGION_READ, region, offset, 4, NULL), 0);
    assert_int_equal(f->reply.size, sizeof(struct vfio_user_region_access) + 4);
    memcpy(&value, f->reply.payload + sizeof(struct vfio_user_region_access), 4);
    return value;
}

static int write64(struct fixture *f, uint32_t region, uint64_t offset, uint64_t value)
{
    return access_region(f, VFIO_USER_REGION_WRITE, region, offset, 8, &value);
}

static void versions(void **state)
{
    static const char hello[] = "\0\0\7\0{\"capabilities\":{}}"; /* 0.7 */
    struct fixture *f = *state;
    uint16_t major_2[2] = {2, 0};

    assert_int_equal(request(f, VFIO_USER_VERSION, hello, sizeof(hello)), 0);
    assert_memory_equal(f->reply.payload, "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":16,", 38);
    assert_int_equal(f->reply.payload[f->reply.size - 1], 0);
    assert_int_equal(strlen((char *)f->reply.payload + 4), f->reply.size - 5);
    assert_int_equal(request(f, VFIO_USER_VERSION, hello, 4), 0); /* nothing about capabilities */
    assert_int_equal(request(f, VFIO_USER_VERSION, hello, sizeof(hello) - 1), -EINVAL); /* no NUL */
    assert_int_equal(request(f, VFIO_USER_VERSION, hello, 3), -EINVAL);
    assert_int_equal(request(f, VFIO_USER_VERSION, major_2, 4), -EPROTONOSUPPORT);
    /* QEMU takes a reply of its request's size at most, and that is what its request is like. */
    assert_true(f->reply.size <= sizeof("0000{\"capabilities\":{\"migration\":{\"pgsize\":4096,"
                                        "\"max_bitmap_size\":268435456},\"max_msg_fds\":16,"
                                        "\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
                                        "\"max_dma_maps\":65535,\"write_multiple\":true}}"));
}

static void unknown_commands(void **state)
{
    static const uint16_t commands[] = {0, 6, 11, 12, 14, 15, 16, 17, 18, 19, 255, 65535};
    struct fixture *f = *state;
    uint8_t payload[64] = {0};

    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        assert_int_equal(request(f, commands[i], payload, sizeof(payload)), -ENOTSUP);
}

/* A payload that is shorter than its structure, by any number of bytes. */
static void truncated(void **state)
{
    static const struct {
        uint16_t command;
        size_t size;
    } commands[] = {{VFIO_USER_VERSION, 4},
                    {VFIO_USER_DMA_MAP, 32},
                    {VFIO_USER_DMA_UNMAP, 24},
                    {VFIO_USER_DEVICE_GET_INFO, 16},
                    {VFIO_USER_DEVICE_GET_REGION_INFO, 32},
                    {VFIO_USER_DEVICE_GET_IRQ_INFO, 16},
                    {VFIO_USER_DEVICE_SET_IRQS, 20},
                    {VFIO_USER_REGION_READ, 16},
                    {VFIO_USER_REGION_WRITE, 16}};
    struct fixture *f = *state;
    uint8_t payload[32] = {0};

    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        for (size_t size = 0; size < commands[i].size; size++)
            assert_int_equal(request(f, commands[i].command, payload, size), -EINVAL);
    assert_int_equal(f->toy->resets, 0);
}

static void infos(void **state)
{
    const struct vfio_user_device_info ask = {.argsz = sizeof(ask)};
    struct vfio_user_irq_info irq = {.argsz = sizeof(irq), .index = VFIO_USER_IRQ_MSIX};
    struct vfio_user_device_info info;
    struct fixture *f = *state;

    assert_int_equal(request(f, VFIO_USER_DEVICE_GET_INFO, &ask, sizeof(ask)), 0);
    assert_int_equal(f->reply.size, sizeof(info));
    memcpy(&info, f->reply.payload, sizeof(info));
    assert_int_equal(info.flags, 3);
    assert_int_equal(info.num_regions, 9);
    assert_int_equal(info.num_irqs, 5);
    assert_int_equal(request(f, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)), 0);
    memcpy(&irq, f->reply.payload, sizeof(irq));
    assert_int_equal(irq.count, TOY_VECTORS);
    assert_int_equal(irq.flags, VFIO_USER_IRQ_EVENTFD);
    irq.index = VFIO_USER_IRQ_COUNT;
    assert_int_equal(request(f, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)), -EINVAL);
}

static int ask_region(struct fixture *f, uint32_t index, uint32_t argsz,
                      struct vfio_user_region_info *info)
{
    *info = (struct vfio_user_region_info){.argsz = argsz, .index = index};
    int err = request(f, VFIO_USER_DEVICE_GET_REGION_INFO, info, sizeof(*info));

    memcpy(info, f->reply.payload, sizeof(*info));
    return err;
}

static void region_infos(void **state)
{
    struct vfio_user_cap_sparse_mmap cap;
    struct vfio_user_sparse_area area;
    struct vfio_user_region_info info;
    struct fixture *f = *state;
    uint32_t *hot;

    /* Without room for the areas: only how much it takes. */
    assert_int_equal(ask_region(f, 0, sizeof(info), &info), 0);
    assert_int_equal(f->reply.size, sizeof(info));
    assert_int_equal(info.argsz, 32 + 16 + 16);
    assert_int_equal(info.cap_offset, 0);
    assert_int_equal(info.flags, 7);
    assert_int_equal(info.size, TOY_BAR_SIZE);
    assert_int_equal(ask_region(f, 0, info.argsz, &info), 0);
    assert_int_equal(f->reply.size, 64);
    assert_int_equal(info.flags, 0xf);
    assert_int_equal(info.cap_offset, 32);
    memcpy(&cap, f->reply.payload + 32, sizeof(cap));
    memcpy(&area, f->reply.payload + 48, sizeof(area));
    assert_int_equal(cap.header.id, VFIO_USER_CAP_SPARSE_MMAP);
    assert_int_equal(cap.header.version, 1);
    assert_int_equal(cap.header.next, 0);
    assert_int_equal(cap.nr_areas, 1);
    assert_int_equal(area.offset, TOY_HOT);
    assert_int_equal(area.size, 4096);
    /* What is written to the mapping, the device sees; it cannot be taken away from it. */
    hot = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->reply.fd,
               (off_t)(info.offset + area.offset));
    assert_ptr_not_equal(hot, MAP_FAILED);
    *hot = 77;
    f->toy->dev.ops->poll(&f->toy->dev, 0);
    assert_int_equal(read32(f, 0, 0), 77);
    munmap(hot, 4096);
    assert_int_equal(ask_region(f, 0, 64, &info), 0);
    assert_int_equal(ftruncate(f->reply.fd, 0), -1);

    assert_int_equal(ask_region(f, VFIO_USER_REGION_CONFIG, 32, &info), 0);
    assert_int_equal(info.size, 4096);
    assert_int_equal(info.flags, 3);
    assert_int_equal(f->reply.fd, -1);
    assert_int_equal(ask_region(f, VFIO_USER_REGION_ROM, 32, &info), 0);
    assert_int_equal(info.size, 0);
    assert_int_equal(ask_region(f, VFIO_USER_REGION_COUNT, 32, &info), -EINVAL);
    assert_int_equal(ask_region(f, 0xffffffff, 32, &info), -EINVAL);
    assert_int_equal(ask_region(f, 0, 31, &info), -EINVAL);
}

static void region_accesses(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64], got[64];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + 1);
    for (unsigned offset = 0; offset < 9; offset++)
        for (uint32_t count = 1; count < 40; count++) {
            memset(f->toy->regs, 0, sizeof(f->toy->regs));
            assert_int_equal(access_region(f, VFIO_USER_REGION_WRITE, 0, offset, count, bytes), 0);
            assert_int_equal(f->reply.size, 16);
            assert_int_equal(access_region(f, VFIO_USER_REGION_READ, 0, offset, count, NULL), 0);
            assert_int_equal(f->reply.size, 16 + count);
            memcpy(got, f->reply.payload + 16, count);
            assert_memory_equal(got, bytes, count);
            assert_memory_equal((uint8_t *)f->toy->regs + offset, bytes, count);
            assert_int_equal(((uint8_t *)f->toy->regs)[offset + count], 0);
        }
    /* One access stays one access. */
    for (unsigned size = 1; size <= 8; size *= 2) {
        access_region(f, VFIO_USER_REGION_WRITE, 0, 16, size, bytes);
        assert_int_equal(f->toy->last_size, size);
    }
}

static void bad_accesses(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t region, count;
    } bad[] = {
        {0, 0, 0},        {TOY_BAR_SIZE, 0, 1}, {TOY_BAR_SIZE - 4, 0, 8},
        {~0ull, 0, 4},    {~0ull - 3, 0, 4},    {0, 1, 4},
        {0, 9, 4},        {0, 0xffffffff, 4},   {4096, 7, 4},
        {4092, 7, 8},     {1ull << 32, 7, 4},   {0, 0, TOY_BAR_SIZE + 1},
        {0, 0, 0x100001}, {0, 0, 0xffffffff},   {0, 8, 1},
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vfio_user_region_access access = {bad[i].offset, bad[i].region, bad[i].count};
        uint8_t message[64] = {0};

        memcpy(message, &access, sizeof(access));
        assert_int_equal(request(f, VFIO_USER_REGION_READ, message, sizeof(access)), -EINVAL);
        assert_int_equal(request(f, VFIO_USER_REGION_WRITE, message, sizeof(message)), -EINVAL);
    }
    /* The whole BAR at once is fine; a write with less data than it says is not. */
    assert_int_equal(access_region(f, VFIO_USER_REGION_READ, 0, 0, TOY_BAR_SIZE, NULL), 0);
    assert_int_equal(f->reply.size, 16 + TOY_BAR_SIZE);
    assert_int_equal(access_region(f, VFIO_USER_REGION_WRITE, 0, 0, 8, NULL), -EINVAL);
}

static void dma(void **state)
{
    struct vfio_user_dma_map map = {.argsz = 32, .flags = 3, .address = 1 << 20, .size = 8192};
    struct vfio_user_dma_unmap unmap = {.argsz = 24, .size = 1ull << 39};
    struct fixture *f = *state;
    const uint16_t master = PCI_COMMAND_MASTER;
    int file = memory_file(8192, 0);
    uint64_t seen;

    f->fds[f->fds_count++] = dup(file);
    assert_int_equal(request(f, VFIO_USER_DMA_MAP, &map, sizeof(map)), 0);
    assert_int_equal(f->reply.size, 0);
    assert_int_equal(write64(f, 0, TOY_DMA, map.address + 64), 0);
    assert_int_equal(pread(file, &seen, 8, 64), 8);
    assert_int_equal(seen, 0); /* no bus mastering */
    assert_int_equal(access_region(f, VFIO_USER_REGION_WRITE, 7, PCI_COMMAND, 2, &master), 0);
    assert_int_equal(f->toy->config_writes, 1);
    assert_int_equal(write64(f, 0, TOY_DMA, map.address + 64), 0);
    assert_int_equal(pread(file, &seen, 8, 64), 8);
    assert_int_equal(seen, TOY_MARK);

    f->fds[f->fds_count++] = dup(file);
    assert_int_equal(request(f, VFIO_USER_DMA_MAP, &map, sizeof(map)), -EEXIST);
    map.address = 1 << 30;
    f->fds[f->fds_count++] = dup(file);
    f->fds[f->fds_count++] = dup(file);
    assert_int_equal(request(f, VFIO_USER_DMA_MAP, &map, sizeof(map)), -EINVAL);
    map.flags = 8;
    assert_int_equal(request(f, VFIO_USER_DMA_MAP, &map, sizeof(map)), -EINVAL);

    unmap.flags = 1; /* a dirty bitmap */
    assert_int_equal(request(f, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap)), -EINVAL);
    unmap.flags = 0;
    assert_int_equal(request(f, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap)), 0);
    assert_int_equal(f->reply.size, sizeof(unmap));
    assert_memory_equal(f->reply.payload, &unmap, sizeof(unmap));
    assert_int_equal(write64(f, 0, TOY_DMA, (1 << 20) + 64), 0);
    assert_int_equal(f->toy->dev.dma.faults, 1);
    unmap = (struct vfio_user_dma_unmap){.argsz = 24, .flags = VFIO_USER_DMA_UNMAP_ALL};
    assert_int_equal(request(f, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap)), 0);
    unmap.flags = 0;
    assert_int_equal(request(f, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap)), -EINVAL);
    close(file);
}

static int set_irqs(struct fixture *f, uint32_t flags, uint32_t index, uint32_t start,
                    uint32_t count, const uint8_t *bools)
{
    const struct vfio_user_irq_set set = {20 + (bools ? count : 0), flags, index, start, count};
    uint8_t message[64];

    memcpy(message, &set, sizeof(set));
    if (bools)
        memcpy(message + sizeof(set), bools, count);
    return request(f, VFIO_USER_DEVICE_SET_IRQS, message, set.argsz);
}

/* Gives the device an eventfd for each of `count` vectors; the test keeps its own ends. */
static void give(struct fixture *f, int *mine, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        mine[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        f->fds[f->fds_count++] = dup(mine[i]);
    }
}

static uint64_t events(int fd)
{
    uint64_t value;

    return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

#define EVENTFDS (VFIO_USER_IRQ_SET_DATA_EVENTFD | VFIO_USER_IRQ_SET_ACTION_TRIGGER)
#define NONE     (VFIO_USER_IRQ_SET_DATA_NONE | VFIO_USER_IRQ_SET_ACTION_TRIGGER)
#define BOOLS    (VFIO_USER_IRQ_SET_DATA_BOOL | VFIO_USER_IRQ_SET_ACTION_TRIGGER)

static void msix(void **state)
{
    const uint8_t second[2] = {0, 1};
    struct fixture *f = *state;
    int fds[4];

    give(f, fds, 3);
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 1, 3, NULL), 0);
    write64(f, 0, TOY_RAISE, 2);
    assert_int_equal(events(fds[0]), 0);
    assert_int_equal(events(fds[1]), 1);
    write64(f, 0, TOY_RAISE, 0);    /* has none */
    write64(f, 0, TOY_RAISE, 1000); /* does not exist */
    assert_int_equal(f->toy->dev.stats.interrupts, 1);
    /* The client rings its own bell. */
    assert_int_equal(set_irqs(f, NONE, VFIO_USER_IRQ_MSIX, 3, 1, NULL), 0);
    assert_int_equal(events(fds[2]), 1);
    assert_int_equal(set_irqs(f, BOOLS, VFIO_USER_IRQ_MSIX, 1, 2, second), 0);
    assert_int_equal(events(fds[0]), 0);
    assert_int_equal(events(fds[1]), 1);
    /* One is replaced, one taken away, then all. */
    close(fds[0]);
    give(f, fds, 1);
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 1, 1, NULL), 0);
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 2, 1, NULL), 0);
    write64(f, 0, TOY_RAISE, 1);
    write64(f, 0, TOY_RAISE, 2);
    assert_int_equal(events(fds[0]), 1);
    assert_int_equal(events(fds[1]), 0);
    assert_int_equal(set_irqs(f, NONE, VFIO_USER_IRQ_MSIX, 0, 0, NULL), 0);
    assert_int_equal(f->toy->dev.irqs.index[VFIO_USER_IRQ_MSIX].enabled, 0);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
}

/* A level stays until the device takes it back, and is told once per unmask. */
static void intx(void **state)
{
    const uint32_t unmask = VFIO_USER_IRQ_SET_DATA_NONE | VFIO_USER_IRQ_SET_ACTION_UNMASK;
    const uint32_t mask = VFIO_USER_IRQ_SET_DATA_NONE | VFIO_USER_IRQ_SET_ACTION_MASK;
    struct fixture *f = *state;
    int fd;

    give(f, &fd, 1);
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_INTX, 0, 1, NULL), 0);
    write64(f, 0, TOY_RAISE, 0);
    write64(f, 0, TOY_RAISE, 0);
    assert_int_equal(events(fd), 1);
    assert_int_equal(set_irqs(f, unmask, VFIO_USER_IRQ_INTX, 0, 1, NULL), 0);
    assert_int_equal(events(fd), 1);
    emu_intx_level(&f->toy->dev, false);
    assert_int_equal(set_irqs(f, unmask, VFIO_USER_IRQ_INTX, 0, 1, NULL), 0);
    assert_int_equal(events(fd), 0);
    assert_int_equal(set_irqs(f, mask, VFIO_USER_IRQ_INTX, 0, 1, NULL), 0);
    write64(f, 0, TOY_RAISE, 0);
    assert_int_equal(events(fd), 0);
    assert_int_equal(set_irqs(f, unmask, VFIO_USER_IRQ_INTX, 0, 1, NULL), 0);
    assert_int_equal(events(fd), 1);
    close(fd);
}

static void bad_irqs(void **state)
{
    static const struct {
        uint32_t flags, index, start, count;
    } bad[] = {
        {0, 2, 0, 1},      {NONE | 2, 2, 0, 1}, {NONE | 8, 2, 0, 1}, {NONE | 64, 2, 0, 1},
        {1, 2, 0, 1},      {0x20, 2, 0, 1},     {NONE, 5, 0, 1},     {NONE, ~0u, 0, 1},
        {NONE, 2, 0, 5},   {NONE, 2, 4, 1},     {NONE, 2, ~0u, 2},   {NONE, 2, 2, ~0u},
        {NONE, 2, 1, 0},   {EVENTFDS, 2, 0, 0}, {BOOLS, 2, 0, 0},    {NONE, 4, 0, 1},
        {BOOLS, 2, 0, 4},  {1 | 8, 2, 0, 1},    {1 | 16, 1, 0, 1},   {4 | 8, 0, 0, 1},
        {4 | 16, 0, 0, 1},
    };
    struct fixture *f = *state;
    int mine[4], pipes[2];

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (set_irqs(f, bad[i].flags, bad[i].index, bad[i].start, bad[i].count, NULL) != -EINVAL)
            fail_msg("row %u was taken", i);
    give(f, mine, 2); /* not as many as it says */
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 0, 3, NULL), -EINVAL);
    f->fds[f->fds_count++] = dup(mine[0]);
    assert_int_equal(set_irqs(f, NONE, VFIO_USER_IRQ_MSIX, 0, 1, NULL), -EINVAL);
    assert_int_equal(pipe(pipes), 0); /* not an eventfd */
    f->fds[f->fds_count++] = pipes[1];
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 0, 1, NULL), -EINVAL);
    assert_int_equal(f->toy->dev.irqs.index[VFIO_USER_IRQ_MSIX].enabled, 0);
    close(pipes[0]);
    close(mine[0]);
    close(mine[1]);
}

/* An eventfd at its limit must not hold the device up. */
static void full_eventfd(void **state)
{
    const uint64_t limit = ~1ull;
    struct fixture *f = *state;
    int fd = eventfd(0, EFD_CLOEXEC);

    f->fds[f->fds_count++] = dup(fd);
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 0, 1, NULL), 0);
    assert_int_equal(write(fd, &limit, sizeof(limit)), sizeof(limit));
    write64(f, 0, TOY_RAISE, 0);
    assert_int_equal(f->toy->dev.irqs.overruns, 1);
    close(fd);
}

static void resets(void **state)
{
    const uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR, master = PCI_COMMAND_MASTER;
    struct fixture *f = *state;
    int fd;

    give(f, &fd, 1);
    assert_int_equal(set_irqs(f, EVENTFDS, VFIO_USER_IRQ_MSIX, 0, 1, NULL), 0);
    access_region(f, VFIO_USER_REGION_WRITE, 7, PCI_COMMAND, 2, &master);
    write64(f, 0, 0, 5);
    assert_int_equal(request(f, VFIO_USER_DEVICE_RESET, NULL, 0), 0);
    assert_int_equal(f->toy->resets, 1);
    assert_int_equal(read32(f, 0, 0), 0);
    assert_false(emu_bus_master(&f->toy->dev));
    access_region(f, VFIO_USER_REGION_WRITE, 7, PCI_COMMAND, 2, &master);
    access_region(f, VFIO_USER_REGION_WRITE, 7, 0xa0 + PCI_EXP_DEVCTL, 2, &flr);
    assert_int_equal(f->toy->resets, 2);
    assert_false(emu_bus_master(&f->toy->dev));
    /* Interrupts survive a reset, but not their owner. */
    write64(f, 0, TOY_RAISE, 0);
    assert_int_equal(events(fd), 1);
    assert_int_equal(emu_device_orphan(&f->toy->dev), 0);
    assert_int_equal(f->toy->resets, 3);
    write64(f, 0, TOY_RAISE, 0);
    assert_int_equal(events(fd), 0);
    close(fd);
}

/* A client that still maps the hot pages after it was given up reaches nothing with them. */
static void old_pages(void **state)
{
    struct vfio_user_region_info info;
    struct fixture *f = *state;
    uint8_t *mem = f->toy->dev.regions[0].mem;
    uint32_t *hot;

    assert_int_equal(ask_region(f, 0, 64, &info), 0);
    hot = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->reply.fd, TOY_HOT);
    assert_ptr_not_equal(hot, MAP_FAILED);
    assert_int_equal(emu_device_orphan(&f->toy->dev), 0);
    assert_ptr_equal(f->toy->dev.regions[0].mem, mem);
    *hot = 99;
    f->toy->dev.ops->poll(&f->toy->dev, 0);
    assert_int_equal(read32(f, 0, 0), 0);
    munmap(hot, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(versions, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(infos, setup, teardown),
        cmocka_unit_test_setup_teardown(region_infos, setup, teardown),
        cmocka_unit_test_setup_teardown(region_accesses, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_accesses, setup, teardown),
        cmocka_unit_test_setup_teardown(dma, setup, teardown),
        cmocka_unit_test_setup_teardown(msix, setup, teardown),
        cmocka_unit_test_setup_teardown(intx, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_irqs, setup, teardown),
        cmocka_unit_test_setup_teardown(full_eventfd, setup, teardown),
        cmocka_unit_test_setup_teardown(resets, setup, teardown),
        cmocka_unit_test_setup_teardown(old_pages, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
