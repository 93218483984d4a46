// SPDX-License-Identifier: ISC
#include <penstock/net.h>
#include <penstock/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_pci.h"

static struct pci_device dev;

static int setup(void **state)
{
    (void)state;
    fake_reset(0, NULL);
    return pci_acquire("nic0", &dev);
}

static int teardown(void **state)
{
    (void)state;
    fake_free();
    return 0;
}

static void buffers_lie_apart_in_dma_memory(void **state)
{
    struct packet_pool pool;
    struct packet *packet[10];

    (void)state;
    assert_int_equal(packet_pool_init(&pool, &dev, 10, 2048), 0);
    for (unsigned i = 0; i < 10; i++) {
        packet[i] = packet_alloc(&pool);
        assert_non_null(packet[i]);
        assert_int_equal((uintptr_t)packet[i]->data % 64, 0);
        assert_in_range((uintptr_t)packet[i]->data, (uintptr_t)fake.dma,
                        (uintptr_t)fake.dma + 10 * 2112 - 2048);
        assert_int_equal(packet[i]->iova - fake.info.dma_iova, packet[i]->data - fake.dma);
        assert_int_equal(packet[i]->room, 2048);
        memset(packet[i]->data, (int)i, packet[i]->room);
    }
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(packet[i]->data[0], i);
        assert_int_equal(packet[i]->data[2047], i);
    }
    assert_null(packet_alloc(&pool));
    packet_pool_destroy(&pool);
}

static void freed_packets_come_again_and_clean(void **state)
{
    struct packet_pool pool;
    struct packet *packet;

    (void)state;
    assert_int_equal(packet_pool_init(&pool, &dev, 2, 64), 0);
    packet = packet_alloc(&pool);
    packet->len = 60;
    packet->flags = PACKET_CSUM_BAD;
    packet_free(packet);
    assert_int_equal(pool.available, 2);
    assert_ptr_equal(packet_alloc(&pool), packet);
    assert_int_equal(packet->len, 0);
    assert_int_equal(packet->flags, 0);
    packet_pool_destroy(&pool);
}

static void refuses_what_does_not_fit(void **state)
{
    struct packet_pool pool;
    size_t before = pci_dma_available(&dev, 64);

    (void)state;
    assert_int_equal(packet_pool_init(&pool, &dev, 1, 65), -EINVAL);
    assert_int_equal(packet_pool_init(&pool, &dev, 0, 64), -EINVAL);
    assert_int_equal(packet_pool_init(&pool, &dev, 1, 65536), -EINVAL);
    assert_int_equal(packet_pool_init(&pool, &dev, FAKE_DMA_SIZE / 2112 + 1, 2048), -ENOMEM);
    assert_int_equal(packet_pool_init(&pool, &dev, UINT32_MAX, 2048), -ENOMEM);
    assert_int_equal(pci_dma_available(&dev, 64), before);
    assert_int_equal(packet_pool_init(&pool, &dev, FAKE_DMA_SIZE / 2112, 2048), 0);
    packet_pool_destroy(&pool);
}

static void stride_is_an_odd_number_of_lines(void **state)
{
    (void)state;
    for (unsigned size = 64; size < 65536; size += 64) {
        assert_true(PACKET_STRIDE(size) >= size);
        assert_true(PACKET_STRIDE(size) <= size + 64);
        assert_int_equal(PACKET_STRIDE(size) / 64 % 2, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(buffers_lie_apart_in_dma_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(freed_packets_come_again_and_clean, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_does_not_fit, setup, teardown),
        cmocka_unit_test(stride_is_an_odd_number_of_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
