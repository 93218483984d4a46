// SPDX-License-Identifier: ISC
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ixgbe.h"

#define GOOD (IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP)

static struct pci_device pci;
static struct ixgbe *dev;
static struct net_device *net;

static int setup(void **state)
{
    (void)state;
    fake_ixgbe_reset(true);
    if (pci_acquire("nic0", &pci) != 0 || ixgbe_create(&pci, 1, 1, &dev) != 0)
        return -1;
    net = ixgbe_net_device(dev);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ixgbe_destroy(dev);
    fake_free();
    return 0;
}

static void promiscuous_is_off_until_asked_for(void **state)
{
    (void)state;
    assert_false(fake_get(IXGBE_FCTRL) & IXGBE_FCTRL_UPE);
    assert_true(fake_get(IXGBE_FCTRL) & IXGBE_FCTRL_BAM);
    assert_int_equal(net->ops->set_promiscuous(net, true), 0);
    assert_true(fake_get(IXGBE_FCTRL) & IXGBE_FCTRL_UPE);
    assert_int_equal(net->ops->set_promiscuous(net, false), 0);
    assert_false(fake_get(IXGBE_FCTRL) & IXGBE_FCTRL_UPE);
    assert_true(fake_get(IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN);
}

static void statistics_add_up_what_clears_on_read(void **state)
{
    struct net_stats stats;

    (void)state;
    fake_set(IXGBE_CRCERRS, 3);
    fake_set(IXGBE_ROC, 2);
    fake_set(IXGBE_MPC(0), 5);
    net->ops->stats(net, &stats);
    assert_int_equal(stats.rx_errors, 5);
    assert_int_equal(stats.rx_dropped, 5);
    fake_set(IXGBE_CRCERRS, 1);
    net->ops->stats(net, &stats);
    assert_int_equal(stats.rx_errors, 6);
    assert_int_equal(stats.rx_dropped, 5);
}

static void full_queues_drop_and_are_counted(void **state)
{
    struct net_stats stats;

    (void)state;
    ixgbe_destroy(dev);
    assert_int_equal(ixgbe_create(&pci, 2, 1, &dev), 0);
    fake_set(IXGBE_MPC(0), 1);
    fake_set(IXGBE_QPRDC(0), 4);
    ixgbe_stats(dev, &stats);
    assert_int_equal(stats.rx_dropped, 5);
}

static void arming_opens_the_mask_of_queue_0(void **state)
{
    (void)state;
    assert_int_equal(fake_get(IXGBE_IVAR(0)) & 0xff, IXGBE_IVAR_VALID);
    assert_true(fake_get(IXGBE_GPIE) & IXGBE_GPIE_EIAME);
    assert_int_equal(fake_get(IXGBE_EIAC), 1);
    assert_int_equal(fake_get(IXGBE_EIAM_EX(0)), 1);
    fake_set(IXGBE_EIMC_EX(0), 0);
    assert_int_equal(net->ops->arm(net), 0);
    assert_int_equal(fake_get(IXGBE_EIMS_EX(0)), 1);
    assert_int_equal(fake_get(IXGBE_EIMC_EX(0)), 0);
    net->ops->disarm(net);
    assert_int_equal(fake_get(IXGBE_EIMC_EX(0)), 1);
}

static void arming_is_refused_while_frames_wait(void **state)
{
    struct packet *packet;

    (void)state;
    fake_ixgbe_receive(0, GOOD, 60);
    assert_int_equal(net->ops->arm(net), -EAGAIN);
    assert_int_equal(fake_get(IXGBE_EIMS_EX(0)), 0);
    assert_int_equal(net_rx(net, &packet, 1), 1);
    assert_int_equal(net->ops->arm(net), 0);
    packet_free(packet);
}

static void (*accept)(uint32_t offset, uint32_t value);

static void frame_comes_with_the_mask(uint32_t offset, uint32_t value)
{
    accept(offset, value);
    if (offset == IXGBE_EIMS_EX(0))
        fake_ixgbe_receive(0, GOOD, 60);
}

static void a_frame_that_comes_while_arming_is_not_slept_on(void **state)
{
    (void)state;
    accept = fake.write;
    fake.write = frame_comes_with_the_mask;
    fake_set(IXGBE_EIMC_EX(0), 0);
    assert_int_equal(net->ops->arm(net), -EAGAIN);
    assert_int_equal(fake_get(IXGBE_EIMC_EX(0)), 1);
}

static void without_vectors_there_is_nothing_to_arm(void **state)
{
    (void)state;
    pci.info.irq_vectors = 0;
    assert_int_equal(net->ops->arm(net), -ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(promiscuous_is_off_until_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(statistics_add_up_what_clears_on_read, setup, teardown),
        cmocka_unit_test_setup_teardown(full_queues_drop_and_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(arming_opens_the_mask_of_queue_0, setup, teardown),
        cmocka_unit_test_setup_teardown(arming_is_refused_while_frames_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_that_comes_while_arming_is_not_slept_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_vectors_there_is_nothing_to_arm, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
