// SPDX-License-Identifier: ISC
/* The library over a server that behaves: what it asks for, and what it makes of the answers. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/pci/pci_access.h"
#include "tests/unit/pci/fake_server.h"

#define K 1024u

static struct fake fake;

static struct pci_access *open_device(void)
{
    struct pci_access *dev;
    struct pci_error error = {.text = ""};
    int rc;

    fake_start(&fake);
    rc = pci_open(fake.where, NULL, &dev, &error);
    if (rc < 0)
        print_error("%s\n", error.text);
    assert_int_equal(rc, 0);
    return dev;
}

static void close_device(struct pci_access *dev)
{
    pci_close(dev);
    fake_end(&fake);
}

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    return 0;
}

static void test_where(void **state)
{
    static const struct {
        const char *where;
        int code;
        const char *says;
    } refused[] = {
        {"ffff:ff:1f.7", -ENODEV, "no such PCI device"},
        {"sysfs:0000:03:00.0", -EPERM, "--unsafe-no-iommu"},
        {"", -EINVAL, "vfio-user:"},
        {"nonsense", -EINVAL, "nonsense: "},
        {"vfio-user", -EINVAL, "vfio-user: "},
        {"vfio-user:", -EINVAL, "empty"},
        {"vfio-user:/nonexistent/np/socket", -ENODEV, "has its server been started"},
        {"vfio-user:/dev/null", -ENODEV, "nobody listens"},
    };
    char path[200] = "vfio-user:";

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct pci_access *dev = (void *)&fake;
        struct pci_error error = {.text = ""};

        assert_int_equal(pci_open(refused[i].where, NULL, &dev, &error), refused[i].code);
        assert_null(dev);
        assert_non_null(strstr(error.text, refused[i].where));
        assert_non_null(strstr(error.text, refused[i].says));
    }
    memset(path + strlen(path), 'x', sizeof(path) - 1 - strlen(path));
    assert_int_equal(pci_open(path, NULL, &(struct pci_access *){NULL}, NULL), -EINVAL);
    pci_close(NULL);
    close(fake.memory);
}

static void test_identity(void **state)
{
    struct pci_identity id;
    struct pci_error error;
    struct pci_access *dev;

    (void)state;
    fake_config32(&fake, 0, 0x10fb8086);
    fake_config32(&fake, 8, 0x02000501);
    dev = open_device();
    assert_string_equal(pci_where(dev), fake.where);
    assert_int_equal(pci_identify(dev, &id, &error), 0);
    assert_int_equal(id.vendor, 0x8086);
    assert_int_equal(id.device, 0x10fb);
    assert_int_equal(id.class_code, 0x02);
    assert_int_equal(id.subclass, 0x00);
    assert_int_equal(id.progif, 0x05);
    close_device(dev);
}

static void test_opening_changes_nothing(void **state)
{
    struct pci_access *dev;
    struct pci_identity id;
    struct pci_region info;

    (void)state;
    fake_bar(&fake, 0, 64 * K);
    dev = open_device();
    assert_int_equal(pci_identify(dev, &id, NULL), 0);
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    close_device(dev);
    assert_int_equal(fake.requests[VFIO_USER_REGION_WRITE], 0);
    assert_int_equal(fake.requests[VFIO_USER_DEVICE_RESET], 0);
    assert_int_equal(fake.requests[VFIO_USER_DEVICE_SET_IRQS], 0);
}

static void test_region_access(void **state)
{
    struct pci_access *dev;
    uint64_t value = 0;

    (void)state;
    fake_bar(&fake, 0, 4 * K);
    fake_bar(&fake, 2, 4 * K);
    fake.region[2].info.flags = VFIO_USER_REGION_READABLE;
    dev = open_device();
    for (unsigned size = 1; size <= 8; size *= 2) {
        const uint64_t pattern = 0x1122334455667788ull >> (64 - 8 * size);

        assert_int_equal(pci_region_write(dev, 0, 8 * size, size, pattern), 0);
        assert_memory_equal(fake.region[0].registers + 8 * size, &pattern, size);
        assert_int_equal(pci_region_read(dev, 0, 8 * size, size, &value), 0);
        assert_int_equal(value, pattern);
    }
    assert_int_equal(pci_region_read(dev, 0, 4 * K - 4, 4, &value), 0);
    assert_int_equal(pci_region_read(dev, 0, 4 * K, 4, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 0, 4 * K - 4, 8, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 0, UINT64_MAX - 3, 4, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 0, 2, 4, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 0, 0, 3, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 0, 0, 0, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 1, 0, 4, &value), -EINVAL); /* no such BAR */
    assert_int_equal(pci_region_read(dev, 8, 0, 4, &value), -EINVAL);
    assert_int_equal(pci_region_read(dev, 2, 0, 4, &value), 0);
    assert_int_equal(pci_region_write(dev, 2, 0, 4, 1), -EIO); /* read-only */
    close_device(dev);
}

static void test_whole_region_without_capability(void **state)
{
    struct pci_access *dev;
    struct pci_region info;

    (void)state;
    fake_bar(&fake, 0, 128 * K);
    fake_bar(&fake, 1, 256);
    fake_bar(&fake, 2, 4 * K);
    fake.region[2].fd = false;
    fake_bar(&fake, 3, 4 * K);
    fake.region[3].info.flags &= ~VFIO_USER_REGION_MMAP;
    fake_bar(&fake, 4, 2048 * K); /* longer than its file: touching its end would be SIGBUS */
    dev = open_device();
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_int_equal(info.size, 128 * K);
    assert_true(info.readable && info.writable && !info.io_port);
    assert_int_equal(info.areas_count, 1);
    assert_int_equal(info.areas[0].offset, 0);
    assert_int_equal(info.areas[0].size, 128 * K);
    for (unsigned i = 1; i <= 4; i++) {
        assert_int_equal(pci_region_info(dev, i, &info, NULL), 0);
        assert_true(info.size > 0);
        assert_int_equal(info.areas_count, 0);
    }
    assert_int_equal(pci_region_info(dev, 5, &info, NULL), 0);
    assert_int_equal(info.size, 0);
    close_device(dev);
}

static void test_sparse_areas_without_msix_pages(void **state)
{
    const struct vfio_user_sparse_area areas[] = {{24 * K, 40 * K}, {0, 8 * K}, {8 * K, 4 * K}};
    struct pci_access *dev;
    struct pci_region info;

    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake_sparse(&fake, 0, areas, 3);
    fake_msix(&fake, 3, 0x8000, 0x1800); /* table in BAR 0 at 32 K, PBA at 6 K */
    dev = open_device();
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_int_equal(info.areas_count, 4);
    assert_int_equal(info.areas[0].offset, 0);
    assert_int_equal(info.areas[0].size, 4 * K);
    assert_int_equal(info.areas[1].offset, 8 * K);
    assert_int_equal(info.areas[1].size, 4 * K);
    assert_int_equal(info.areas[2].offset, 24 * K);
    assert_int_equal(info.areas[2].size, 8 * K);
    assert_int_equal(info.areas[3].offset, 36 * K);
    assert_int_equal(info.areas[3].size, 28 * K);
    close_device(dev);
}

/* A list of capabilities that is a circle, and one that leads nowhere: no MSI-X, and an end. */
static void test_broken_capability_lists(void **state)
{
    struct pci_access *dev;
    struct pci_region info;

    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake_bar(&fake, 1, 64 * K);
    fake_msix(&fake, 3, 0, 0);
    fake_config16(&fake, 0x70, 0x8001);
    fake_config16(&fake, 0x80, 0x7005);
    dev = open_device();
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_int_equal(info.areas[0].size, 64 * K);
    assert_true(fake.requests[VFIO_USER_REGION_READ] < 100);
    fake_config16(&fake, 0x80, 0x1005);
    assert_int_equal(pci_region_info(dev, 1, &info, NULL), 0);
    assert_int_equal(info.areas[0].size, 64 * K);
    close_device(dev);
}

static void test_many_areas(void **state)
{
    struct vfio_user_sparse_area areas[100];
    struct pci_access *dev;
    struct pci_region info;

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        areas[i] = (struct vfio_user_sparse_area){(99 - i) * 8 * K, i == 50 ? 8 * K : 4 * K};
    fake_bar(&fake, 0, 800 * K);
    fake_sparse(&fake, 0, areas, 100);
    dev = open_device();
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_int_equal(info.areas_count, PCI_AREAS_MAX);
    for (unsigned i = 1; i < PCI_AREAS_MAX; i++)
        assert_true(info.areas[i - 1].offset < info.areas[i].offset);
    close_device(dev);
}

static void test_io_port_and_64_bit_bars(void **state)
{
    struct pci_access *dev;
    struct pci_region info;

    (void)state;
    fake_bar(&fake, 0, 128 * K);
    fake_config32(&fake, 0x10, 0xd000000c); /* 64-bit */
    fake_config32(&fake, 0x14, 0x00000001); /* its upper half, not an I/O BAR */
    fake_bar(&fake, 2, 32);
    fake_config32(&fake, 0x18, 0x0000e001);
    fake_bar(&fake, 3, 4 * K);
    fake_config32(&fake, 0x1c, 0xe0000000);
    dev = open_device();
    assert_int_equal(pci_region_info(dev, 0, &info, NULL), 0);
    assert_false(info.io_port);
    assert_int_equal(pci_region_info(dev, 2, &info, NULL), 0);
    assert_true(info.io_port);
    assert_int_equal(info.areas_count, 0);
    assert_int_equal(pci_region_info(dev, 3, &info, NULL), 0);
    assert_false(info.io_port);
    assert_int_equal(info.areas_count, 1);
    close_device(dev);
}

static void test_map(void **state)
{
    const struct vfio_user_sparse_area areas[] = {{4 * K, 8 * K}};
    struct pci_area area = {4 * K, 8 * K}, part = {8 * K, 4 * K};
    struct pci_access *dev;
    void *anywhere, *fixed;
    uint8_t *reserved = mmap(NULL, 16 * K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t value = 0xcafe;

    (void)state;
    fake_bar(&fake, 0, 64 * K);
    fake_sparse(&fake, 0, areas, 1);
    fake.region[0].info.offset = 4 * K;
    assert_int_equal(pwrite(fake.memory, &value, 4, 12 * K), 4);
    dev = open_device();
    assert_int_equal(pci_map(dev, 0, area, NULL, &anywhere, NULL), 0);
    assert_int_equal(pci_map(dev, 0, part, reserved + 8 * K, &fixed, NULL), 0);
    assert_ptr_equal(fixed, reserved + 8 * K);
    assert_int_equal(*(uint32_t *)fixed, 0xcafe);
    *((uint32_t *)anywhere + K) = 0xbeef;
    assert_int_equal(*(uint32_t *)fixed, 0xbeef);
    area.offset = 0;
    assert_int_equal(pci_map(dev, 0, area, NULL, &anywhere, NULL), -EINVAL);
    area = (struct pci_area){4 * K + 1, 4 * K};
    assert_int_equal(pci_map(dev, 0, area, NULL, &anywhere, NULL), -EINVAL);
    area = (struct pci_area){4 * K, UINT64_MAX & ~4095ull};
    assert_int_equal(pci_map(dev, 0, area, NULL, &anywhere, NULL), -EINVAL);
    close_device(dev);
    /* The reservation is there again. */
    assert_ptr_equal(mmap(reserved + 8 * K, 4 * K, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                     MAP_FAILED);
    munmap(reserved, 16 * K);
}

static void test_dma(void **state)
{
    int fd = memfd_create("dma", MFD_CLOEXEC);
    struct pci_access *dev;

    (void)state;
    assert_int_equal(ftruncate(fd, 64 * K), 0);
    dev = open_device();
    assert_int_equal(pci_dma_map(dev, fd, 4 * K, NULL, 1ull << 40, 8 * K, NULL), 0);
    assert_int_equal(pci_dma_map(dev, fd, 0, NULL, 1ull << 41, 4 * K, NULL), 0);
    assert_int_equal(fake.dma[0].map.offset, 4 * K);
    assert_int_equal(fake.dma[0].map.address, 1ull << 40);
    assert_int_equal(fake.dma[0].map.size, 8 * K);
    assert_int_equal(fake.dma[0].map.flags, VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE);
    assert_int_equal(pwrite(fd, "x", 1, 4 * K), 1);
    assert_int_equal(pread(fake.dma[0].fd, &(char){0}, 1, 4 * K), 1);
    assert_int_equal(pci_dma_map(dev, fd, 0, NULL, 0, 0, NULL), -EINVAL);
    assert_int_equal(pci_dma_map(dev, fd, 0, NULL, 1, 4 * K, NULL), -EINVAL);
    assert_int_equal(pci_dma_map(dev, fd, 0, NULL, 0, 100, NULL), -EINVAL);
    assert_int_equal(pci_dma_map(dev, fd, 0, NULL, ~4095ull, 8 * K, NULL), -EINVAL);
    assert_int_equal(pci_dma_unmap(dev, 1ull << 40, 4 * K), -ENOENT);
    assert_int_equal(pci_dma_unmap(dev, 1ull << 40, 8 * K), 0);
    assert_int_equal(fake.dma[0].map.size, 0);
    pci_close(dev); /* unmaps the other */
    assert_int_equal(fake.requests[VFIO_USER_DMA_UNMAP], 2);
    fake_end(&fake);
    close(fd);
}

static void test_msix_in_several_messages(void **state)
{
    struct pci_access *dev;
    int fds[20];
    uint16_t control;

    (void)state;
    fake_msix(&fake, 20, 0, 0);
    dev = open_device();
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_MSIX), 20);
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_MSI), 0);
    for (unsigned i = 0; i < 20; i++)
        fds[i] = i == 13 ? -1 : eventfd(0, EFD_NONBLOCK);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 21, fds, NULL), -EINVAL);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 20, fds, NULL), 0);
    assert_int_equal(fake.most_fds, 8); /* as the server said */
    for (unsigned i = 0; i < 20; i++) {
        uint64_t count = 1;

        assert_int_equal(fake.irq_fd[2][i] < 0, i == 13);
        if (i == 13)
            continue;
        assert_int_equal(write(fake.irq_fd[2][i], &count, sizeof(count)), sizeof(count));
        assert_int_equal(read(fds[i], &count, sizeof(count)), sizeof(count));
    }
    memcpy(&control, fake.region[7].registers + 0x72, sizeof(control));
    assert_true(control & 0x8000);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 0, NULL, NULL), 0);
    memcpy(&control, fake.region[7].registers + 0x72, sizeof(control));
    assert_false(control & 0x8000);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(fake.irq_fd[2][i], -1);
        if (fds[i] >= 0)
            close(fds[i]);
    }
    close_device(dev);
}

static void test_one_descriptor_per_message_by_default(void **state)
{
    int fd = eventfd(0, EFD_NONBLOCK), fds[3] = {fd, fd, fd};
    struct pci_access *dev;

    (void)state;
    fake.version_data = NULL;
    fake_msix(&fake, 3, 0, 0);
    dev = open_device();
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_MSIX, 3, fds, NULL), 0);
    assert_int_equal(fake.most_fds, 1);
    assert_true(fake.irq_fd[2][2] >= 0);
    close_device(dev);
    close(fd);
}

static void test_intx(void **state)
{
    int fd = eventfd(0, EFD_NONBLOCK);
    struct pci_access *dev;
    unsigned before;

    (void)state;
    fake.irq_count[VFIO_USER_IRQ_INTX] = 1;
    fake.irq_count[VFIO_USER_IRQ_MSI] = 1;
    fake.irq_flags[VFIO_USER_IRQ_MSI] = 0; /* cannot signal an eventfd */
    fake_config16(&fake, 4, 1u << 10);
    dev = open_device();
    assert_int_equal(pci_irq_count(dev, PCI_IRQ_MSI), 0);
    assert_int_equal(pci_irq_unmask(dev, PCI_IRQ_INTX), 0);
    assert_int_equal(fake.requests[VFIO_USER_DEVICE_SET_IRQS], 0);
    assert_int_equal(pci_irq_enable(dev, PCI_IRQ_INTX, 1, &fd, NULL), 0);
    assert_int_equal(fake.region[7].registers[5] & 4, 0);
    before = fake.requests[VFIO_USER_DEVICE_SET_IRQS];
    assert_int_equal(pci_irq_unmask(dev, PCI_IRQ_INTX), 0);
    assert_int_equal(fake.requests[VFIO_USER_DEVICE_SET_IRQS], before + 1);
    close_device(dev);
    close(fd);
}

static void test_reset_and_bus_master(void **state)
{
    struct pci_access *dev;

    (void)state;
    dev = open_device();
    assert_int_equal(pci_reset(dev, NULL), 0);
    assert_int_equal(fake.requests[VFIO_USER_DEVICE_RESET], 1);
    assert_int_equal(pci_bus_master(dev, false, NULL), 0);
    assert_int_equal(fake.region[7].registers[4], 2);
    assert_int_equal(pci_bus_master(dev, true, NULL), 0);
    assert_int_equal(fake.region[7].registers[4], 6);
    pci_close(dev);
    assert_int_equal(fake.region[7].registers[4], 2);
    fake_end(&fake);
}

static void test_a_device_that_cannot_be_reset(void **state)
{
    struct pci_access *dev;
    struct pci_error error;

    (void)state;
    fake.device_flags = VFIO_USER_DEVICE_FLAG_PCI;
    dev = open_device();
    assert_int_equal(pci_reset(dev, &error), -ENOTSUP);
    assert_non_null(strstr(error.text, "cannot be reset"));
    close_device(dev);
}

static void test_lost_fd(void **state)
{
    struct pollfd lost = {.events = POLLRDHUP};
    struct pci_access *dev;

    (void)state;
    dev = open_device();
    lost.fd = pci_lost_fd(dev);
    assert_true(lost.fd >= 0);
    assert_int_equal(poll(&lost, 1, 0), 0);
    shutdown(fake.client, SHUT_RDWR);
    assert_int_equal(poll(&lost, 1, 1000), 1);
    close_device(dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_where, setup),
        cmocka_unit_test_setup(test_identity, setup),
        cmocka_unit_test_setup(test_opening_changes_nothing, setup),
        cmocka_unit_test_setup(test_region_access, setup),
        cmocka_unit_test_setup(test_whole_region_without_capability, setup),
        cmocka_unit_test_setup(test_sparse_areas_without_msix_pages, setup),
        cmocka_unit_test_setup(test_broken_capability_lists, setup),
        cmocka_unit_test_setup(test_many_areas, setup),
        cmocka_unit_test_setup(test_io_port_and_64_bit_bars, setup),
        cmocka_unit_test_setup(test_map, setup),
        cmocka_unit_test_setup(test_dma, setup),
        cmocka_unit_test_setup(test_msix_in_several_messages, setup),
        cmocka_unit_test_setup(test_one_descriptor_per_message_by_default, setup),
        cmocka_unit_test_setup(test_intx, setup),
        cmocka_unit_test_setup(test_reset_and_bus_master, setup),
        cmocka_unit_test_setup(test_a_device_that_cannot_be_reset, setup),
        cmocka_unit_test_setup(test_lost_fd, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
