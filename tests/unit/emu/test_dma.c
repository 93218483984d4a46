// SPDX-License-Identifier: ISC
/* emu/dma.c: what is mapped is found, what is not is refused, whatever the ranges look like. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/dma.h"
#include "toy.h"

#define MIB (1ull << 20)
#define RW  (EMU_DMA_READ | EMU_DMA_WRITE)

struct fixture {
    struct emu_dma dma;
    int fd;           /* FILE_SIZE bytes: each 512th holds its own offset */
    unsigned reports; /* calls of on_fault */
    uint64_t last_iova;
};

#define FILE_SIZE (16 * MIB)

static void count_fault(void *arg, uint64_t iova, size_t len, enum emu_dma_access access)
{
    struct fixture *f = arg;

    (void)len, (void)access;
    f->reports++;
    f->last_iova = iova;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    emu_dma_init(&f->dma);
    f->dma.on_fault = count_fault;
    f->dma.arg = f;
    f->fd = memory_file(FILE_SIZE, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    emu_dma_clear(&f->dma);
    close(f->fd);
    free(f);
    return 0;
}

/* The word at iova, through the inline path. */
static uint64_t word(struct fixture *f, uint64_t iova)
{
    const uint64_t *at = emu_dma_at(&f->dma, iova, 8, EMU_DMA_READ);

    assert_non_null(at);
    return *at;
}

static void *at(struct fixture *f, uint64_t iova, size_t len, enum emu_dma_access access)
{
    return emu_dma_at(&f->dma, iova, len, access);
}

static void big_pages(void **state)
{
    struct fixture *f = *state;
    const uint64_t base = 1ull << 40;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, base, FILE_SIZE, RW), 0);
    for (unsigned round = 0; round < 2; round++) /* the second one finds the cache filled */
        for (uint64_t offset = 0; offset < FILE_SIZE; offset += 512 * 1024)
            assert_int_equal(word(f, base + offset), offset);
    assert_null(at(f, base - 8, 8, EMU_DMA_READ));
    assert_null(at(f, base + FILE_SIZE, 1, EMU_DMA_READ));
    assert_null(at(f, base + FILE_SIZE - 4, 8, EMU_DMA_READ));
    assert_int_equal(f->dma.faults, 3);
    assert_int_equal(f->reports, 3);
}

/* A piece that straddles two 2 MiB pages is still one piece of memory, if it was mapped as one. */
static void across_pages(void **state)
{
    struct fixture *f = *state;
    uint8_t *first;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 4 * MIB, RW), 0);
    first = at(f, 2 * MIB - 8, 16, EMU_DMA_READ);
    assert_non_null(first);
    assert_ptr_equal(first + 8, at(f, 2 * MIB, 8, EMU_DMA_READ));
    /* A length that makes address + length wrap around is refused, also when the page is cached. */
    assert_null(at(f, 2 * MIB, SIZE_MAX, EMU_DMA_READ));
    assert_null(at(f, 2 * MIB + 8, SIZE_MAX - 4, EMU_DMA_READ));
}

/* Pages that share a slot of the direct-mapped caches. */
static void cache_conflicts(void **state)
{
    struct fixture *f = *state;
    const uint64_t apart = 2 * MIB * EMU_DMA_CACHE_SIZE;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 2 * MIB, RW), 0);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 2 * MIB, apart, 2 * MIB, RW), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(word(f, 512), 512);
        assert_int_equal(word(f, apart + 512), 2 * MIB + 512);
        assert_null(at(f, 2 * apart + 512, 8, EMU_DMA_READ));
    }
}

static void thousands_of_small_pages(void **state)
{
    struct fixture *f = *state;
    const unsigned count = FILE_SIZE / 4096;

    /* Every second page of I/O memory, in an order that makes the table insert at both ends; pages
     * of the file backwards. */
    for (unsigned i = 0; i < count; i++) {
        unsigned page = i % 2 ? count - 1 - i / 2 : i / 2;

        assert_int_equal(
            emu_dma_map(&f->dma, f->fd, (count - 1 - page) * 4096ull, page * 8192ull, 4096, RW), 0);
    }
    assert_int_equal(f->dma.count, count);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned page = 0; page < count; page++)
            assert_int_equal(word(f, page * 8192ull + 512), (count - 1 - page) * 4096ull + 512);
    for (unsigned page = 0; page < count; page += 17) {
        assert_null(at(f, page * 8192ull + 4096, 8, EMU_DMA_READ));
        assert_null(at(f, page * 8192ull + 4092, 8, EMU_DMA_READ));
    }
    /* One power of two takes all of them away. */
    assert_int_equal(emu_dma_unmap(&f->dma, 0, 1ull << 39), count);
    assert_int_equal(f->dma.count, 0);
    assert_null(at(f, 512, 8, EMU_DMA_READ));
}

static void permissions(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 2 * MIB, EMU_DMA_READ), 0);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 2 * MIB, 2 * MIB, 2 * MIB, EMU_DMA_WRITE), 0);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 4 * MIB, 4 * MIB, 4096, EMU_DMA_READ), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_non_null(at(f, 0, 8, EMU_DMA_READ));
        assert_null(at(f, 0, 8, EMU_DMA_WRITE));
        assert_non_null(at(f, 2 * MIB, 8, EMU_DMA_WRITE));
        assert_null(at(f, 2 * MIB, 8, EMU_DMA_READ));
        assert_non_null(at(f, 4 * MIB, 8, EMU_DMA_READ));
        assert_null(at(f, 4 * MIB, 8, EMU_DMA_WRITE));
    }
}

static void overlaps(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t iova, size;
    } bad[] = {{4096, 4096}, {0, 8192}, {8191, 1}, {4095, 2}, {0, 1 << 30}, {5000, 10}};

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 4096, 4096, RW), 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, bad[i].iova, bad[i].size, RW), -EEXIST);
    assert_int_equal(f->dma.count, 1);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 4096, RW), 0);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 8192, 4096, RW), 0);
    assert_int_equal(f->dma.count, 3);
}

static void malformed(void **state)
{
    struct fixture *f = *state;
    int pipes[2];

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 0, RW), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, ~0ull - 4094, 4097, RW), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 4096, 0), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 4096, 4), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, FILE_SIZE, 0, 4096, RW), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, FILE_SIZE - 4096, 0, 8192, RW), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, ~0ull - 4095, 0, 8192, RW), -EINVAL);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 1ull << 63, 0, 4096, RW), -EINVAL);
    assert_int_equal(pipe(pipes), 0);
    assert_true(emu_dma_map(&f->dma, pipes[0], 0, 0, 4096, EMU_DMA_READ) < 0);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(emu_dma_unmap(&f->dma, 0, 0), -EINVAL);
    assert_int_equal(emu_dma_unmap(&f->dma, 1, ~0ull), 0);
    assert_int_equal(emu_dma_unmap(&f->dma, 2, ~0ull), -EINVAL);
    assert_int_equal(f->dma.count, 0);
}

static void up_to_the_end(void **state)
{
    struct fixture *f = *state;
    uint64_t last = ~0ull - 4095;
    size_t len = 1 << 20;
    uint8_t bytes[16];

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, last, 4096, RW), 0);
    assert_int_equal(word(f, last + 512), 512);
    assert_null(at(f, ~0ull - 3, 8, EMU_DMA_READ));
    assert_non_null(emu_dma_prefix(&f->dma, last, &len, EMU_DMA_READ));
    assert_int_equal(len, 4096);
    /* Not on at address 0. */
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 4096, 0, 4096, RW), 0);
    assert_false(emu_dma_read(&f->dma, ~0ull - 7, bytes, sizeof(bytes)));
    assert_true(emu_dma_read(&f->dma, ~0ull - 15, bytes, sizeof(bytes)));
    assert_int_equal(emu_dma_unmap(&f->dma, 1ull << 63, 1ull << 63), 1);
    assert_int_equal(f->dma.count, 1);
}

static void cutting(void **state)
{
    struct fixture *f = *state;
    uint64_t generation;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 8 * MIB, 8 * MIB, RW), 0);
    generation = f->dma.generation;
    assert_int_equal(word(f, 10 * MIB), 2 * MIB);
    assert_int_equal(emu_dma_unmap(&f->dma, 10 * MIB, 2 * MIB), 1); /* in the middle */
    assert_int_not_equal(f->dma.generation, generation);
    assert_int_equal(f->dma.count, 2);
    assert_int_equal(word(f, 10 * MIB - 512), 2 * MIB - 512);
    assert_null(at(f, 10 * MIB, 8, EMU_DMA_READ));
    assert_null(at(f, 12 * MIB - 8, 8, EMU_DMA_READ));
    assert_int_equal(word(f, 12 * MIB), 4 * MIB);
    assert_int_equal(emu_dma_unmap(&f->dma, 9 * MIB, 4 * MIB), 2); /* an end and a start */
    assert_int_equal(word(f, 9 * MIB - 512), 1 * MIB - 512);
    assert_null(at(f, 9 * MIB, 8, EMU_DMA_READ));
    assert_int_equal(word(f, 13 * MIB), 5 * MIB);
    assert_int_equal(emu_dma_unmap(&f->dma, 0, 8 * MIB + 4096), 1);
    assert_int_equal(word(f, 8 * MIB + 4096), 4096);
    assert_int_equal(emu_dma_unmap(&f->dma, 0, ~0ull), 2);
    assert_int_equal(f->dma.count, 0);
}

/* An unmap that hits nothing leaves pointers as good as they were. */
static void generations(void **state)
{
    struct fixture *f = *state;
    uint64_t generation = f->dma.generation;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 0, 4096, RW), 0);
    assert_int_equal(emu_dma_unmap(&f->dma, 4096, 4096), 0);
    assert_int_equal(f->dma.generation, generation);
    assert_int_equal(emu_dma_unmap(&f->dma, 0, 4096), 1);
    assert_int_not_equal(f->dma.generation, generation);
    generation = f->dma.generation;
    emu_dma_clear(&f->dma);
    assert_int_not_equal(f->dma.generation, generation);
}

static void without_memory(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(emu_dma_map(&f->dma, -1, 0, 0, 2 * MIB, RW), 0);
    assert_null(at(f, 0, 8, EMU_DMA_READ));
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 4096, 4096, RW), -EEXIST);
    assert_int_equal(emu_dma_unmap(&f->dma, MIB, 4096), 1);
    assert_int_equal(emu_dma_unmap(&f->dma, 0, 2 * MIB), 2);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 4096, 4096, RW), 0);
}

static void copies(void **state)
{
    struct fixture *f = *state;
    uint8_t out[6000], in[6000];

    for (unsigned i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7);
    /* Neighbours in I/O memory that lie apart in the file. */
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 8192, 0, 4096, RW), 0);
    assert_int_equal(emu_dma_map(&f->dma, f->fd, 0, 4096, 4096, RW), 0);
    assert_null(at(f, 4000, 200, EMU_DMA_READ));
    assert_true(emu_dma_write(&f->dma, 1000, out, sizeof(out)));
    assert_true(emu_dma_read(&f->dma, 1000, in, sizeof(in)));
    assert_memory_equal(in, out, sizeof(in));
    assert_false(emu_dma_write(&f->dma, 4096, out, sizeof(out)));
    assert_int_equal(f->last_iova, 8192);
}

/* Addresses and offsets need no alignment: the table is exact to the byte. */
static void odd_ranges(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(emu_dma_map(&f->dma, f->fd, 512, 1000, 3000, RW), 0);
    assert_int_equal(word(f, 1000), 512);
    assert_int_equal(word(f, 1512), 1024);
    assert_null(at(f, 999, 1, EMU_DMA_READ));
    assert_null(at(f, 4000, 1, EMU_DMA_READ));
    assert_non_null(at(f, 3999, 1, EMU_DMA_WRITE));
}

static void too_many(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < EMU_DMA_MAPS_MAX; i++)
        assert_int_equal(emu_dma_map(&f->dma, -1, 0, i * 8192ull, 8192, RW), 0);
    assert_int_equal(emu_dma_map(&f->dma, -1, 0, 1ull << 40, 8192, RW), -ENOSPC);
    assert_int_equal(emu_dma_unmap(&f->dma, 4096, 100), -ENOSPC); /* no room for the second half */
    assert_int_equal(f->dma.count, EMU_DMA_MAPS_MAX);
    assert_int_equal(emu_dma_unmap(&f->dma, 0, 8192), 1);
    assert_int_equal(emu_dma_map(&f->dma, -1, 0, 1ull << 40, 8192, RW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(big_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(across_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(cache_conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(thousands_of_small_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(permissions, setup, teardown),
        cmocka_unit_test_setup_teardown(overlaps, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(up_to_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(cutting, setup, teardown),
        cmocka_unit_test_setup_teardown(generations, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(copies, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
