// SPDX-License-Identifier: ISC
#include "tests/unit/pci/fake_vfio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/pci/pci_areas.h"
#include "host/pci/vfio_abi.h"
#include "host/pci/vfio_sys.h"

#define FD_BASE 5000
#define FDS     32

enum kind { CLOSED, CONTAINER, GROUP, DEVICE, IOMMU };
static const char *const kind_names[] = {"closed", "container", "group", "device", "iommu"};

struct fake_vfio fake;
static enum kind fds[FDS];

/* ---- bookkeeping ---- */

void fake_vfio_note(const char *format, ...)
{
    size_t used = strlen(fake.log);
    va_list args;

    va_start(args, format);
    vsnprintf(fake.log + used, sizeof(fake.log) - used, format, args);
    va_end(args);
}

static int new_fd(enum kind kind)
{
    for (int i = 0; i < FDS; i++) {
        if (fds[i] == CLOSED) {
            fds[i] = kind;
            return FD_BASE + i;
        }
    }
    return -EMFILE;
}

static enum kind kind_of(int fd)
{
    assert_in_range(fd, FD_BASE, FD_BASE + FDS - 1);
    assert_int_not_equal(fds[fd - FD_BASE], CLOSED);
    return fds[fd - FD_BASE];
}

/* Is this the time that the request fails? */
static bool fails(unsigned long request)
{
    if (fake.fail_request != request || fake.fail_code == 0)
        return false;
    if (fake.fail_times > 0 && --fake.fail_times == 0)
        fake.fail_request = 0;
    return true;
}

void fake_vfio_caps(void *answer, size_t fixed, const void *caps, size_t size, uint32_t *argsz,
                    uint32_t *offset)
{
    if (fake.caps_size > 0) {
        caps = fake.caps;
        size = fake.caps_size;
    }
    assert_true(*argsz >= fixed + size);
    memcpy((char *)answer + fixed, caps, size);
    *argsz = (uint32_t)(fixed + size);
    *offset = (uint32_t)fixed;
}

/* ---- the seam ---- */

const char *vfio_sys_sysfs(void)
{
    return fake.tree.root;
}

const char *vfio_sys_procfs(void)
{
    return fake.tree.root;
}

int vfio_sys_open(const char *path)
{
    fake_vfio_note("open %s\n", path);
    if (fake.fail_path != NULL && strcmp(path, fake.fail_path) == 0)
        return fake.fail_path_code;
    if (strcmp(path, "/dev/vfio/vfio") == 0)
        return new_fd(CONTAINER);
    if (strcmp(path, FAKE_GROUP) == 0)
        return new_fd(GROUP);
    if (strcmp(path, "/dev/iommu") == 0 && fake.options.iommu != PCI_IOMMU_TYPE1)
        return new_fd(IOMMU);
    if (strcmp(path, FAKE_CDEV) == 0)
        return new_fd(DEVICE);
    return -ENOENT;
}

int vfio_sys_dup(int fd)
{
    return new_fd(kind_of(fd));
}

void vfio_sys_close(int fd)
{
    fake_vfio_note("close %s\n", kind_names[kind_of(fd)]);
    if (kind_of(fd) == DEVICE)
        fake.device_open = false;
    fds[fd - FD_BASE] = CLOSED;
}

ssize_t vfio_sys_read(int fd, void *buffer, size_t size, uint64_t offset)
{
    assert_int_equal(kind_of(fd), DEVICE);
    if (offset < FAKE_REGION(PCI_REGION_CONFIG)) {
        memset(buffer, 0x11 * (int)(offset >> 40), size);
        return (ssize_t)size;
    }
    assert_true(pci_range_fits(offset - FAKE_REGION(PCI_REGION_CONFIG), size, sizeof(fake.config)));
    memcpy(buffer, fake.config + (offset - FAKE_REGION(PCI_REGION_CONFIG)), size);
    return (ssize_t)size;
}

ssize_t vfio_sys_write(int fd, const void *buffer, size_t size, uint64_t offset)
{
    uint64_t value = 0;

    assert_int_equal(kind_of(fd), DEVICE);
    memcpy(&value, buffer, size);
    fake_vfio_note("write region %u 0x%x %u 0x%llx\n", (unsigned)(offset >> 40),
                   (unsigned)(offset & 0xffffffff), (unsigned)size, (unsigned long long)value);
    if (offset < FAKE_REGION(PCI_REGION_CONFIG))
        return -EIO;
    assert_true(pci_range_fits(offset - FAKE_REGION(PCI_REGION_CONFIG), size, sizeof(fake.config)));
    memcpy(fake.config + (offset - FAKE_REGION(PCI_REGION_CONFIG)), buffer, size);
    return (ssize_t)size;
}

/* ---- the IOMMU ---- */

static const struct pci_iova_range usable[] = {{0, 0xfedfffff}, {0xfef00000, 0xffffffffffff}};

static int iommu_info(struct vfio_iommu_type1_info *info)
{
    struct {
        struct vfio_info_cap_header other;
        uint8_t data[8];
        struct fake_ranges ranges;
    } caps = {.other = {.id = 77, .next = sizeof(*info) + 16},
              .ranges = {.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0}, .count = 2}};

    memcpy(caps.ranges.range, usable, sizeof(usable));
    info->flags = VFIO_IOMMU_INFO_PGSIZES;
    info->iova_pgsizes = fake.page_sizes;
    if (!fake.no_ranges) {
        info->flags |= VFIO_IOMMU_INFO_CAPS;
        fake_vfio_caps(info, sizeof(*info), &caps, sizeof(caps), &info->argsz, &info->cap_offset);
    }
    return 0;
}

static int map(uint64_t iova, uint64_t size)
{
    fake_vfio_note("map 0x%llx 0x%llx\n", (unsigned long long)iova, (unsigned long long)size);
    fake.mapped++;
    return 0;
}

static int unmap(uint64_t iova, uint64_t size)
{
    fake_vfio_note("unmap 0x%llx 0x%llx\n", (unsigned long long)iova, (unsigned long long)size);
    assert_int_not_equal(fake.mapped, 0);
    fake.mapped--;
    return 0;
}

static int container_ioctl(unsigned long request, void *argument)
{
    const struct vfio_iommu_type1_dma_map *mapping = argument;
    const struct vfio_iommu_type1_dma_unmap *unmapping = argument;

    switch (request) {
    case VFIO_GET_API_VERSION:
        return VFIO_API_VERSION;
    case VFIO_IOMMU_GET_INFO:
        return iommu_info(argument);
    case VFIO_IOMMU_MAP_DMA:
        assert_int_equal(mapping->flags, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
        return map(mapping->iova, mapping->size);
    case VFIO_IOMMU_UNMAP_DMA:
        return unmap(unmapping->iova, unmapping->size);
    default:
        return -ENOTTY;
    }
}

static int iommufd_ranges(struct iommufd_ioas_ranges *ask)
{
    assert_true(ask->count >= 2);
    memcpy((void *)(uintptr_t)ask->ranges, usable, sizeof(usable));
    ask->count = 2;
    return 0;
}

static int iommufd_ioctl(unsigned long request, void *argument)
{
    const struct iommufd_ioas_map *mapping = argument;
    const struct iommufd_ioas_unmap *unmapping = argument;

    switch (request) {
    case IOMMUFD_IOAS_ALLOC:
        ((struct iommufd_ioas_alloc *)argument)->id = 5;
        return 0;
    case IOMMUFD_DESTROY:
        fake_vfio_note("destroy %u\n", ((struct iommufd_destroy *)argument)->id);
        return 0;
    case IOMMUFD_IOAS_RANGES:
        return iommufd_ranges(argument);
    case IOMMUFD_IOAS_MAP:
        assert_int_equal(mapping->flags,
                         IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITEABLE);
        assert_int_equal(mapping->ioas, 5);
        return map(mapping->iova, mapping->length);
    case IOMMUFD_IOAS_UNMAP:
        return unmap(unmapping->iova, unmapping->length);
    default:
        return -ENOTTY;
    }
}

static int group_ioctl(unsigned long request, void *argument)
{
    switch (request) {
    case VFIO_GROUP_GET_STATUS:
        ((struct vfio_group_status *)argument)->flags = fake.group_flags;
        return 0;
    case VFIO_GROUP_SET_CONTAINER:
        return 0;
    case VFIO_GROUP_GET_DEVICE_FD:
        fake_vfio_note("device %s\n", (const char *)argument);
        fake.device_open = true;
        return new_fd(DEVICE);
    default:
        return -ENOTTY;
    }
}

int vfio_sys_ioctl(int fd, unsigned long request, void *argument)
{
    enum kind kind = kind_of(fd);

    if (fails(request))
        return fake.fail_code;
    return kind == DEVICE      ? fake_vfio_device_ioctl(request, argument)
           : kind == GROUP     ? group_ioctl(request, argument)
           : kind == CONTAINER ? container_ioctl(request, argument)
                               : iommufd_ioctl(request, argument);
}

int vfio_sys_ioctl_value(int fd, unsigned long request, unsigned long argument)
{
    assert_int_equal(kind_of(fd), CONTAINER);
    assert_int_equal(argument, VFIO_TYPE1v2_IOMMU);
    if (fails(request))
        return fake.fail_code;
    return request == VFIO_CHECK_EXTENSION ? 1 : 0;
}

/* ---- for tests ---- */

int fake_vfio_make(void **state)
{
    static const uint8_t msix[] = {0x11, 0, 2, 0, 0x03, 0, 0, 0, 0x03, 0x20, 0, 0};

    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake_tree_make(&fake.tree);
    fake_device(&fake.tree, FAKE_NIC);
    fake_device_file(&fake.tree, FAKE_NIC, "reset", "");
    fake_device_file(&fake.tree, FAKE_NIC, "reset_method", "flr bus\n");
    fake_driver(&fake.tree, FAKE_NIC, "vfio-pci");
    fake_group(&fake.tree, FAKE_NIC, 7);
    fake.options.iommu = PCI_IOMMU_TYPE1;
    fake.device_flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
    fake.group_flags = VFIO_GROUP_FLAGS_VIABLE;
    fake.page_sizes = 0xfffffffffffff000;
    memset(fake.irq_fds, 0xff, sizeof(fake.irq_fds));
    fake.irq_count[PCI_IRQ_INTX] = 1;
    fake.irq_count[PCI_IRQ_MSIX] = 3;
    fake.irq_count[VFIO_PCI_ERR_IRQ_INDEX] = 1;
    fake.irq_count[VFIO_PCI_REQ_IRQ_INDEX] = 1;
    fake.config[6] = 0x10; /* status: there is a list of capabilities */
    fake.config[0x34] = 0x40;
    memcpy(fake.config + 0x40, msix, sizeof(msix));
    return 0;
}

int fake_vfio_remove(void **state)
{
    int left = fake.mapped != 0;

    (void)state;
    for (int i = 0; i < FDS; i++) {
        left |= fds[i] != CLOSED;
        fds[i] = CLOSED;
    }
    fake_tree_remove(&fake.tree);
    return left ? -1 : 0;
}

void fake_vfio_iommufd(void)
{
    fake.options.iommu = PCI_IOMMU_IOMMUFD;
    fake_device_file(&fake.tree, FAKE_NIC, "vfio-dev/vfio3/dev", "511:0\n");
}

struct pci_access *fake_vfio_open(void)
{
    struct pci_error error = {.text = ""};
    struct pci_access *dev;

    if (pci_open(FAKE_NIC, &fake.options, &dev, &error) != 0)
        fail_msg("%s", error.text);
    return dev;
}

void fake_vfio_refused(const char *where, int code, const char *says)
{
    struct pci_error error = {.text = ""};
    struct pci_access *dev;

    assert_int_equal(pci_open(where, &fake.options, &dev, &error), code);
    assert_null(dev);
    if (strstr(error.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
    assert_false(fake.device_open);
    assert_null(strstr(fake.log, "device "));
    assert_null(strstr(fake.log, "bind"));
}

void fake_vfio_logged(const char *const *lines)
{
    const char *at = fake.log;

    for (; *lines != NULL; lines++) {
        at = strstr(at, *lines);
        if (at == NULL)
            fail_msg("no \"%s\" in its place in:\n%s", *lines, fake.log);
        at += strlen(*lines);
    }
}
