// SPDX-License-Identifier: ISC
/* The system calls that musl makes in a unikernel, on a heap of this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "fake_console.h"
#include "guest/libc/libc.h"

#define HEAP_PAGES 64

struct guest_libc guest_libc;

static int setup(void **state)
{
    uint8_t *heap = aligned_alloc(PAGES_SIZE, HEAP_PAGES * PAGES_SIZE);

    memset(heap, 0, HEAP_PAGES * PAGES_SIZE);
    pages_init(&guest_libc.pages, (uintptr_t)heap, HEAP_PAGES * PAGES_SIZE);
    fake_console_clear();
    *state = heap;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static long map(long length, long prot, long flags)
{
    return libc_mmap((long[]){0, length, prot, flags, -1, 0});
}

static long map_ordinary(long length)
{
    return map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);
}

static void a_mapping_is_a_whole_number_of_pages(void **state)
{
    long a = map_ordinary(1);
    long b = map_ordinary(PAGES_SIZE + 1);
    long c = map_ordinary(1);

    (void)state;
    assert_int_equal(a % PAGES_SIZE, 0);
    assert_int_equal(b - a, PAGES_SIZE);
    assert_int_equal(c - b, 2 * PAGES_SIZE);
    assert_int_equal(libc_munmap((long[]){b, PAGES_SIZE + 1}), 0);
    assert_int_equal(map_ordinary(2 * PAGES_SIZE), b);
}

static void mappings_that_cannot_be_are_refused(void **state)
{
    (void)state;
    assert_int_equal(map_ordinary(0), -EINVAL);
    assert_int_equal(map_ordinary(-1), -EINVAL);
    assert_int_equal(map_ordinary(PTRDIFF_MAX), -ENOMEM);
    assert_int_equal(map_ordinary(HEAP_PAGES * PAGES_SIZE), -ENOMEM);
    assert_int_equal(map(1, PROT_READ, MAP_PRIVATE), -ENODEV);
    assert_int_equal(map(1, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED), -EINVAL);
    assert_int_equal(map(1, PROT_EXEC, MAP_PRIVATE | MAP_ANON), -EACCES);
}

static void only_the_heap_can_be_unmapped(void **state)
{
    long a = map_ordinary(PAGES_SIZE);

    (void)state;
    assert_int_equal(libc_munmap((long[]){a, 0}), -EINVAL);
    assert_int_equal(libc_munmap((long[]){a + 1, PAGES_SIZE}), -EINVAL);
    assert_int_equal(libc_munmap((long[]){a, HEAP_PAGES * PAGES_SIZE}), -EINVAL);
    assert_int_equal(libc_munmap((long[]){(long)&guest_libc, PAGES_SIZE}), -EINVAL);
}

static long remap(long addr, long old_length, long length, long flags)
{
    return libc_mremap((long[]){addr, old_length, length, flags});
}

static void a_mapping_grows_where_it_is_or_moves(void **state)
{
    long a = map_ordinary(PAGES_SIZE);
    long b;

    (void)state;
    assert_int_equal(remap(a, PAGES_SIZE, 3 * PAGES_SIZE, 0), a);
    memset((void *)a, 7, 3 * PAGES_SIZE);
    b = map_ordinary(PAGES_SIZE);
    assert_int_equal(remap(a, 3 * PAGES_SIZE, 4 * PAGES_SIZE, 0), -ENOMEM);
    assert_int_equal(remap(a, 3 * PAGES_SIZE, 5 * PAGES_SIZE, MREMAP_MAYMOVE), b + PAGES_SIZE);
    assert_int_equal(((uint8_t *)b)[PAGES_SIZE], 7);
    assert_int_equal(((uint8_t *)b)[4 * PAGES_SIZE - 1], 7);
    assert_int_equal(((uint8_t *)b)[4 * PAGES_SIZE], 0);
    assert_int_equal(map_ordinary(3 * PAGES_SIZE), a);
}

static void a_mapping_shrinks_where_it_is(void **state)
{
    long a = map_ordinary(4 * PAGES_SIZE);

    (void)state;
    assert_int_equal(remap(a, 4 * PAGES_SIZE, PAGES_SIZE, 0), a);
    assert_int_equal(map_ordinary(3 * PAGES_SIZE), a + PAGES_SIZE);
    assert_int_equal(remap(a, PAGES_SIZE, 0, 0), -EINVAL);
    assert_int_equal(remap(a, PAGES_SIZE, PAGES_SIZE, MREMAP_FIXED), -EINVAL);
    assert_int_equal(remap(a, HEAP_PAGES * PAGES_SIZE, PAGES_SIZE, 0), -EFAULT);
    assert_int_equal(remap(a, PAGES_SIZE, HEAP_PAGES * PAGES_SIZE, MREMAP_MAYMOVE), -ENOMEM);
}

static void nothing_becomes_executable(void **state)
{
    (void)state;
    assert_int_equal(libc_mprotect((long[]){0, 0, PROT_READ | PROT_WRITE}), 0);
    assert_int_equal(libc_mprotect((long[]){0, 0, PROT_READ | PROT_EXEC}), -EACCES);
}

static long writev_to(long fd, const struct iovec *iov, long count)
{
    return libc_writev((long[]){fd, (long)iov, count});
}

static void a_line_in_pieces_is_one_write(void **state)
{
    const struct iovec iov[] = {{"ab", 2}, {"", 0}, {"cde\n", 4}};

    (void)state;
    assert_int_equal(writev_to(1, iov, 3), 6);
    assert_int_equal(fake_console.writes, 1);
    assert_string_equal(fake_console.text, "abcde\n");
    assert_int_equal(libc_write((long[]){2, (long)"f", 1}), 1);
    assert_string_equal(fake_console.text, "abcde\nf");
}

static void long_output_stays_in_order(void **state)
{
    static char big[5000];
    const struct iovec iov[] = {{"a", 1}, {big, sizeof(big)}, {"b", 1}, {big, 2048}, {"c", 1}};

    (void)state;
    memset(big, 'x', sizeof(big));
    assert_int_equal(writev_to(1, iov, 5), 5000 + 2048 + 3);
    assert_int_equal(fake_console.length, 5000 + 2048 + 3);
    assert_int_equal(fake_console.text[0], 'a');
    assert_int_equal(fake_console.text[5001], 'b');
    assert_int_equal(fake_console.text[5002 + 2048], 'c');
}

static void only_the_console_can_be_written(void **state)
{
    const struct iovec iov[] = {{"a", 1}};
    struct winsize size;

    (void)state;
    assert_int_equal(libc_write((long[]){0, (long)"a", 1}), -EBADF);
    assert_int_equal(writev_to(3, iov, 1), -EBADF);
    assert_int_equal(writev_to(1, iov, -1), -EINVAL);
    assert_int_equal(libc_ioctl((long[]){0, TIOCGWINSZ, (long)&size}), -EBADF);
    assert_int_equal(libc_ioctl((long[]){1, TIOCSWINSZ, (long)&size}), -ENOTTY);
    assert_int_equal(libc_ioctl((long[]){1, TIOCGWINSZ, (long)&size}), 0);
    assert_int_equal(fake_console.writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mapping_is_a_whole_number_of_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(mappings_that_cannot_be_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_heap_can_be_unmapped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mapping_grows_where_it_is_or_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mapping_shrinks_where_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_becomes_executable, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_in_pieces_is_one_write, setup, teardown),
        cmocka_unit_test_setup_teardown(long_output_stays_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_console_can_be_written, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
