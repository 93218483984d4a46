// SPDX-License-Identifier: ISC
/* The stack's small parts: checksum, hash, memory, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <lwip/arch.h>
#include <penstock/stack.h>
#include <stdlib.h>
#include <string.h>

#include "fake_net.h"
#include "guest/net/mem.h"
#include "guest/net/siphash.h"

/* lwIP's is not complemented, and in the order of the bytes in memory. */
static uint16_t slow_sum(const uint8_t *data, size_t len)
{
    uint16_t sum = (uint16_t)~naive_checksum(data, len, 0);

    return (uint16_t)(sum << 8 | sum >> 8);
}

static void test_checksum(void **state)
{
    static uint8_t data[3000];

    (void)state;
    srand(2);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)rand();
    for (size_t len = 0; len < 200; len++) {
        for (size_t at = 0; at < 9; at++)
            assert_int_equal(net_chksum(data + at, (int)len), slow_sum(data + at, len));
    }
    assert_int_equal(net_chksum(data, sizeof(data)), slow_sum(data, sizeof(data)));
    memset(data, 0xff, sizeof(data));
    for (size_t len = 1; len < sizeof(data); len += 7)
        assert_int_equal(net_chksum(data, (int)len), slow_sum(data, len));
}

/* From the reference implementation's test vectors: key 00..0f, input 00..07, and no input. */
static void test_siphash(void **state)
{
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    const uint64_t word = 0x0706050403020100;

    (void)state;
    assert_true(siphash(key, &word, 1) == 0x93f5f5799a932462);
    assert_true(siphash(key, NULL, 0) == 0x726fdb47dd0e0e31);
}

static void test_memory_has_a_limit(void **state)
{
    static void *block[NET_MEM_MAX / 1600];
    unsigned n = 0;
    void *big;

    (void)state;
    assert_int_equal(net_mem_used(), 0);
    while (n < sizeof(block) / sizeof(block[0]) && (block[n] = net_mem_alloc(1500)) != NULL)
        memset(block[n++], 1, 1500);
    assert_true(n > NET_MEM_MAX / 1700 && n < sizeof(block) / sizeof(block[0]));
    assert_true(net_mem_scarce());
    assert_null(net_mem_alloc(60000));
    while (n > 0)
        net_mem_free(block[--n]);
    assert_int_equal(net_mem_used(), 0);
    big = net_mem_alloc(60000); /* takes the place of what is kept for small ones */
    assert_non_null(big);
    net_mem_free(big);
    assert_null(net_mem_alloc(SIZE_MAX));
    assert_null(net_mem_alloc(NET_MEM_MAX));
    assert_null(net_mem_calloc(SIZE_MAX / 2, 4));
    net_mem_free(NULL);
    assert_int_equal(net_mem_used(), 0);
}

static void test_memory_is_used_again(void **state)
{
    void *a = net_mem_alloc(1000);
    void *b;

    (void)state;
    net_mem_free(a);
    b = net_mem_calloc(10, 100);
    assert_ptr_equal(a, b);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(((char *)b)[i], 0);
    net_mem_free(b);
}

static void test_addresses(void **state)
{
    struct stack_ipv4 ip;

    (void)state;
    assert_int_equal(stack_ipv4_parse("10.0.0.2/24", &ip), 0);
    assert_int_equal(ip.address, 0x0a000002);
    assert_int_equal(ip.prefix, 24);
    assert_int_equal(ip.gateway, 0);
    assert_int_equal(stack_ipv4_parse("255.254.253.252/0,1.2.3.4", &ip), 0);
    assert_int_equal(ip.address, 0xfffefdfc);
    assert_int_equal(ip.prefix, 0);
    assert_int_equal(ip.gateway, 0x01020304);
}

static void test_addresses_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        "10.0.0.2",
        "10.0.0.2/",
        "10.0.0.2/33",
        "10.0.0/24",
        "10.0.0.2/24,",
        "10.0.0.2/24,1.2.3",
        "10.0.0.256/24",
        "10.0.0.2/24 ",
        "010.0.0.2/24",
        "10.0.0.-2/24",
        "0.0.0.0/0",
        "10..0.2/24",
        "10.0.0.2/4294967320",
        "10.0.0.2/24,1.2.3.4x",
        "a.b.c.d/8",
        "10.0.0.2/+8",
        "99999999999.0.0.1/8",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct stack_ipv4 ip = {.prefix = 77};

        if (stack_ipv4_parse(bad[i], &ip) != -EINVAL || ip.prefix != 77)
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum),           cmocka_unit_test(test_siphash),
        cmocka_unit_test(test_memory_has_a_limit), cmocka_unit_test(test_memory_is_used_again),
        cmocka_unit_test(test_addresses),          cmocka_unit_test(test_addresses_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
