// SPDX-License-Identifier: ISC
/*
 * What the fuzz targets share: libFuzzer's entry point, and a reader that turns its bytes into
 * operations. A reader never runs out: behind the end everything is 0, and fuzz_more says so.
 */
#ifndef PENSTOCK_TESTS_FUZZ_H
#define PENSTOCK_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever comes in. */
#define FUZZ_EXPECT(condition) \
    ((condition) ? (void)0 : fuzz_expect_failed(__FILE__, __LINE__, #condition))

static inline void fuzz_expect_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

struct fuzz {
    const uint8_t *data;
    size_t size;
};

static inline bool fuzz_more(const struct fuzz *fuzz)
{
    return fuzz->size > 0;
}

/* Up to `size` bytes, zeros behind them; returns how many there were. */
static inline size_t fuzz_bytes(struct fuzz *fuzz, void *to, size_t size)
{
    size_t n = size < fuzz->size ? size : fuzz->size;

    memset(to, 0, size);
    memcpy(to, fuzz->data, n);
    fuzz->data += n;
    fuzz->size -= n;
    return n;
}

static inline uint8_t fuzz_u8(struct fuzz *fuzz)
{
    uint8_t value;

    fuzz_bytes(fuzz, &value, sizeof(value));
    return value;
}

static inline uint16_t fuzz_u16(struct fuzz *fuzz)
{
    uint16_t value;

    fuzz_bytes(fuzz, &value, sizeof(value));
    return value;
}

static inline uint32_t fuzz_u32(struct fuzz *fuzz)
{
    uint32_t value;

    fuzz_bytes(fuzz, &value, sizeof(value));
    return value;
}

static inline uint64_t fuzz_u64(struct fuzz *fuzz)
{
    uint64_t value;

    fuzz_bytes(fuzz, &value, sizeof(value));
    return value;
}

/* A file with these bytes, for code that takes a path: the same one each time, until the next call.
 */
const char *fuzz_file(const uint8_t *data, size_t size);

#endif
