// SPDX-License-Identifier: ISC
/* The tender's PCI module over fake servers: from options to running devices and back. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "abi/layout.h"
#include "host/tender/module_pci.h"
#include "tests/unit/pci/fake_server.h"

#define K   1024u
#define MIB (1024u * K)

static struct fake fake[2];
static struct tender_pci pci;
static struct tender_error error;
static const struct tender_space process = {.limit = 1ull << 47, .in_process = true};
static const struct tender_space machine = {.limit = 1ull << 46};

static unsigned open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

/* Two devices, 1234:000N class 020003, with BAR0 and a 256-byte BAR2; nic0 has a DMA window. */
static int setup(void **state)
{
    struct mft *mft = calloc(1, MFT_SIZE(3));

    *state = (void *)(uintptr_t)open_descriptors();
    mft->version = MFT_VERSION;
    mft->entries = 3;
    for (unsigned i = 0; i < 2; i++) {
        struct mft_entry *e = &mft->e[i + 1];

        fake_init(&fake[i]);
        fake_config32(&fake[i], 0, 0x00001234 | i << 16);
        fake_config32(&fake[i], 8, 0x02000301);
        fake_bar(&fake[i], 0, 64 * K);
        fake_bar(&fake[i], 2, 256);
        snprintf(e->name, sizeof(e->name), "nic%u", i);
        e->type = MFT_PCI_BASIC;
        e->u.pci_basic = (struct mft_pci_basic){
            .vendor = 0x1234,
            .device = (uint16_t)i,
            .class_code = 2,
            .subclass = 0,
            .progif = 3,
            .flags = MFT_PCI_BUS_MASTER | MFT_PCI_MAP_BAR(0) | MFT_PCI_MAP_BAR(2),
        };
    }
    mft->e[1].u.pci_basic.dma_size = 100 * K;
    assert_int_equal(tender_pci_init(&pci, mft, &error), 0);
    free(mft);
    return 0;
}

static int teardown(void **state)
{
    tender_pci_stop(&pci);
    tender_pci_stop(&pci);
    fake_end(&fake[0]);
    fake_end(&fake[1]);
    assert_int_equal(open_descriptors(), (uintptr_t)*state);
    return 0;
}

static void attach(void)
{
    for (unsigned i = 0; i < 2; i++) {
        char value[100];

        fake_start(&fake[i]);
        snprintf(value, sizeof(value), "nic%u=%s", i, fake[i].where);
        assert_int_equal(tender_pci_option(&pci, value, &error), 0);
    }
}

static void start(const struct tender_space *space)
{
    attach();
    assert_int_equal(tender_pci_open(&pci, &error), 0);
    if (tender_pci_start(&pci, space, &error) < 0)
        fail_msg("%s", error.text);
}

static unsigned writes(const struct fake *f)
{
    return f->requests[VFIO_USER_REGION_WRITE] + f->requests[VFIO_USER_DEVICE_RESET] +
           f->requests[VFIO_USER_DEVICE_SET_IRQS] + f->requests[VFIO_USER_DMA_MAP];
}

/* ---- refused before anything was changed ---- */

static void refused(const char *says)
{
    attach();
    assert_int_equal(tender_pci_open(&pci, &error), -ENODEV);
    if (strstr(error.text, says) == NULL)
        print_error("%s\n", error.text);
    assert_non_null(strstr(error.text, says));
    assert_non_null(strstr(error.text, fake[1].where));
    assert_int_equal(writes(&fake[0]) + writes(&fake[1]), 0);
}

static void test_wrong_vendor(void **state)
{
    (void)state;
    fake_config16(&fake[1], 0, 0x1235);
    refused("manifest wants 1234:0001 class 020003, device is 1235:0001 class 020003");
}

static void test_wrong_device(void **state)
{
    (void)state;
    fake_config16(&fake[1], 2, 7);
    refused("manifest wants 1234:0001 class 020003, device is 1234:0007 class 020003");
}

static void test_wrong_class(void **state)
{
    (void)state;
    fake_config32(&fake[1], 8, 0x01000301);
    refused("device is 1234:0001 class 010003");
}

static void test_wrong_subclass(void **state)
{
    (void)state;
    fake_config32(&fake[1], 8, 0x02800301);
    refused("device is 1234:0001 class 028003");
}

static void test_wrong_progif(void **state)
{
    (void)state;
    fake_config32(&fake[1], 8, 0x02000201);
    refused("device is 1234:0001 class 020002");
}

static void test_no_such_bar(void **state)
{
    (void)state;
    fake[1].region[2].info.size = 0;
    refused("maps BAR2, the device has none");
}

static void test_io_port_bar(void **state)
{
    (void)state;
    fake_config32(&fake[1], 0x18, 0xe001);
    refused("maps BAR2, which is in I/O space");
}

static void test_impossible_bar(void **state)
{
    (void)state;
    fake[1].region[0].info.size = UINT64_MAX;
    refused("BAR0 is too large");
}

/* ---- running ---- */

static void test_default_addresses(void **state)
{
    (void)state;
    pci.dma_wanted = 1;
    start(&machine);
    assert_int_equal(pci.dma.addr, DMA_SHARED_BASE);
    assert_int_equal(pci.dma.size, 2 * MIB);
    assert_int_equal(pci.device[0].dma.addr, dma_window_addr(0));
    assert_int_equal(pci.device[0].dma.size, 2 * MIB);
    assert_int_equal(pci.device[1].dma.size, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pci.device[i].bar[0].addr, pci_window_addr(i, 0));
        assert_int_equal(pci.device[i].bar[0].size, 64 * K);
        assert_int_equal(pci.device[i].bar[1].size, 0);
        assert_int_equal(pci.device[i].bar[2].addr, pci_window_addr(i, 2));
        assert_int_equal(pci.device[i].bar[2].size, 256);
        assert_int_equal(pci.device[i].bar[2].ranges_count, 0);
    }
}

static void test_lower_addresses(void **state)
{
    const struct tender_space small = {.limit = 1ull << 39};

    (void)state;
    start(&small);
    assert_true(pci.device[0].bar[0].addr >= 4ull << 30);
    assert_true(pci.device[0].bar[0].addr + 64 * K <= small.limit);
    assert_true(pci.device[0].dma.addr >= 4ull << 30);
    assert_int_equal(pci.device[0].dma.addr % (2 * MIB), 0);
    assert_int_equal(fake[0].dma[0].map.address, pci.device[0].dma.addr);
}

/* Registers and DMA memory are at their guest addresses, and the device sees the same. */
static void test_in_process(void **state)
{
    uint32_t value = 0x11223344;
    uint8_t *bar, *dma;

    (void)state;
    start(&process);
    bar = (uint8_t *)(uintptr_t)pci.device[0].bar[0].addr;
    assert_int_equal(pci.device[0].bar[0].ranges_count, 1);
    assert_int_equal(pci.device[0].bar[0].ranges[0].size, 64 * K);
    assert_ptr_equal(pci.device[0].bar[0].ranges[0].host, bar);
    assert_int_equal(pwrite(fake[0].memory, &value, 4, 8), 4);
    assert_memory_equal(bar + 8, &value, 4);
    dma = (uint8_t *)(uintptr_t)pci.device[0].dma.addr;
    assert_ptr_equal(pci.device[0].dma.host, dma);
    dma[2 * MIB - 1] = 0x5a;
    assert_int_equal(fake[0].dma[0].map.size, 2 * MIB);
    assert_int_equal(pread(fake[0].dma[0].fd, &value, 1, 2 * MIB - 1), 1);
    assert_int_equal(value & 0xff, 0x5a);
    /* The window cannot be pulled away, and is nobody else's. */
    assert_int_not_equal(ftruncate(fake[0].dma[0].fd, 0), 0);
    assert_int_equal(fake[1].dma[0].map.size, 0);
    /* BAR2 has its page, though nothing of it is mapped. */
    assert_ptr_equal(mmap((void *)(uintptr_t)pci.device[0].bar[2].addr, 4 * K, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                     MAP_FAILED);
}

static void test_stop_frees_addresses(void **state)
{
    uint64_t addr[3];

    (void)state;
    start(&process);
    addr[0] = pci.device[0].bar[0].addr;
    addr[1] = pci.device[0].bar[2].addr;
    addr[2] = pci.device[0].dma.addr;
    tender_pci_stop(&pci);
    for (unsigned i = 0; i < 3; i++) {
        void *at = (void *)(uintptr_t)addr[i];

        assert_ptr_equal(
            mmap(at, 4 * K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
            at);
        munmap(at, 4 * K);
    }
}

static void test_shared_dma_memory(void **state)
{
    (void)state;
    pci.dma_wanted = 3 * MIB;
    start(&machine);
    assert_int_equal(pci.dma.size, 4 * MIB);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(fake[i].dma[0].map.address, pci.dma.addr);
        assert_int_equal(fake[i].dma[0].map.size, 4 * MIB);
    }
    assert_int_equal(fake[0].dma[1].map.address, pci.device[0].dma.addr);
    assert_int_equal(fake[1].dma[1].map.size, 0);
}

/* reset -> DMA -> interrupts -> bus mastering; the way back: bus mastering first. */
static void test_order(void **state)
{
    static const uint16_t wanted[] = {
        VFIO_USER_DEVICE_RESET,        VFIO_USER_DMA_MAP,
        VFIO_USER_DEVICE_SET_IRQS,     FAKE_LOG_COMMAND_REGISTER + 6,
        FAKE_LOG_COMMAND_REGISTER + 2, VFIO_USER_DEVICE_SET_IRQS,
        VFIO_USER_DMA_UNMAP,
    };
    unsigned next = 0, total = sizeof(wanted) / sizeof(wanted[0]);

    (void)state;
    fake_msix(&fake[0], 1, 0x8000, 0x8800);
    start(&machine);
    tender_pci_stop(&pci);
    for (unsigned i = 0; i < fake[0].log_count; i++) {
        uint16_t entry = fake[0].log[i];
        bool counts = entry >= FAKE_LOG_COMMAND_REGISTER;

        for (unsigned w = 0; w < total; w++)
            counts |= entry == wanted[w];
        if (!counts)
            continue;
        assert_true(next < total);
        assert_int_equal(entry, wanted[next++]);
    }
    assert_int_equal(next, total);
}

static void test_no_bus_mastering(void **state)
{
    (void)state;
    pci.device[0].want.flags &= (uint8_t)~MFT_PCI_BUS_MASTER;
    start(&machine);
    assert_int_equal(fake[0].region[7].registers[4], 2);
    assert_int_equal(fake[0].requests[VFIO_USER_DMA_MAP], 0);
    assert_non_null(pci.device[0].dma.host);
    assert_int_equal(fake[1].region[7].registers[4], 6);
}

static void test_msix_page_is_not_mapped(void **state)
{
    const struct tender_bar *bar = &pci.device[0].bar[0];

    (void)state;
    fake_msix(&fake[0], 2, 0x8000, 0x8800);
    start(&machine);
    assert_int_equal(bar->ranges_count, 2);
    assert_int_equal(bar->ranges[0].size, 32 * K);
    assert_int_equal(bar->ranges[1].offset, 36 * K);
    assert_int_equal(bar->ranges[1].size, 28 * K);
}

static void test_more_areas_than_a_guest_can_be_told_of(void **state)
{
    struct vfio_user_sparse_area areas[10];
    const struct tender_bar *bar = &pci.device[0].bar[0];

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        areas[i] = (struct vfio_user_sparse_area){i * 16 * K, i == 0 || i == 9 ? 8 * K : 4 * K};
    fake_bar(&fake[0], 0, 256 * K);
    fake_sparse(&fake[0], 0, areas, 10);
    start(&process);
    assert_int_equal(bar->ranges_count, HVT_EXT_RANGES_MAX);
    assert_int_equal(bar->ranges[0].offset, 0);
    assert_int_equal(bar->ranges[HVT_EXT_RANGES_MAX - 1].offset, 144 * K);
    for (unsigned i = 0; i < HVT_EXT_RANGES_MAX; i++)
        assert_ptr_equal(bar->ranges[i].host,
                         (void *)(uintptr_t)(bar->addr + bar->ranges[i].offset));
}

static void raise_irq(int fd)
{
    uint64_t one = 1;

    assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void test_interrupts(void **state)
{
    struct tender_pci_device *device = &pci.device[0];
    struct pollfd ready;

    (void)state;
    fake_msix(&fake[0], 3, 0x8000, 0x8800);
    fake[0].irq_count[VFIO_USER_IRQ_MSI] = 1;
    start(&machine);
    assert_int_equal(device->irq_vectors, 3);
    assert_int_equal(device->irq_kind, PCI_IRQ_MSIX);
    assert_int_equal(pci.device[1].irq_vectors, 0);
    assert_false(tender_pci_irq_take(&pci.device[1]));
    ready = (struct pollfd){.fd = device->irq_fd, .events = POLLIN};
    assert_false(tender_pci_irq_take(device));
    for (unsigned i = 0; i < 3; i++) {
        raise_irq(fake[0].irq_fd[VFIO_USER_IRQ_MSIX][i]);
        assert_int_equal(poll(&ready, 1, 0), 1);
        assert_true(tender_pci_irq_take(device));
        assert_false(tender_pci_irq_take(device));
    }
}

/* Not when it is taken: the guest has not dealt with it yet, and the pin is still asserted. */
static void test_intx_is_unmasked_before_the_next_wait(void **state)
{
    unsigned before;

    (void)state;
    fake[0].irq_count[VFIO_USER_IRQ_INTX] = 1;
    start(&machine);
    assert_int_equal(pci.device[0].irq_kind, PCI_IRQ_INTX);
    assert_int_equal(pci.device[0].irq_vectors, 1);
    before = fake[0].requests[VFIO_USER_DEVICE_SET_IRQS];
    tender_pci_irq_rearm(&pci);
    raise_irq(fake[0].irq_fd[VFIO_USER_IRQ_INTX][0]);
    assert_true(tender_pci_irq_take(&pci.device[0]));
    assert_int_equal(fake[0].requests[VFIO_USER_DEVICE_SET_IRQS], before);
    tender_pci_irq_rearm(&pci);
    tender_pci_irq_rearm(&pci);
    assert_int_equal(fake[0].requests[VFIO_USER_DEVICE_SET_IRQS], before + 1);
}

/* A message is a write to memory. */
static void test_no_messages_without_bus_mastering(void **state)
{
    (void)state;
    fake_msix(&fake[0], 3, 0x8000, 0x8800);
    fake[0].irq_count[VFIO_USER_IRQ_MSI] = 1;
    fake[0].irq_count[VFIO_USER_IRQ_INTX] = 1;
    pci.device[0].want.flags &= (uint8_t)~MFT_PCI_BUS_MASTER;
    start(&machine);
    assert_int_equal(pci.device[0].irq_kind, PCI_IRQ_INTX);
    assert_int_equal(pci.device[0].irq_vectors, 1);
}

static void test_quiesce(void **state)
{
    (void)state;
    start(&process);
    tender_pci_quiesce(&pci);
    assert_int_equal(fake[0].region[7].registers[4], 2);
    assert_int_equal(fake[1].region[7].registers[4], 2);
    *(volatile uint8_t *)(uintptr_t)pci.device[0].dma.addr = 1; /* still there */
    *(volatile uint8_t *)(uintptr_t)pci.device[0].bar[0].addr = 1;
}

/* ---- what a guest sees and asks ---- */

static void test_describe(void **state)
{
    struct hvt_ext *ext = malloc(HVT_EXT_SIZE(2));
    const struct hvt_ext_pci *device = &ext->pci[1];

    (void)state;
    pci.dma_wanted = MIB;
    fake_msix(&fake[1], 3, 0x8000, 0x8800);
    start(&machine);
    tender_pci_describe(&pci, ext);
    assert_int_equal(ext->magic, HVT_EXT_MAGIC);
    assert_int_equal(ext->version, HVT_EXT_VERSION);
    assert_int_equal(ext->size, HVT_EXT_SIZE(2));
    assert_int_equal(ext->pci_count, 2);
    assert_int_equal(ext->dma.addr, DMA_SHARED_BASE);
    assert_int_equal(ext->dma.iova, DMA_SHARED_BASE);
    assert_int_equal(ext->dma.size, 2 * MIB);
    assert_int_equal(ext->pci[0].dma.addr, dma_window_addr(0));
    assert_int_equal(device->handle, 2);
    assert_int_equal(device->vendor, 0x1234);
    assert_int_equal(device->device, 1);
    assert_int_equal(device->class_code, 2);
    assert_int_equal(device->progif, 3);
    assert_int_equal(device->bus_master, 1);
    assert_int_equal(device->irq_vectors, 3);
    assert_int_equal(device->dma.addr, 0);
    assert_int_equal(device->bar[0].addr, pci_window_addr(1, 0));
    assert_int_equal(device->bar[0].ranges_count, 2);
    assert_int_equal(device->bar[0].ranges[1].offset, 36 * K);
    assert_int_equal(device->bar[1].addr, 0);
    assert_int_equal(device->bar[2].size, 256);
    free(ext);
}

static int config_read(uint64_t handle, uint32_t offset, uint32_t size, uint64_t *value)
{
    struct hvt_pci_config_read r = {.handle = handle, .offset = offset, .size = size};
    int result = tender_pci_config_read(&pci, &r);

    assert_int_equal(result, r.ret);
    *value = r.value;
    return result;
}

static void test_config_requests(void **state)
{
    uint64_t value;

    (void)state;
    start(&machine);
    assert_int_equal(config_read(2, 0, 4, &value), HVT_R_OK);
    assert_int_equal(value, 0x00011234);
    assert_int_equal(config_read(1, 2, 1, &value), HVT_R_OK);
    assert_int_equal(value, 0);
    assert_int_equal(config_read(2, 252, 4, &value), HVT_R_OK);
    assert_int_equal(config_read(2, 256, 4, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(2, UINT32_MAX & ~3u, 4, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(2, 2, 4, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(2, 0, 8, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(2, 0, 3, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(2, 0, 0, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(0, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(3, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(config_read(UINT64_MAX, 0, 4, &value), HVT_R_EINVAL);
}

static int region_read(uint64_t handle, uint32_t bar, uint64_t offset, uint32_t size,
                       uint64_t *value)
{
    struct hvt_pci_region_access r = {.handle = handle, .bar = bar, .offset = offset, .size = size};
    int result = tender_pci_region_read(&pci, &r);

    assert_int_equal(result, r.ret);
    *value = r.value;
    return result;
}

static void test_region_requests(void **state)
{
    struct hvt_pci_region_access w = {.handle = 1, .bar = 2, .offset = 8, .size = 4, .value = 77};
    uint64_t value;

    (void)state;
    fake_bar(&fake[0], 1, 4 * K); /* there, but not in the manifest */
    start(&machine);
    assert_int_equal(tender_pci_region_write(&pci, &w), HVT_R_OK);
    assert_int_equal(region_read(1, 2, 8, 4, &value), HVT_R_OK);
    assert_int_equal(value, 77);
    assert_int_equal(region_read(1, 2, 256, 4, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 2, 252, 8, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 2, UINT64_MAX - 7, 8, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 2, 1, 2, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 2, 0, 5, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 1, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 6, 0, 4, &value), HVT_R_EINVAL);
    assert_int_equal(region_read(1, 7, 0, 4, &value), HVT_R_EINVAL); /* configuration space */
    assert_int_equal(region_read(7, 2, 0, 4, &value), HVT_R_EINVAL);
    w.bar = 7;
    assert_int_equal(tender_pci_region_write(&pci, &w), HVT_R_EINVAL);
    fake[0].fault = FAKE_ERROR;
    fake[0].fault_command = VFIO_USER_REGION_READ;
    assert_int_equal(region_read(1, 2, 0, 4, &value), HVT_R_EUNSPEC);
}

/* ---- failures on the way, and later ---- */

static void test_each_step_may_fail(void **state)
{
    static const uint16_t steps[] = {VFIO_USER_DEVICE_RESET, VFIO_USER_DMA_MAP,
                                     VFIO_USER_REGION_WRITE};
    unsigned before = (unsigned)(uintptr_t)*state;

    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        void *at;

        if (i > 0)
            assert_int_equal(setup(state), 0);
        fake[0].fault = i % 2 ? FAKE_CLOSE : FAKE_ERROR;
        fake[0].fault_command = steps[i];
        attach();
        assert_int_equal(tender_pci_open(&pci, &error), 0);
        assert_true(tender_pci_start(&pci, &process, &error) < 0);
        assert_non_null(strstr(error.text, "device \"nic0\": vfio-user:"));
        assert_null(pci.device[0].access);
        at = (void *)(uintptr_t)pci.device[0].dma.addr;
        assert_ptr_equal(
            mmap(at, 4 * K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
            at);
        munmap(at, 4 * K);
        if (i + 1 < sizeof(steps) / sizeof(steps[0]))
            assert_int_equal(teardown(state), 0);
        assert_int_equal((uintptr_t)*state, before);
    }
}

static void test_no_room(void **state)
{
    const struct tender_space tiny = {.limit = (8ull << 30) + 64 * K};

    (void)state;
    attach();
    assert_int_equal(tender_pci_open(&pci, &error), 0);
    assert_int_equal(tender_pci_start(&pci, &tiny, &error), -ENOSPC);
    assert_non_null(strstr(error.text, "find no place below"));
    assert_int_equal(fake[0].requests[VFIO_USER_DEVICE_RESET], 0);
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
    start(&machine);
    assert_int_equal(tender_pci_watch(&pci, on_loss, &loss, &error), 0);
    assert_false(wakes(&pci.device[1], 20));
    assert_int_equal(atomic_load(&loss.count), 0);
    shutdown(fake[1].client, SHUT_RDWR);
    assert_true(wakes(&pci.device[1], 2000));
    assert_true(tender_pci_irq_take(&pci.device[1]));
    assert_int_equal(config_read(2, 0, 4, &value), HVT_R_EUNSPEC);
    assert_int_equal(region_read(2, 2, 0, 4, &value), HVT_R_EUNSPEC);
    assert_int_equal(config_read(1, 0, 4, &value), HVT_R_OK); /* the other one goes on */
    assert_false(wakes(&pci.device[0], 0));
    assert_int_equal(atomic_load(&loss.count), 0);
    for (unsigned i = 0; i < 300 && atomic_load(&loss.count) == 0; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&loss.count), 1);
    assert_non_null(strstr(loss.reason, "device \"nic1\""));
    assert_non_null(strstr(loss.reason, "gone"));
    tender_pci_stop(&pci);
    assert_int_equal(atomic_load(&loss.count), 1);
}

static void test_watch_ends_with_stop(void **state)
{
    struct loss loss = {.reason = ""};

    (void)state;
    start(&machine);
    assert_int_equal(tender_pci_watch(&pci, on_loss, &loss, &error), 0);
    tender_pci_stop(&pci);
    assert_int_equal(atomic_load(&loss.count), 0);
}

/* A unikernel that ends in its time is not waited for. */
static void test_stop_within_the_grace(void **state)
{
    struct loss loss = {.reason = ""};

    (void)state;
    start(&machine);
    assert_int_equal(tender_pci_watch(&pci, on_loss, &loss, &error), 0);
    shutdown(fake[1].client, SHUT_RDWR);
    assert_true(wakes(&pci.device[1], 2000));
    tender_pci_stop(&pci);
    assert_int_equal(atomic_load(&loss.count), 0);
}

static void test_fault(void **state)
{
    (void)state;
    start(&process);
    assert_int_equal(tender_pci_fault(&pci, 0, &error), 0);
    assert_int_equal(tender_pci_fault(&pci, pci.device[0].dma.addr, &error), 0);
    assert_int_equal(tender_pci_fault(&pci, pci.device[1].bar[0].addr + 0x18, &error), -ENODEV);
    assert_non_null(strstr(error.text, "device \"nic1\""));
    assert_non_null(strstr(error.text, "BAR0 at 0x18"));
    /* Nobody knows where it was, but these registers are gone. */
    assert_int_equal(ftruncate(fake[0].memory, 0), 0);
    assert_int_equal(tender_pci_fault(&pci, 0, &error), -ENODEV);
    assert_non_null(strstr(error.text, "device \"nic0\""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wrong_vendor),
        TEST(test_wrong_device),
        TEST(test_wrong_class),
        TEST(test_wrong_subclass),
        TEST(test_wrong_progif),
        TEST(test_no_such_bar),
        TEST(test_io_port_bar),
        TEST(test_impossible_bar),
        TEST(test_default_addresses),
        TEST(test_lower_addresses),
        TEST(test_in_process),
        TEST(test_stop_frees_addresses),
        TEST(test_shared_dma_memory),
        TEST(test_order),
        TEST(test_no_bus_mastering),
        TEST(test_msix_page_is_not_mapped),
        TEST(test_more_areas_than_a_guest_can_be_told_of),
        TEST(test_interrupts),
        TEST(test_intx_is_unmasked_before_the_next_wait),
        TEST(test_no_messages_without_bus_mastering),
        TEST(test_quiesce),
        TEST(test_describe),
        TEST(test_config_requests),
        TEST(test_region_requests),
        TEST(test_each_step_may_fail),
        TEST(test_no_room),
        TEST(test_watch),
        TEST(test_watch_ends_with_stop),
        TEST(test_stop_within_the_grace),
        TEST(test_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
