// SPDX-License-Identifier: ISC
/* Network devices: options, and frames through a socket. What needs a TAP is tested by
 * tests/integration. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/tender/module_net.h"

static struct tender_net net;
static struct tender_error error;
static struct mft *mft;
static int peer;

static int setup(void **state)
{
    (void)state;
    mft = calloc(1, MFT_SIZE(4));
    mft->version = MFT_VERSION;
    mft->entries = 4;
    mft->e[0].type = MFT_RESERVED_FIRST;
    strcpy(mft->e[1].name, "disk");
    mft->e[1].type = MFT_BLOCK_BASIC;
    strcpy(mft->e[2].name, "net");
    mft->e[2].type = MFT_NET_BASIC;
    memset(&mft->e[2].u, 0xff, sizeof(mft->e[2].u));
    strcpy(mft->e[3].name, "net0");
    mft->e[3].type = MFT_NET_BASIC;
    tender_net_init(&net, mft);
    peer = -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tender_net_close(&net);
    tender_net_close(&net);
    if (peer >= 0)
        close(peer);
    free(mft);
    return 0;
}

static void test_init(void **state)
{
    (void)state;
    assert_int_equal(net.count, 2);
    assert_string_equal(net.device[0].name, "net");
    assert_int_equal(net.device[0].handle, 2);
    assert_int_equal(net.device[1].handle, 3);
    assert_null(tender_net_find(&net, 2)); /* not open */
}

static void test_options(void **state)
{
    (void)state;
    assert_int_equal(tender_net_option(&net, "net=tap0", &error), 0);
    assert_string_equal(net.device[0].where, "tap0");
    assert_int_equal(tender_net_option(&net, "net=tap1", &error), -EINVAL);
    assert_int_equal(tender_net_option(&net, "net0=tap0", &error), -EINVAL);
    assert_non_null(strstr(error.text, "device 'net' already"));
    assert_int_equal(tender_net_open(&net, &error), -ENODEV);
    assert_non_null(
        strstr(error.text, "Device 'net0' of type NET_BASIC declared but not attached"));
    assert_int_equal(tender_net_option(&net, "disk=tap2", &error), -EINVAL);
    assert_non_null(strstr(error.text, "Resource not declared in manifest: 'disk'"));
    assert_int_equal(tender_net_option(&net, "=tap2", &error), -EINVAL);
    assert_int_equal(tender_net_option(&net, "net0", &error), -EINVAL);
    assert_int_equal(tender_net_option(&net, "net0=", &error), -EINVAL);
}

static void test_mac_option(void **state)
{
    static const uint8_t expected[6] = {0x02, 0x0a, 0xff, 0, 0x10, 0x01};
    static const char *const wrong[] = {
        "net0=",
        "net0=02",
        "net0=02:00:00:00:00",
        "net0=02:00:00:00:00:00:00",
        "net0=02:00:00:00:00:000",
        "net0=02:00:00:00:00:",
        "net0= 2:00:00:00:00:00",
        "net0=0x:00:00:00:00:00",
        "net0=-2:00:00:00:00:00",
        "net0=02.00.00.00.00.00",
        "net0=03:00:00:00:00:00", /* a group's */
        "net0=00:00:00:00:00:00",
        "net1=02:00:00:00:00:00",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(tender_net_mac_option(&net, wrong[i], &error), -EINVAL);
    assert_false(net.device[1].has_mac);
    assert_int_equal(tender_net_mac_option(&net, "net0=02:0A:ff:0:10:1", &error), 0);
    assert_memory_equal(net.device[1].mac, expected, 6);
    assert_int_equal(tender_net_mac_option(&net, "net0=02:00:00:00:00:01", &error), -EINVAL);
}

/* Both devices are the same pair's ends, so that one is the other's peer. */
static void open_pair(void)
{
    char option[32];
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    snprintf(option, sizeof(option), "net=@%d", fds[0]);
    assert_int_equal(tender_net_option(&net, option, &error), 0);
    snprintf(option, sizeof(option), "net0=@%d", fds[1]);
    assert_int_equal(tender_net_option(&net, option, &error), 0);
    assert_int_equal(tender_net_open(&net, &error), 0);
}

static void test_describe(void **state)
{
    (void)state;
    assert_int_equal(tender_net_mac_option(&net, "net0=02:00:00:00:00:01", &error), 0);
    open_pair();
    tender_net_describe(&net, mft);
    assert_int_equal(mft->e[2].u.net_basic.mtu, 1500);
    assert_int_equal(mft->e[2].u.net_basic.mac[0] & 3, 2); /* made up: local, unicast */
    assert_memory_equal(mft->e[2].u.net_basic.mac, net.device[0].mac, 6);
    assert_int_equal(mft->e[2].u.bytes[15], 0);
    assert_int_equal(mft->e[3].u.net_basic.mac[5], 1);
}

static void test_frames(void **state)
{
    uint8_t sent[1600] = {1, 2, 3}, got[1600];
    struct tender_net_device *a, *b;
    uint64_t size;

    (void)state;
    open_pair();
    a = tender_net_find(&net, 2);
    b = tender_net_find(&net, 3);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(tender_net_find(&net, 1));
    assert_int_equal(tender_net_write(a, sent, 13), HVT_R_EINVAL);
    assert_int_equal(tender_net_write(a, sent, 1515), HVT_R_EINVAL);
    assert_int_equal(tender_net_write(a, sent, UINT64_MAX), HVT_R_EINVAL);
    assert_int_equal(tender_net_write(a, sent, 1514), HVT_R_OK);
    size = 13;
    assert_int_equal(tender_net_read(b, got, &size), HVT_R_EINVAL);
    size = sizeof(got);
    assert_int_equal(tender_net_read(b, got, &size), HVT_R_OK);
    assert_int_equal(size, 1514);
    assert_memory_equal(got, sent, size);
    assert_int_equal(tender_net_read(b, got, &size), HVT_R_AGAIN);
    assert_int_equal(size, 1514);
}

static void test_a_full_queue_drops(void **state)
{
    static const uint8_t frame[60];
    struct tender_net_device *a;

    (void)state;
    open_pair();
    a = tender_net_find(&net, 2);
    for (unsigned i = 0; i < 100000 && a->dropped == 0; i++)
        assert_int_equal(tender_net_write(a, frame, sizeof(frame)), HVT_R_OK);
    assert_int_equal(a->dropped, 1);
    assert_false(a->warned);
}

static void test_a_peer_that_is_gone(void **state)
{
    struct tender_net_device *a, *b;
    uint8_t frame[64] = {0};
    uint64_t size = sizeof(frame);

    (void)state;
    open_pair();
    a = tender_net_find(&net, 2);
    b = tender_net_find(&net, 3);
    close(b->fd);
    b->fd = -1;
    assert_true(tender_net_is_ready(a, POLLIN));
    assert_false(tender_net_is_ready(a, 0));
    assert_false(a->gone);
    assert_int_equal(tender_net_read(a, frame, &size), HVT_R_AGAIN);
    assert_true(a->gone);
    a->gone = false;
    assert_false(tender_net_is_ready(a, POLLHUP));
    assert_true(a->gone);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(tender_net_write(a, frame, sizeof(frame)), HVT_R_OK);
    assert_int_equal(a->dropped, 1);
    assert_true(a->warned);
}

static void test_descriptors_that_are_no_use(void **state)
{
    static const char *const wrong[] = {"net=@",   "net=@-1",         "net=@+3", "net=@x",
                                        "net=@3x", "net=@4294967296", "net=@999"};
    int stream[2];
    char option[32];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(tender_net_option(&net, wrong[i], &error), 0);
        assert_int_equal(tender_net_option(&net, "net0=@998", &error), 0);
        assert_true(tender_net_open(&net, &error) < 0);
        assert_non_null(strstr(error.text, "Could not attach interface: @"));
        tender_net_close(&net);
        tender_net_init(&net, mft);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
    peer = stream[1];
    snprintf(option, sizeof(option), "net=@%d", stream[0]);
    assert_int_equal(tender_net_option(&net, option, &error), 0);
    assert_int_equal(tender_net_option(&net, "net0=@998", &error), 0);
    assert_int_equal(tender_net_open(&net, &error), -EINVAL);
    assert_non_null(strstr(error.text, "neither a TAP nor a datagram socket"));
}

/* The number of a descriptor that the tender itself has opened. */
static void test_descriptors_of_the_tender(void **state)
{
    char option[32];
    int own[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own), 0);
    snprintf(option, sizeof(option), "net=@%d", own[0]);
    assert_int_equal(tender_net_option(&net, option, &error), 0);
    assert_int_equal(tender_net_option(&net, "net0=@998", &error), 0);
    assert_int_equal(tender_net_open(&net, &error), -EBADF);
    close(own[0]);
    close(own[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_init),
        TEST(test_options),
        TEST(test_mac_option),
        TEST(test_describe),
        TEST(test_frames),
        TEST(test_a_full_queue_drops),
        TEST(test_a_peer_that_is_gone),
        TEST(test_descriptors_that_are_no_use),
        TEST(test_descriptors_of_the_tender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
