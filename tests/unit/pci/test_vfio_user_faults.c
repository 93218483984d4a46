// SPDX-License-Identifier: ISC
/* The library over servers that fail, lie, or are no servers: an error each time, soon, no leak. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/pci/vfio_user.h"
#include "tests/unit/pci/fake_server.h"

#define K     1024u
#define QUICK 200 /* ms: instead of VFIO_USER_TIMEOUT_MS */

static struct fake fake;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int setup(void **state)
{
    *state = (void *)(uintptr_t)fake_descriptors();
    fake_init(&fake);
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(fake_descriptors(), (uintptr_t)*state);
    return 0;
}

/* ---- before the device is open ---- */

static void refused(enum fake_fault fault, uint16_t command, int code, const char *says)
{
    struct pci_access *dev;
    struct pci_error error = {.text = ""};
    int64_t start = now_ms();

    fake.fault = fault;
    fake.fault_command = command;
    fake_start(&fake);
    assert_int_equal(pci_open(fake.where, NULL, &dev, &error), code);
    assert_null(dev);
    assert_non_null(strstr(error.text, fake.where));
    if (strstr(error.text, says) == NULL)
        print_error("%s\n", error.text);
    assert_non_null(strstr(error.text, says));
    assert_true(now_ms() - start < VFIO_USER_HELLO_MS + 1000);
    fake_end(&fake);
}

static void test_garbage(void **state)
{
    (void)state;
    refused(FAKE_GARBAGE, VFIO_USER_VERSION, -EPROTO, "does not speak vfio-user");
}

static void test_too_small_a_size(void **state)
{
    (void)state;
    refused(FAKE_SHORT_SIZE, VFIO_USER_VERSION, -EPROTO, "does not speak vfio-user");
}

static void test_closes(void **state)
{
    (void)state;
    refused(FAKE_CLOSE, VFIO_USER_VERSION, -EPROTO, "closed the connection");
}

static void test_silent(void **state)
{
    (void)state;
    refused(FAKE_SILENT, VFIO_USER_VERSION, -ETIMEDOUT, "no answer within 2 s");
}

static void test_truncated_version(void **state)
{
    (void)state;
    refused(FAKE_TRUNCATED, VFIO_USER_VERSION, -EPROTO, "does not speak vfio-user");
}

static void test_version_refused(void **state)
{
    (void)state;
    refused(FAKE_ERROR, VFIO_USER_VERSION, -EPROTO, "refuses our version");
}

static void test_server_is_busy(void **state)
{
    (void)state;
    fake.error = EBUSY;
    refused(FAKE_ERROR, VFIO_USER_VERSION, -EBUSY, "serves another client");
}

static void test_newer_minor(void **state)
{
    (void)state;
    fake.minor = VFIO_USER_MINOR + 1;
    refused(FAKE_GOOD, 0, -EPROTO, "version 0.2");
}

static void test_no_pci_device(void **state)
{
    (void)state;
    fake.device_flags = 0;
    refused(FAKE_GOOD, 0, -ENODEV, "not a PCI device");
}

static void test_device_info_refused(void **state)
{
    (void)state;
    fake.error = EBUSY;
    refused(FAKE_ERROR, VFIO_USER_DEVICE_GET_INFO, -EBUSY, strerror(EBUSY));
}

static void test_dies_in_the_middle(void **state)
{
    (void)state;
    refused(FAKE_CLOSE_MIDWAY, VFIO_USER_DEVICE_GET_INFO, -EPIPE, "closed the connection");
}

/* ---- while the device is in use ---- */

static struct pci_access *open_with(enum fake_fault fault, uint16_t command)
{
    struct pci_access *dev;

    fake.fault = fault;
    fake.fault_command = command;
    fake_start(&fake);
    assert_int_equal(pci_open(fake.where, NULL, &dev, NULL), 0);
    vfio_user_of(dev)->timeout_ms = QUICK;
    return dev;
}

static void close_device(struct pci_access *dev)
{
    pci_close(dev);
    fake_end(&fake);
}

/* A lost device: the first call says how, each further one fails at once, and who polls learns. */
static void loses(enum fake_fault fault, int code)
{
    struct pci_access *dev = open_with(fault, VFIO_USER_REGION_READ);
    struct pollfd lost = {.fd = pci_lost_fd(dev), .events = POLLRDHUP};
    struct pci_error error;
    uint64_t value;
    int64_t start = now_ms();

    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), code);
    assert_true(now_ms() - start < 2 * QUICK);
    start = now_ms();
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), -EPIPE);
    assert_int_equal(pci_reset(dev, &error), -EPIPE);
    assert_non_null(strstr(error.text, fake.where));
    assert_int_equal(pci_bus_master(dev, true, NULL), -EPIPE);
    assert_true(now_ms() - start < QUICK);
    assert_int_equal(poll(&lost, 1, 0), 1);
    close_device(dev);
}

static void test_lost_by_silence(void **state)
{
    (void)state;
    loses(FAKE_SILENT, -ETIMEDOUT);
}

static void test_lost_by_close(void **state)
{
    (void)state;
    loses(FAKE_CLOSE, -EPIPE);
}

static void test_lost_by_close_midway(void **state)
{
    (void)state;
    loses(FAKE_CLOSE_MIDWAY, -EPIPE);
}

static void test_lost_by_garbage(void **state)
{
    (void)state;
    loses(FAKE_GARBAGE, -EPROTO);
}

static void test_lost_by_truncated_reply(void **state)
{
    (void)state;
    loses(FAKE_TRUNCATED, -EPROTO);
}

static void test_replies_to_others_do_not_stretch_the_deadline(void **state)
{
    (void)state;
    loses(FAKE_NO_REPLIES, -ETIMEDOUT);
}

static void test_replies_to_others_are_skipped(void **state)
{
    struct pci_access *dev = open_with(FAKE_STALE_REPLIES, VFIO_USER_REGION_READ);
    struct pci_identity id;

    (void)state;
    fake_config32(&fake, 0, 0x12345678);
    assert_int_equal(pci_identify(dev, &id, NULL), 0);
    assert_int_equal(id.vendor, 0x5678);
    close_device(dev);
}

static void test_unasked_descriptors_are_closed(void **state)
{
    struct pci_access *dev = open_with(FAKE_MANY_FDS, VFIO_USER_REGION_READ);
    unsigned before = fake_descriptors();
    uint64_t value;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), 0);
    assert_int_equal(fake_descriptors(), before);
    close_device(dev);
}

static void test_region_with_too_many_descriptors(void **state)
{
    struct pci_region info;
    struct pci_access *dev;
    unsigned before;

    (void)state;
    fake_bar(&fake, 0, 4 * K);
    dev = open_with(FAKE_MANY_FDS, VFIO_USER_DEVICE_GET_REGION_INFO);
    before = fake_descriptors();
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_int_equal(info.areas_count, 1);
    assert_int_equal(fake_descriptors(), before + 1); /* the one that is mapped from */
    close_device(dev);
}

static void test_errors_of_the_server(void **state)
{
    static const int errors[] = {EINVAL, ENOSPC, EPIPE, ETIMEDOUT, EPROTO, 0, 100000, -5};
    struct pci_access *dev = open_with(FAKE_GOOD, VFIO_USER_REGION_READ);
    uint64_t value;

    (void)state;
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), 0);
    fake.fault = FAKE_ERROR;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        fake.error = errors[i];
        assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), -EIO);
    }
    fake.fault = FAKE_GOOD;
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), 0);
    close_device(dev);
}

static void test_refused_requests_are_told(void **state)
{
    struct pci_access *dev = open_with(FAKE_ERROR, VFIO_USER_DMA_MAP);
    struct pci_error error;
    int fd = memfd_create("dma", MFD_CLOEXEC);

    (void)state;
    fake.error = ENOSPC;
    assert_int_equal(pci_dma_map(dev, fd, 0, NULL, 0, 4 * K, &error), -ENOSPC);
    assert_non_null(strstr(error.text, "share DMA memory"));
    assert_non_null(strstr(error.text, strerror(ENOSPC)));
    assert_int_equal(pci_dma_unmap(dev, 0, 4 * K), -ENOENT);
    close_device(dev);
    close(fd);
}

/* ---- malformed descriptions of regions ---- */

static void region_is_malformed(void)
{
    struct pci_access *dev = open_with(FAKE_GOOD, 0);
    struct pci_region info;
    struct pci_error error;
    unsigned before = fake_descriptors();

    assert_int_equal(pci_region_info(dev, 0, &info, &error), -EPROTO);
    assert_non_null(strstr(error.text, "malformed"));
    assert_int_equal(fake_descriptors(), before);
    close_device(dev);
}

static void sparse_bar(void)
{
    const struct vfio_user_sparse_area area = {0, 4 * K};

    fake_bar(&fake, 0, 64 * K);
    fake_sparse(&fake, 0, &area, 1);
}

static void poke_cap(size_t offset, uint32_t value)
{
    memcpy(fake.region[0].caps + offset, &value, sizeof(value));
}

static void test_cap_offset_outside(void **state)
{
    (void)state;
    sparse_bar();
    fake.region[0].info.cap_offset = 5000;
    region_is_malformed();
}

static void test_cap_offset_inside_the_structure(void **state)
{
    (void)state;
    sparse_bar();
    fake.region[0].info.cap_offset = 8;
    region_is_malformed();
}

static void test_cap_circle(void **state)
{
    (void)state;
    sparse_bar();
    poke_cap(0, 99); /* not sparse-mmap */
    poke_cap(4, 32); /* next: itself */
    region_is_malformed();
}

static void test_cap_next_outside(void **state)
{
    (void)state;
    sparse_bar();
    poke_cap(0, 99); /* not sparse-mmap */
    poke_cap(4, UINT32_MAX);
    region_is_malformed();
}

static void test_more_areas_than_the_reply_has(void **state)
{
    (void)state;
    sparse_bar();
    poke_cap(8, 0x10000001);
    region_is_malformed();
}

static void test_area_outside_the_region(void **state)
{
    const struct vfio_user_sparse_area area = {UINT64_MAX - 4095, 8 * K};

    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake_sparse(&fake, 0, &area, 1);
    region_is_malformed();
}

static void test_another_region_than_asked(void **state)
{
    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake.region[0].info.index = 1;
    region_is_malformed();
}

static void test_description_larger_than_the_room(void **state)
{
    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake.region[0].info.argsz = 1u << 20;
    region_is_malformed();
}

static void test_file_offset_overflows(void **state)
{
    struct pci_region info;
    struct pci_access *dev;

    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake.region[0].info.offset = UINT64_MAX - 4095;
    dev = open_with(FAKE_GOOD, 0);
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_int_equal(info.areas_count, 0); /* calls only */
    close_device(dev);
}

/* ---- what a server may ask ---- */

static void test_server_reads_and_writes_memory(void **state)
{
    int fd = memfd_create("dma", MFD_CLOEXEC);
    struct pci_access *dev;
    uint64_t value, *memory;

    (void)state;
    assert_int_equal(ftruncate(fd, 4 * K), 0);
    memory = mmap(NULL, 4 * K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memory[1] = 0x1234;
    dev = open_with(FAKE_DMA_READ, VFIO_USER_REGION_READ);
    assert_int_equal(pci_dma_map(dev, fd, 0, memory, 1 << 20, 4 * K, NULL), 0);
    fake.ask_address = (1 << 20) + 8;
    fake.ask_count = 8;
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), 0);
    assert_int_equal(fake.asked_flags, VFIO_USER_TYPE_REPLY);
    assert_int_equal(fake.asked_data, 0x1234);
    fake.fault = FAKE_DMA_WRITE;
    fake.ask_value = 0x5678;
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), 0);
    assert_int_equal(fake.asked_flags, VFIO_USER_TYPE_REPLY);
    assert_int_equal(memory[1], 0x5678);
    close_device(dev);
    munmap(memory, 4 * K);
    close(fd);
}

static void server_is_refused(struct pci_access *dev, uint32_t error)
{
    uint64_t value;

    fake.asked_flags = fake.asked_error = 0;
    assert_int_equal(pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &value), 0);
    assert_int_equal(fake.asked_flags, VFIO_USER_TYPE_REPLY | VFIO_USER_FLAG_ERROR);
    assert_int_equal(fake.asked_error, error);
}

static void test_server_reaches_for_more(void **state)
{
    struct pci_access *dev = open_with(FAKE_DMA_READ, VFIO_USER_REGION_READ);
    uint8_t memory[8 * K];
    int fd = memfd_create("dma", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(pci_dma_map(dev, fd, 0, memory, 1 << 20, 4 * K, NULL), 0);
    fake.ask_address = (1 << 20) + 4 * K - 4;
    fake.ask_count = 8;
    server_is_refused(dev, EINVAL);
    fake.ask_address = (1 << 20) - 1;
    server_is_refused(dev, EINVAL);
    fake.ask_count = UINT64_MAX;
    server_is_refused(dev, EINVAL);
    fake.fault = FAKE_DMA_WRITE;
    fake.ask_address = 0;
    fake.ask_count = 8;
    server_is_refused(dev, EINVAL);
    fake.ask_address = 1 << 20;
    fake.ask_count = 16; /* more than it sends */
    server_is_refused(dev, EINVAL);
    fake.fault = FAKE_UNKNOWN;
    server_is_refused(dev, ENOTSUP);
    close_device(dev);
    close(fd);
}

static void test_capabilities(void **state)
{
    (void)state;
    assert_int_equal(vfio_user_capability("{\"a\" : 12}", "a", 1), 12);
    assert_int_equal(vfio_user_capability("{\"ab\":12}", "a", 1), 1);
    assert_int_equal(vfio_user_capability("{\"a\":\"x\"}", "a", 1), 1);
    assert_int_equal(vfio_user_capability("{\"a\":-3}", "a", 1), 1);
    assert_int_equal(vfio_user_capability("{\"a\":99999999999999999999999}", "a", 1), 1);
    assert_int_equal(vfio_user_capability("{\"a\"", "a", 1), 1);
    assert_int_equal(vfio_user_capability("", "a", 1), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_garbage),
        TEST(test_too_small_a_size),
        TEST(test_closes),
        TEST(test_silent),
        TEST(test_truncated_version),
        TEST(test_version_refused),
        TEST(test_server_is_busy),
        TEST(test_newer_minor),
        TEST(test_no_pci_device),
        TEST(test_device_info_refused),
        TEST(test_dies_in_the_middle),
        TEST(test_lost_by_silence),
        TEST(test_lost_by_close),
        TEST(test_lost_by_close_midway),
        TEST(test_lost_by_garbage),
        TEST(test_lost_by_truncated_reply),
        TEST(test_replies_to_others_do_not_stretch_the_deadline),
        TEST(test_replies_to_others_are_skipped),
        TEST(test_unasked_descriptors_are_closed),
        TEST(test_region_with_too_many_descriptors),
        TEST(test_errors_of_the_server),
        TEST(test_refused_requests_are_told),
        TEST(test_cap_offset_outside),
        TEST(test_cap_offset_inside_the_structure),
        TEST(test_cap_circle),
        TEST(test_cap_next_outside),
        TEST(test_more_areas_than_the_reply_has),
        TEST(test_area_outside_the_region),
        TEST(test_another_region_than_asked),
        TEST(test_description_larger_than_the_room),
        TEST(test_file_offset_overflows),
        TEST(test_server_reads_and_writes_memory),
        TEST(test_server_reaches_for_more),
        cmocka_unit_test(test_capabilities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
