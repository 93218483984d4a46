// SPDX-License-Identifier: ISC
/* What bindings make of the manifest that a tender filled in: ours, and Solo5's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/bindings/common/io_info.h"

#define MTU      1500
#define CAPACITY (1u << 20)

static struct mft *mft;
static struct hvt_ext ext;
static struct io_table table;
static solo5_handle_t handle;
static uint8_t buf[1];

static int setup(void **state)
{
    (void)state;
    mft = calloc(1, MFT_SIZE(MFT_MAX_ENTRIES));
    mft->version = MFT_VERSION;
    mft->entries = MFT_MAX_ENTRIES;
    for (unsigned i = 1; i < MFT_MAX_ENTRIES; i++) {
        mft->e[i].attached = true;
        mft->e[i].type = i == 63 ? MFT_NET_BASIC : MFT_BLOCK_BASIC;
        if (i == 63)
            mft->e[i].u.net_basic = (struct mft_net_basic){.mac = {2, 0, 0, 0, 0, 9}, .mtu = MTU};
        else
            mft->e[i].u.block_basic =
                (struct mft_block_basic){.capacity = CAPACITY, .block_size = 4096};
    }
    strcpy(mft->e[1].name, "disk");
    strcpy(mft->e[2].name, "rom");
    strcpy(mft->e[63].name, "net");
    ext = (struct hvt_ext){.block_max_io = 64 << 10, .block_read_only = 1u << 2};
    return io_table_init(&table, mft, &ext);
}

static int teardown(void **state)
{
    (void)state;
    free(mft);
    return 0;
}

static void test_not_a_manifest(void **state)
{
    struct solo5_net_info info;

    (void)state;
    mft->version = 2;
    assert_int_equal(io_table_init(&table, mft, &ext), SOLO5_R_EINVAL);
    mft->version = MFT_VERSION;
    mft->entries = 65;
    assert_int_equal(io_table_init(&table, mft, &ext), SOLO5_R_EINVAL);
    assert_int_equal(io_table_init(&table, NULL, &ext), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_acquire(&table, "net", &handle, &info), SOLO5_R_EINVAL);
    assert_int_equal(io_table_block_flush(&table, 1), SOLO5_R_EINVAL);
}

static void test_net(void **state)
{
    struct solo5_net_info info;
    size_t size;

    (void)state;
    assert_int_equal(io_table_net_acquire(&table, "disk", &handle, &info), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_write(&table, 63, buf, 60), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_acquire(&table, "net", &handle, &info), SOLO5_R_OK);
    assert_int_equal(handle, 63);
    assert_int_equal(info.mtu, MTU);
    assert_int_equal(info.mac_address[5], 9);
    assert_int_equal(io_table_net_acquire(&table, "net", &handle, &info), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_write(&table, 63, buf, 13), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_write(&table, 63, buf, 14), SOLO5_R_OK);
    assert_int_equal(io_table_net_write(&table, 63, buf, MTU + 14), SOLO5_R_OK);
    assert_int_equal(io_table_net_write(&table, 63, buf, MTU + 15), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_write(&table, 64 + 63, buf, 60), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_read(&table, 63, buf, MTU + 13, &size), SOLO5_R_EINVAL);
    assert_int_equal(io_table_net_read(&table, 63, buf, MTU + 14, &size), SOLO5_R_OK);
    assert_int_equal(io_table_net_read(&table, 63, buf, MTU + 14, NULL), SOLO5_R_EINVAL);
    assert_int_equal(io_table_block_read(&table, 63, 0, buf, 4096), SOLO5_R_EINVAL);
}

static void test_not_attached(void **state)
{
    struct solo5_net_info info;

    (void)state;
    mft->e[63].attached = false;
    assert_int_equal(io_table_net_acquire(&table, "net", &handle, &info), SOLO5_R_EINVAL);
}

static void test_block(void **state)
{
    struct solo5_block_info info;

    (void)state;
    assert_int_equal(io_table_block_acquire(&table, "disk", &handle, &info), SOLO5_R_OK);
    assert_int_equal(handle, 1);
    assert_int_equal(info.capacity, CAPACITY);
    assert_int_equal(info.block_size, 4096);
    assert_int_equal(info.max_io_size, 64 << 10);
    assert_false(info.read_only);
    assert_int_equal(io_table_block_write(&table, 1, 4096, buf, 64 << 10), SOLO5_R_OK);
    assert_int_equal(io_table_block_write(&table, 1, 0, buf, 68 << 10), SOLO5_R_EINVAL);
    assert_int_equal(io_table_block_discard(&table, 1, 0, CAPACITY), SOLO5_R_OK);
    assert_int_equal(io_table_block_discard(&table, 1, 4096, CAPACITY), SOLO5_R_EINVAL);
    assert_int_equal(io_table_block_flush(&table, 1), SOLO5_R_OK);
    assert_int_equal(io_table_block_acquire(&table, "rom", &handle, &info), SOLO5_R_OK);
    assert_true(info.read_only);
    assert_int_equal(io_table_block_read(&table, 2, 0, buf, 4096), SOLO5_R_OK);
    assert_int_equal(io_table_block_write(&table, 2, 0, buf, 4096), SOLO5_R_EINVAL);
    assert_int_equal(io_table_block_discard(&table, 2, 0, 4096), SOLO5_R_EINVAL);
}

/* One block at a time, and nothing that Solo5 does not know. */
static void test_a_tender_of_solo5s(void **state)
{
    struct solo5_block_info info;

    (void)state;
    assert_int_equal(io_table_init(&table, mft, NULL), SOLO5_R_OK);
    assert_int_equal(io_table_block_acquire(&table, "disk", &handle, &info), SOLO5_R_OK);
    assert_int_equal(info.max_io_size, 4096);
    assert_int_equal(io_table_block_read(&table, 1, 0, buf, 4096), SOLO5_R_OK);
    assert_int_equal(io_table_block_read(&table, 1, 0, buf, 8192), SOLO5_R_EINVAL);
    assert_int_equal(io_table_block_flush(&table, 1), SOLO5_R_EUNSPEC);
    assert_int_equal(io_table_block_discard(&table, 1, 0, 4096), SOLO5_R_EUNSPEC);
    assert_int_equal(io_table_block_flush(&table, 2), SOLO5_R_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_not_a_manifest),     TEST(test_net), TEST(test_not_attached), TEST(test_block),
        TEST(test_a_tender_of_solo5s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
