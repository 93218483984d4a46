// SPDX-License-Identifier: ISC
/* Block devices: options, locks, and requests to a file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/tender/module_block.h"

#define CAPACITY (5u << 20)

static struct tender_block block;
static struct tender_error error;
static struct mft *mft;
static char path[] = "/tmp/penstock-test-block-XXXXXX";
static int file;

static int setup(void **state)
{
    (void)state;
    mft = calloc(1, MFT_SIZE(3));
    mft->version = MFT_VERSION;
    mft->entries = 3;
    mft->e[0].type = MFT_RESERVED_FIRST;
    strcpy(mft->e[1].name, "net");
    mft->e[1].type = MFT_NET_BASIC;
    strcpy(mft->e[2].name, "disk");
    mft->e[2].type = MFT_BLOCK_BASIC;
    memset(&mft->e[2].u, 0xff, sizeof(mft->e[2].u));
    tender_block_init(&block, mft);
    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    file = mkstemp(path);
    return file < 0 || ftruncate(file, CAPACITY) != 0;
}

static int teardown(void **state)
{
    (void)state;
    tender_block_close(&block);
    tender_block_close(&block);
    close(file);
    unlink(path);
    free(mft);
    return 0;
}

static int attach(const char *suffix)
{
    char option[128];
    int rc;

    snprintf(option, sizeof(option), "disk=%s%s", path, suffix);
    rc = tender_block_option(&block, option, &error);
    return rc < 0 ? rc : tender_block_open(&block, &error);
}

static struct tender_block_device *attached(const char *suffix)
{
    struct tender_block_device *device;

    assert_int_equal(attach(suffix), 0);
    device = tender_block_find(&block, 2);
    assert_non_null(device);
    return device;
}

static void test_options(void **state)
{
    (void)state;
    assert_int_equal(tender_block_option(&block, "disk", &error), -EINVAL);
    assert_int_equal(tender_block_option(&block, "disk=", &error), -EINVAL);
    assert_int_equal(tender_block_option(&block, "net=/x", &error), -EINVAL);
    assert_non_null(strstr(error.text, "Resource not declared in manifest: 'net'"));
    assert_int_equal(tender_block_open(&block, &error), -ENODEV);
    assert_int_equal(tender_block_option(&block, "disk=:ro", &error), 0); /* a file of that name */
    assert_string_equal(block.device[0].path, ":ro");
    assert_false(block.device[0].read_only);
    assert_int_equal(tender_block_option(&block, "disk=/x", &error), -EINVAL);
}

static void test_read_only_option(void **state)
{
    (void)state;
    assert_int_equal(tender_block_option(&block, "disk=a:b=c:ro", &error), 0);
    assert_string_equal(block.device[0].path, "a:b=c");
    assert_true(block.device[0].read_only);
}

static void test_sector_size_option(void **state)
{
    static const char *const wrong[] = {"disk=",
                                        "disk=0",
                                        "disk=511",
                                        "disk=513",
                                        "disk=256",
                                        "disk=65536",
                                        "disk=-512",
                                        "disk= 512",
                                        "disk=0x200",
                                        "disk=512k",
                                        "disk=99999999999999999999",
                                        "net=512"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(tender_block_sector_size_option(&block, wrong[i], &error), -EINVAL);
    assert_int_equal(tender_block_sector_size_option(&block, "disk=32768", &error), 0);
    assert_int_equal(block.device[0].block_size, 32768);
    assert_int_equal(tender_block_sector_size_option(&block, "disk=512", &error), -EINVAL);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(ftruncate(file, 511), 0);
    assert_int_equal(attach(""), -EINVAL);
    assert_non_null(strstr(error.text, "Backing storage must be at least 1 block (512 bytes)"));
    tender_block_close(&block);
    tender_block_init(&block, mft);
    assert_int_equal(ftruncate(file, 1025), 0);
    assert_int_equal(attach(""), -EINVAL);
    assert_non_null(strstr(error.text, "Backing storage size must be block aligned (512 bytes)"));
}

static void test_describe(void **state)
{
    struct hvt_ext ext = {.block_read_only = UINT64_MAX};

    (void)state;
    attached(":ro");
    tender_block_describe(&block, mft, &ext);
    assert_int_equal(mft->e[2].u.block_basic.capacity, CAPACITY);
    assert_int_equal(mft->e[2].u.block_basic.block_size, 512);
    assert_int_equal(mft->e[2].u.bytes[15], 0);
    assert_int_equal(ext.block_max_io, TENDER_BLOCK_MAX_IO);
    assert_int_equal(ext.block_read_only, 1u << 2);
}

static void test_locks(void **state)
{
    (void)state;
    assert_int_equal(flock(file, LOCK_SH), 0);
    assert_int_equal(attach(""), -EBUSY);
    tender_block_close(&block);
    tender_block_init(&block, mft);
    assert_int_equal(attach(":ro"), 0);
    assert_int_equal(flock(file, LOCK_EX | LOCK_NB), -1);
    tender_block_close(&block);
    assert_int_equal(flock(file, LOCK_EX | LOCK_NB), 0);
}

static void test_requests(void **state)
{
    static uint8_t data[1024] = {1, 2, 3}, back[1024];
    struct tender_block_device *device;

    (void)state;
    device = attached("");
    assert_int_equal(tender_block_write(device, CAPACITY - 1024, data, 1024), HVT_R_OK);
    assert_int_equal(tender_block_read(device, CAPACITY - 1024, back, 1024), HVT_R_OK);
    assert_memory_equal(data, back, 1024);
    assert_int_equal(tender_block_flush(device), HVT_R_OK);
    assert_int_equal(tender_block_discard(device, 0, CAPACITY), HVT_R_OK);
    assert_int_equal(tender_block_read(device, CAPACITY - 1024, back, 512), HVT_R_OK);
    assert_int_equal(back[0], 0);
}

static void test_what_no_request_may_ask(void **state)
{
    static const struct {
        uint64_t offset, size;
    } wrong[] = {
        {0, 0},
        {0, 511},
        {1, 512},
        {0, TENDER_BLOCK_MAX_IO + 512},
        {CAPACITY, 512},
        {CAPACITY - 512, 1024},
        {UINT64_MAX - 511, 512},
        {UINT64_MAX - 511, 1024},
        {0, UINT64_MAX - 511},
        {512, UINT64_MAX - 511},
        {1ull << 63, 512},
    };
    struct tender_block_device *device;
    uint8_t data[512] = {0};

    (void)state;
    device = attached("");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint64_t offset = wrong[i].offset, size = wrong[i].size;

        assert_int_equal(tender_block_check(device, offset, size), HVT_R_EINVAL);
        assert_int_equal(tender_block_read(device, offset, data, size), HVT_R_EINVAL);
        assert_int_equal(tender_block_write(device, offset, data, size), HVT_R_EINVAL);
        if (size != TENDER_BLOCK_MAX_IO + 512)
            assert_int_equal(tender_block_discard(device, offset, size), HVT_R_EINVAL);
    }
}

static void test_a_file_that_shrinks(void **state)
{
    struct tender_block_device *device;
    uint8_t data[512] = {0};

    (void)state;
    device = attached("");
    assert_int_equal(ftruncate(file, 512), 0);
    assert_int_equal(tender_block_read(device, 512, data, 512), HVT_R_EUNSPEC);
    assert_true(device->warned);
    assert_int_equal(tender_block_read(device, 0, data, 512), HVT_R_OK);
}

static void test_read_only(void **state)
{
    struct tender_block_device *device;
    uint8_t data[512] = {0};

    (void)state;
    device = attached(":ro");
    assert_int_equal(tender_block_read(device, 0, data, 512), HVT_R_OK);
    assert_int_equal(tender_block_write(device, 0, data, 512), HVT_R_EINVAL);
    assert_int_equal(tender_block_discard(device, 0, 512), HVT_R_EINVAL);
    assert_int_equal(tender_block_flush(device), HVT_R_OK);
    assert_int_equal(fcntl(device->fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_options),   TEST(test_read_only_option),
        TEST(test_sizes),     TEST(test_sector_size_option),
        TEST(test_describe),  TEST(test_locks),
        TEST(test_requests),  TEST(test_what_no_request_may_ask),
        TEST(test_read_only), TEST(test_a_file_that_shrinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
