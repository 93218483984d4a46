// SPDX-License-Identifier: ISC
/* Block requests in pieces that the filter lets through: its rules, as filter.c states them, hold
 * for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/spt.h"

static bool allowed(uint64_t block_size, uint64_t capacity, uint64_t offset, uint64_t length)
{
    for (unsigned c = 0; c < SPT_BLOCK_CLASSES; c++) {
        uint64_t most = SPT_BLOCK_CLASS(c) * block_size;

        if (most <= capacity && (length & ~most) == 0 && offset <= capacity - most)
            return true;
    }
    return false;
}

static unsigned calls(unsigned classes, uint64_t block_size, uint64_t capacity, uint64_t offset,
                      uint64_t size)
{
    unsigned n = 0;

    for (; size > 0; n++) {
        uint64_t part = spt_block_piece(classes, block_size, capacity, offset, size);

        assert_in_range(part, block_size, size);
        assert_int_equal(part % block_size, 0);
        assert_true(allowed(block_size, capacity, offset, part));
        offset += part;
        size -= part;
    }
    return n;
}

/* What is allowed is within the device, always. */
static void nothing_is_allowed_beyond_the_end(void **state)
{
    (void)state;
    for (uint64_t blocks = 1; blocks < 200; blocks++)
        for (uint64_t at = 0; at <= blocks; at++)
            for (uint64_t n = 1; n < 210; n++)
                if (allowed(512, blocks * 512, at * 512, n * 512))
                    assert_true(at + n <= blocks);
}

static void every_request_gets_through(void **state)
{
    static const uint64_t sizes[] = {1, 2, 62, 63, 64, 65, 127, 2047, 2048, 4000};

    (void)state;
    for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
        for (uint64_t at = 0; at < sizes[s]; at += 1 + sizes[s] / 50)
            for (unsigned classes = 1; classes <= SPT_BLOCK_CLASSES; classes++)
                assert_true(
                    calls(classes, 4096, sizes[s] * 4096, at * 4096, (sizes[s] - at) * 4096) > 0);
}

static void few_calls_do(void **state)
{
    const uint64_t gib = 1ull << 30;

    (void)state;
    assert_int_equal(calls(SPT_BLOCK_CLASSES, 512, gib, 0, 16384), 1);
    assert_int_equal(calls(SPT_BLOCK_CLASSES, 512, gib, gib / 2, 4 << 20), 1);
    assert_int_equal(calls(SPT_BLOCK_CLASSES, 512, gib, gib - 512, 512), 1);
    assert_true(calls(SPT_BLOCK_CLASSES, 512, gib, gib - (4 << 20), 4 << 20) < 80);
    assert_int_equal(calls(1, 512, gib, 0, 16384), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allowed_beyond_the_end),
        cmocka_unit_test(every_request_gets_through),
        cmocka_unit_test(few_calls_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
