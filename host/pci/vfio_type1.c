// SPDX-License-Identifier: ISC
/* The IOMMU through a VFIO container and the device's group (type1, version 2). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/pci/vfio.h"

#define CONTAINER "/dev/vfio/vfio"
#define PATH_SIZE 64
#define INFO_ROOM 4096u /* more than the structure with PCI_IOVA_RANGES_MAX ranges and the rest */

static void type1_close(struct vfio_domain *domain)
{
    if (domain->group_fd >= 0)
        vfio_sys_close(domain->group_fd);
    if (domain->fd >= 0)
        vfio_sys_close(domain->fd);
    domain->group_fd = domain->fd = -1;
}

static int check_container(const struct vfio *vfio, const struct vfio_domain *domain,
                           struct pci_error *error)
{
    if (vfio_sys_ioctl(domain->fd, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION)
        return pci_fail(error, -ENOTSUP, "%s: the kernel's VFIO is of another version",
                        vfio->host.address);
    if (vfio_sys_ioctl_value(domain->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0)
        return pci_fail(error, -ENOTSUP,
                        "%s: VFIO has no driver for the IOMMU: modprobe vfio_iommu_type1",
                        vfio->host.address);
    return 0;
}

static int check_viable(const struct vfio *vfio, const struct vfio_domain *domain,
                        struct pci_error *error)
{
    struct vfio_group_status status = {.argsz = sizeof(status)};
    char members[VFIO_MEMBERS_SIZE];
    int rc = vfio_sys_ioctl(domain->group_fd, VFIO_GROUP_GET_STATUS, &status);

    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot ask for the state of IOMMU group %d: %s",
                        vfio->host.address, domain->group, strerror(-rc));
    if (status.flags & VFIO_GROUP_FLAGS_VIABLE)
        return 0;
    vfio_host_members(domain->group, members);
    return pci_fail(error, -ENODEV,
                    "%s: the kernel uses another device of its IOMMU group %d; the group is: %s",
                    vfio->host.address, domain->group, members);
}

static int attach(const struct vfio *vfio, struct vfio_domain *domain, struct pci_error *error)
{
    int rc = vfio_sys_ioctl(domain->group_fd, VFIO_GROUP_SET_CONTAINER, &domain->fd);

    if (rc == 0)
        rc = vfio_sys_ioctl_value(domain->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
    if (rc == -EPERM)
        return pci_fail(error, -EACCES,
                        "%s: the machine cannot keep devices from raising any interrupt "
                        "(interrupt remapping is off); the BIOS may allow it, else: echo 1 > "
                        "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
                        vfio->host.address);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot get a domain of the IOMMU for group %d: %s",
                        vfio->host.address, domain->group, strerror(-rc));
    return 0;
}

static int get_info(const struct vfio_domain *domain, void *buffer)
{
    struct vfio_iommu_type1_info *info = buffer;
    int rc;

    memset(buffer, 0, INFO_ROOM);
    info->argsz = INFO_ROOM;
    rc = vfio_sys_ioctl(domain->fd, VFIO_IOMMU_GET_INFO, info);
    return rc < 0 ? rc : 0;
}

/* DMA memory is mapped in multiples of our pages: the IOMMU must have these, or smaller ones. */
static int check_pages(const struct vfio *vfio, const struct vfio_domain *domain,
                       struct pci_error *error)
{
    uint64_t buffer[INFO_ROOM / sizeof(uint64_t)];
    const struct vfio_iommu_type1_info *info = (const void *)buffer;
    int rc = get_info(domain, buffer);

    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot ask for what the IOMMU can: %s", vfio->host.address,
                        strerror(-rc));
    if ((info->flags & VFIO_IOMMU_INFO_PGSIZES) && !(info->iova_pgsizes & (2 * PCI_PAGE - 1)))
        return pci_fail(error, -ENOTSUP, "%s: the IOMMU has no pages of %u bytes (sizes 0x%llx)",
                        vfio->host.address, PCI_PAGE, (unsigned long long)info->iova_pgsizes);
    return 0;
}

static int type1_open(struct vfio *vfio, struct vfio_domain *domain, struct pci_access *circle,
                      struct pci_error *error)
{
    char path[PATH_SIZE];
    int rc;

    (void)circle;
    snprintf(path, sizeof(path), "/dev/vfio/%d", domain->group);
    domain->fd = vfio_sys_open(CONTAINER);
    if (domain->fd < 0)
        return vfio_host_refused(vfio, CONTAINER, domain->fd, error);
    rc = check_container(vfio, domain, error);
    if (rc == 0) {
        domain->group_fd = vfio_sys_open(path);
        if (domain->group_fd < 0)
            rc = vfio_host_refused(vfio, path, domain->group_fd, error);
    }
    if (rc == 0)
        rc = check_viable(vfio, domain, error);
    if (rc == 0)
        rc = attach(vfio, domain, error);
    if (rc == 0)
        rc = check_pages(vfio, domain, error);
    if (rc < 0)
        type1_close(domain);
    return rc;
}

static int type1_open_device(struct vfio *vfio, struct pci_error *error)
{
    vfio->fd = vfio_patiently(vfio->domain->group_fd, VFIO_GROUP_GET_DEVICE_FD, vfio->host.address);
    if (vfio->fd >= 0)
        return 0;
    if (vfio->fd == -EBUSY)
        return pci_fail(error, -EBUSY, "%s: another process has it", vfio->host.address);
    return pci_fail(error, vfio->fd, "%s: VFIO cannot open it: %s", vfio->host.address,
                    strerror(-vfio->fd));
}

static int type1_ranges(struct vfio_domain *domain,
                        struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX], unsigned *count)
{
    uint64_t buffer[INFO_ROOM / sizeof(uint64_t)];
    const struct vfio_iommu_type1_info *info = (const void *)buffer;
    struct vfio_iommu_type1_info_cap_iova_range cap;
    struct pci_iova_range found[INFO_ROOM / sizeof(struct pci_iova_range)];
    size_t at, size;
    int rc = get_info(domain, buffer);

    *count = 0;
    if (rc < 0 || !(info->flags & VFIO_IOMMU_INFO_CAPS))
        return rc;
    size = info->argsz < INFO_ROOM ? info->argsz : INFO_ROOM;
    rc = vfio_caps_find(buffer, size, info->cap_offset, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
                        sizeof(cap), &at);
    if (rc < 0 || at == 0)
        return rc;
    memcpy(&cap, (const char *)buffer + at, sizeof(cap));
    at += sizeof(cap);
    if (cap.nr_iovas > (size - at) / sizeof(found[0]))
        return -EPROTO;
    memcpy(found, (const char *)buffer + at, cap.nr_iovas * sizeof(found[0]));
    return vfio_ranges_take(found, cap.nr_iovas, ranges, count);
}

static int type1_map(struct vfio_domain *domain, uint64_t address, uint64_t iova, uint64_t size)
{
    struct vfio_iommu_type1_dma_map map = {
        .argsz = sizeof(map),
        .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
        .vaddr = address,
        .iova = iova,
        .size = size,
    };

    return vfio_sys_ioctl(domain->fd, VFIO_IOMMU_MAP_DMA, &map);
}

static int type1_unmap(struct vfio_domain *domain, uint64_t iova, uint64_t size)
{
    struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap), .iova = iova, .size = size};
    int rc = vfio_sys_ioctl(domain->fd, VFIO_IOMMU_UNMAP_DMA, &unmap);

    return rc < 0 ? rc : unmap.size == size ? 0 : -EIO;
}

const struct vfio_iommu vfio_type1 = {
    .name = "type1",
    .open = type1_open,
    .close = type1_close,
    .open_device = type1_open_device,
    .ranges = type1_ranges,
    .map = type1_map,
    .unmap = type1_unmap,
    .unmap_request = VFIO_IOMMU_UNMAP_DMA,
};
