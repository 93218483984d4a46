// SPDX-License-Identifier: ISC
/* Memory that follows itself in physical memory too: found, mapped in order, given back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/pci/fake_sysfs.h"

#define HUGE (2ull << 20)

static void expect_run(const unsigned *frames, size_t wanted, unsigned first, size_t length)
{
    struct sysfs_page pages[64];
    struct sysfs_run run;
    size_t count = 0;

    for (; frames[count] != 0; count++)
        pages[count] = (struct sysfs_page){.physical = frames[count] * HUGE, .offset = count};
    run = sysfs_find_run(pages, count, HUGE, wanted);
    assert_int_equal(run.length, length);
    if (length > 0)
        assert_int_equal(pages[run.first].physical, first * HUGE);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(pages[run.first + i].physical, (first + i) * HUGE);
        assert_int_equal(frames[pages[run.first + i].offset], first + i);
    }
}

static void test_find_run(void **state)
{
    (void)state;
    expect_run((unsigned[]){0}, 1, 0, 0);
    expect_run((unsigned[]){5, 0}, 1, 5, 1);
    expect_run((unsigned[]){9, 5, 0}, 2, 5, 1);
    expect_run((unsigned[]){7, 6, 5, 0}, 3, 5, 3);
    expect_run((unsigned[]){9, 3, 7, 1, 8, 0}, 3, 7, 3);
    expect_run((unsigned[]){1, 2, 4, 5, 6, 8, 9, 10, 11, 0}, 3, 4, 3); /* the first that fits */
    expect_run((unsigned[]){1, 2, 4, 5, 6, 8, 0}, 4, 4, 3);            /* none: the longest */
    expect_run((unsigned[]){4, 4, 5, 5, 0}, 3, 4, 2); /* what cannot be is no run of three */
}

/* Bytes, with some of the file system's own. */
static off_t used(const struct fake_sysfs *fake)
{
    char path[200];
    struct stat st;

    snprintf(path, sizeof(path), "%s/penstock-" FAKE_NIC ".0", fake->memory);
    return stat(path, &st) < 0 ? -1 : (off_t)st.st_blocks * 512;
}

/* Each page's number is in it. */
static void expect_frames(const char *memory, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(*(const unsigned *)(const void *)(memory + i * HUGE + 8), first + i);
}

static void test_in_order(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct pci_error error = {.text = ""};
    void *memory = NULL;
    uint64_t iova = 0;

    fake_memory_free((unsigned[]){23, 9, 22, 50, 51, 21, 20, 0});
    if (pci_dma_physical(dev, 4 * HUGE, NULL, &memory, &iova, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(iova, 20 * HUGE);
    assert_int_equal((uintptr_t)memory % HUGE, 0);
    expect_frames(memory, 20, 4);
    memset(memory, 0xaa, 4 * HUGE);
    assert_int_equal(fake_memory.taken, 7);
    assert_int_equal(used(fake) / HUGE, 4); /* the others went back */
    assert_int_equal(fake_sysfs_files(fake), 1);
    pci_close(dev);
    assert_int_equal(fake_sysfs_files(fake), 0);
}

/* No more is taken than is needed. */
static void test_frugal(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    void *memory;
    uint64_t iova;

    fake_memory_free((unsigned[]){4, 5, 6, 7, 8, 9, 10, 11, 0});
    assert_int_equal(pci_dma_physical(dev, 2 * HUGE, NULL, &memory, &iova, NULL), 0);
    assert_int_equal(iova, 4 * HUGE);
    assert_int_equal(fake_memory.taken, 2);
    pci_close(dev);
}

static void test_at(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    char *room = mmap(NULL, 3 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *at = room + (-(uintptr_t)room & (HUGE - 1));
    void *memory;
    uint64_t iova;

    assert_true(room != MAP_FAILED);
    fake_memory_free((unsigned[]){31, 30, 0});
    assert_int_equal(pci_dma_physical(dev, 2 * HUGE, at, &memory, &iova, NULL), 0);
    assert_ptr_equal(memory, at);
    assert_int_equal(iova, 30 * HUGE);
    expect_frames(memory, 30, 2);
    pci_close(dev);
    /* It is reserved as before: nobody else can have the place unnoticed. */
    assert_int_equal(mprotect(at, 2 * HUGE, PROT_NONE), 0);
    munmap(room, 3 * HUGE);
}

static void test_no_run(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct pci_error error = {.text = ""};
    void *memory;
    uint64_t iova;

    fake_memory_free((unsigned[]){2, 3, 5, 6, 7, 9, 0});
    assert_int_equal(pci_dma_physical(dev, 4 * HUGE, NULL, &memory, &iova, &error), -ENOMEM);
    assert_non_null(strstr(error.text, "needs 4 hugepages"));
    assert_non_null(strstr(error.text, "6 are free, at most 3 of them in a row"));
    assert_non_null(strstr(error.text, "hugepages=10"));
    assert_int_equal(fake_sysfs_files(fake), 0);
    pci_close(dev);
}

static void test_refusals(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct pci_error error = {.text = ""};
    void *memory;
    uint64_t iova;

    assert_int_equal(pci_dma_physical(dev, 0, NULL, &memory, &iova, &error), -EINVAL);
    assert_int_equal(pci_dma_physical(dev, 4096, NULL, &memory, &iova, &error), -EINVAL);
    assert_int_equal(pci_dma_physical(dev, HUGE, (void *)4096, &memory, &iova, &error), -EINVAL);
    assert_int_equal(pci_dma_physical(dev, -HUGE, NULL, &memory, &iova, &error), -EINVAL);
    fake_file(&fake->tree, "mounts", "proc /proc proc rw 0 0\n");
    assert_int_equal(pci_dma_physical(dev, HUGE, NULL, &memory, &iova, &error), -ENOENT);
    assert_non_null(strstr(error.text, "mount -t hugetlbfs"));
    pci_close(dev);
}

/* A kernel that stops telling addresses halfway. */
static void test_secret(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    void *memory;
    uint64_t iova;

    fake_memory_free((unsigned[]){2, 3, 0});
    fake_memory.code = -EPERM;
    assert_int_equal(pci_dma_physical(dev, HUGE, NULL, &memory, &iova, NULL), -EPERM);
    assert_int_equal(fake_sysfs_files(fake), 0);
    pci_close(dev);
}

/* A process may end now, and other threads of it go on until then. */
static void test_stopped(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    void *memory;
    uint64_t iova;

    fake_memory_free((unsigned[]){2, 3, 0});
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(pci_dma_physical(dev, HUGE, NULL, &memory, &iova, NULL), 0);
    assert_int_equal(pci_bus_master(dev, true, NULL), 0);
    assert_int_equal(fake_sysfs_files(fake), 1);
    assert_int_equal(pci_bus_master(dev, false, NULL), 0);
    assert_int_equal(fake_sysfs_files(fake), 0);
    memset(memory, 0xaa, HUGE);
    pci_close(dev);
}

/* What a process that was killed left keeps its pages until the device was reset. */
static void test_left_behind(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev;

    fake_file(&fake->tree, "huge/penstock-" FAKE_NIC ".0", "");
    fake_file(&fake->tree, "huge/penstock-" FAKE_NIC ".3", "");
    fake_file(&fake->tree, "huge/penstock-0000:04:00.0.0", "");
    dev = fake_sysfs_opened(fake);
    assert_int_equal(fake_sysfs_files(fake), 3);
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(fake_sysfs_files(fake), 1); /* another device's */
    pci_close(dev);
}

/* A device that stays a bus master, however often it is told not to. */
static void test_cannot_be_stopped(void **state)
{
    struct fake_sysfs *fake = *state;
    struct pci_access *dev = fake_sysfs_opened(fake);
    struct sysfs *sf = sysfs_of(dev);
    int config = sf->config_fd;
    void *memory;
    uint64_t iova;
    char path[200];

    fake_memory_free((unsigned[]){2, 3, 0});
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(pci_dma_physical(dev, HUGE, NULL, &memory, &iova, NULL), 0);
    assert_int_equal(pci_bus_master(dev, true, NULL), 0);
    snprintf(path, sizeof(path), "%s/bus/pci/devices/" FAKE_NIC "/config", fake->tree.root);
    sf->config_fd = open(path, O_RDONLY); /* writes fail */
    pci_close(dev);
    close(config);
    assert_int_equal(fake_sysfs_files(fake), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_sysfs_make, fake_sysfs_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_run),
        T(test_in_order),
        T(test_frugal),
        T(test_at),
        T(test_no_run),
        T(test_refusals),
        T(test_secret),
        T(test_stopped),
        T(test_left_behind),
        T(test_cannot_be_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
