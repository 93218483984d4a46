// SPDX-License-Identifier: ISC
/* The tender's PCI module over fake servers: what fails on the way, devices that are lost, and
 * ends. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "abi/layout.h"
#include "tests/unit/tender/pci_rig.h"

#define K 1024u

/* ---- failures on the way, and later ---- */

static void test_each_step_may_fail(void **state)
{
    static const uint16_t steps[] = {VFIO_USER_DEVICE_RESET, VFIO_USER_DMA_MAP,
                                     VFIO_USER_REGION_WRITE};
    unsigned before = (unsigned)(uintptr_t)*state;

    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        void *at;

        if (i > 0)
            assert_int_equal(rig_setup(state), 0);
        rig.fake[0].fault = i % 2 ? FAKE_CLOSE : FAKE_ERROR;
        rig.fake[0].fault_command = steps[i];
        rig_attach();
        assert_int_equal(tender_pci_open(&rig.pci, &rig.error), 0);
        assert_true(tender_pci_start(&rig.pci, &rig_process, &rig.error) < 0);
        assert_non_null(strstr(rig.error.text, "device \"nic0\": vfio-user:"));
        assert_null(rig.pci.device[0].access);
        at = (void *)(uintptr_t)rig.pci.device[0].dma.addr;
        assert_ptr_equal(
            mmap(at, 4 * K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
            at);
        munmap(at, 4 * K);
        if (i + 1 < sizeof(steps) / sizeof(steps[0]))
            assert_int_equal(rig_teardown(state), 0);
        assert_int_equal((uintptr_t)*state, before);
    }
}

static void test_no_room(void **state)
{
    const struct tender_space tiny = {.limit = (8ull << 30) + 64 * K};

    (void)state;
    rig_attach();
    assert_int_equal(tender_pci_open(&rig.pci, &rig.error), 0);
    assert_int_equal(tender_pci_start(&rig.pci, &tiny, &rig.error), -ENOSPC);
    assert_non_null(strstr(rig.error.text, "find no place below"));
    assert_int_equal(rig.fake[0].requests[VFIO_USER_DEVICE_RESET], 0);
}

struct loss {
    atomic_int count;
    char reason[256];
};

static void on_loss(void *arg, const char *reason)
{
    struct loss *loss = arg;

    snprintf(loss->reason, sizeof(loss->reason), "%s", reason);
    atomic_fetch_add(&loss->count, 1);
}

static bool wakes(const struct tender_pci_device *device, int timeout)
{
    struct pollfd ready = {.fd = device->irq_fd, .events = POLLIN};

    return poll(&ready, 1, timeout) == 1;
}

/* The unikernel is told at once, and has some time before it is ended. */
static void test_watch(void **state)
{
    struct loss loss = {.reason = ""};
    uint64_t value;

    (void)state;
    rig_start(&rig_machine);
    assert_int_equal(tender_pci_watch(&rig.pci, on_loss, &loss, &rig.error), 0);
    assert_false(wakes(&rig.pci.device[1], 20));
    assert_int_equal(atomic_load(&loss.count), 0);
    shutdown(rig.fake[1].client, SHUT_RDWR);
    assert_true(wakes(&rig.pci.device[1], 2000));
    assert_true(tender_pci_irq_take(&rig.pci.device[1]));
    assert_int_equal(rig_config_read(2, 0, 4, &value), HVT_R_EUNSPEC);
    assert_int_equal(rig_region_read(2, 2, 0, 4, &value), HVT_R_EUNSPEC);
    assert_int_equal(rig_config_read(1, 0, 4, &value), HVT_R_OK); /* the other one goes on */
    assert_false(wakes(&rig.pci.device[0], 0));
    assert_int_equal(atomic_load(&loss.count), 0);
    for (unsigned i = 0; i < 300 && atomic_load(&loss.count) == 0; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&loss.count), 1);
    assert_non_null(strstr(loss.reason, "device \"nic1\""));
    assert_non_null(strstr(loss.reason, "gone"));
    tender_pci_stop(&rig.pci);
    assert_int_equal(atomic_load(&loss.count), 1);
}

static void test_watch_ends_with_stop(void **state)
{
    struct loss loss = {.reason = ""};

    (void)state;
    rig_start(&rig_machine);
    assert_int_equal(tender_pci_watch(&rig.pci, on_loss, &loss, &rig.error), 0);
    tender_pci_stop(&rig.pci);
    assert_int_equal(atomic_load(&loss.count), 0);
}

/* A unikernel that ends in its time is not waited for. */
static void test_stop_within_the_grace(void **state)
{
    struct loss loss = {.reason = ""};

    (void)state;
    rig_start(&rig_machine);
    assert_int_equal(tender_pci_watch(&rig.pci, on_loss, &loss, &rig.error), 0);
    shutdown(rig.fake[1].client, SHUT_RDWR);
    assert_true(wakes(&rig.pci.device[1], 2000));
    tender_pci_stop(&rig.pci);
    assert_int_equal(atomic_load(&loss.count), 0);
}

static void test_fault(void **state)
{
    (void)state;
    rig_start(&rig_process);
    assert_int_equal(tender_pci_fault(&rig.pci, 0, &rig.error), 0);
    assert_int_equal(tender_pci_fault(&rig.pci, rig.pci.device[0].dma.addr, &rig.error), 0);
    assert_int_equal(tender_pci_fault(&rig.pci, rig.pci.device[1].bar[0].addr + 0x18, &rig.error),
                     -ENODEV);
    assert_non_null(strstr(rig.error.text, "device \"nic1\""));
    assert_non_null(strstr(rig.error.text, "BAR0 at 0x18"));
    /* Nobody knows where it was, but these registers are gone. */
    assert_int_equal(ftruncate(rig.fake[0].memory, 0), 0);
    assert_int_equal(tender_pci_fault(&rig.pci, 0, &rig.error), -ENODEV);
    assert_non_null(strstr(rig.error.text, "device \"nic0\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_each_step_may_fail),
        RIG_TEST(test_no_room),
        RIG_TEST(test_watch),
        RIG_TEST(test_watch_ends_with_stop),
        RIG_TEST(test_stop_within_the_grace),
        RIG_TEST(test_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
