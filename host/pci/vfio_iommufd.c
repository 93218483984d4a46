// SPDX-License-Identifier: ISC
/* The IOMMU through iommufd, and the device through a device file of its own (since Linux 6.6). */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/pci/vfio.h"

#define PATH_SIZE   64
#define RANGES_ROOM 256u

/* ---- files ---- */

/* "/dev/vfio/devices/vfio3": as sysfs names it. */
static int find_cdev(const struct vfio *vfio, char path[PATH_SIZE], struct pci_error *error)
{
    char folder[PATH_MAX];
    const struct dirent *entry;
    DIR *dir;

    path[0] = '\0';
    snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s/vfio-dev", vfio_sys_sysfs(),
             vfio->host.address);
    dir = opendir(folder);
    while (dir != NULL && path[0] == '\0' && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, "vfio", 4) == 0 && strlen(entry->d_name) < PATH_SIZE / 2)
            snprintf(path, PATH_SIZE, "/dev/vfio/devices/%.31s", entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    if (path[0] == '\0')
        return pci_fail(error, -ENOTSUP,
                        "%s: this kernel has no device files of VFIO (CONFIG_VFIO_DEVICE_CDEV), "
                        "which iommufd needs; type1 may do",
                        vfio->host.address);
    return 0;
}

/*
 * Who has the device by its group or by its file has the group's file too, or keeps it from being
 * opened. Nothing is learnt where there are no groups' files.
 */
static int check_free(const struct vfio *vfio, struct pci_error *error)
{
    char path[PATH_SIZE];
    int fd;

    snprintf(path, sizeof(path), "/dev/vfio/%d", vfio->host.group);
    fd = vfio_sys_open(path);
    if (fd >= 0)
        vfio_sys_close(fd);
    return fd == -EBUSY ? vfio_host_refused(vfio, path, fd, error) : 0;
}

static int open_cdev(struct vfio *vfio, struct pci_error *error)
{
    char path[PATH_SIZE];
    int rc = find_cdev(vfio, path, error);

    if (rc < 0)
        return rc;
    vfio->fd = vfio_sys_open(path);
    return vfio->fd < 0 ? vfio_host_refused(vfio, path, vfio->fd, error) : 0;
}

/*
 * One /dev/iommu for all devices, each domain with a descriptor of its own: what is reset together
 * must belong together.
 */
static int open_iommu(struct pci_access *circle)
{
    for (struct vfio *at = vfio_next(circle, NULL); at != NULL; at = vfio_next(circle, at)) {
        if (at->domain->iommu == &vfio_iommufd)
            return vfio_sys_dup(at->domain->fd);
    }
    return vfio_sys_open(VFIO_IOMMUFD_PATH);
}

static void iommufd_close(struct vfio_domain *domain)
{
    struct iommufd_destroy destroy = {.size = sizeof(destroy), .id = domain->ioas};

    if (domain->ioas != 0)
        vfio_sys_ioctl(domain->fd, IOMMUFD_DESTROY, &destroy);
    if (domain->fd >= 0)
        vfio_sys_close(domain->fd);
    domain->ioas = 0;
    domain->fd = -1;
}

static int alloc_ioas(const struct vfio *vfio, struct vfio_domain *domain, struct pci_error *error)
{
    struct iommufd_ioas_alloc alloc = {.size = sizeof(alloc)};
    int rc = vfio_sys_ioctl(domain->fd, IOMMUFD_IOAS_ALLOC, &alloc);

    if (rc < 0)
        return pci_fail(error, rc, "%s: iommufd makes no address space: %s", vfio->host.address,
                        strerror(-rc));
    domain->ioas = alloc.id;
    return 0;
}

static int iommufd_open(struct vfio *vfio, struct vfio_domain *domain, struct pci_access *circle,
                        struct pci_error *error)
{
    int rc;

    domain->fd = open_iommu(circle);
    if (domain->fd < 0)
        return vfio_host_refused(vfio, VFIO_IOMMUFD_PATH, domain->fd, error);
    rc = open_cdev(vfio, error);
    if (rc == 0)
        rc = check_free(vfio, error);
    if (rc == 0)
        rc = alloc_ioas(vfio, domain, error);
    if (rc < 0) {
        iommufd_close(domain);
        if (vfio->fd >= 0)
            vfio_sys_close(vfio->fd);
        vfio->fd = -1;
    }
    return rc;
}

/* ---- the device ---- */

/*
 * The kernel's words (vfio_df_open, iommu_device_claim_dma_owner): -EINVAL, the device is open
 * already; -EPERM, its group belongs to somebody else.
 */
static int bind_failed(const struct vfio *vfio, int code, struct pci_error *error)
{
    char members[VFIO_MEMBERS_SIZE];

    if (code != -EBUSY && code != -EINVAL && code != -EPERM)
        return pci_fail(error, code, "%s: iommufd does not take it: %s", vfio->host.address,
                        strerror(-code));
    vfio_host_members(vfio->host.group, members);
    return pci_fail(
        error, -EBUSY,
        "%s: another process has it, or somebody else has one of its IOMMU group %d: %s",
        vfio->host.address, vfio->host.group, members);
}

static int iommufd_open_device(struct vfio *vfio, struct pci_error *error)
{
    struct vfio_cdev_bind bind = {.argsz = sizeof(bind), .iommufd = vfio->domain->fd};
    struct vfio_cdev_attach attach = {.argsz = sizeof(attach), .ioas = vfio->domain->ioas};
    int rc = vfio_patiently(vfio->fd, VFIO_CDEV_BIND, &bind);

    if (rc < 0)
        return bind_failed(vfio, rc, error);
    rc = vfio_sys_ioctl(vfio->fd, VFIO_CDEV_ATTACH, &attach);
    if (rc == -EPERM)
        return pci_fail(error, -EACCES,
                        "%s: the machine cannot keep devices from raising any interrupt "
                        "(interrupt remapping is off); the BIOS may allow it, else: echo 1 > "
                        "/sys/module/iommufd/parameters/allow_unsafe_interrupts",
                        vfio->host.address);
    if (rc < 0)
        return pci_fail(error, rc, "%s: iommufd gives it no address space: %s", vfio->host.address,
                        strerror(-rc));
    return 0;
}

/* ---- addresses and memory ---- */

static int iommufd_ranges(struct vfio_domain *domain,
                          struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX], unsigned *count)
{
    struct pci_iova_range found[RANGES_ROOM] = {{0}};
    struct iommufd_ioas_ranges ask = {.size = sizeof(ask),
                                      .ioas = domain->ioas,
                                      .count = RANGES_ROOM,
                                      .ranges = (uintptr_t)found};
    int rc = vfio_sys_ioctl(domain->fd, IOMMUFD_IOAS_RANGES, &ask);

    *count = 0;
    if (rc < 0 && rc != -EMSGSIZE)
        return rc;
    /* What does not fit is left out. */
    return vfio_ranges_take(found, ask.count < RANGES_ROOM ? ask.count : RANGES_ROOM, ranges,
                            count);
}

static int iommufd_map(struct vfio_domain *domain, uint64_t address, uint64_t iova, uint64_t size)
{
    struct iommufd_ioas_map map = {
        .size = sizeof(map),
        .flags = IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITEABLE,
        .ioas = domain->ioas,
        .address = address,
        .length = size,
        .iova = iova,
    };

    return vfio_sys_ioctl(domain->fd, IOMMUFD_IOAS_MAP, &map);
}

static int iommufd_unmap(struct vfio_domain *domain, uint64_t iova, uint64_t size)
{
    struct iommufd_ioas_unmap unmap = {
        .size = sizeof(unmap), .ioas = domain->ioas, .iova = iova, .length = size};
    int rc = vfio_sys_ioctl(domain->fd, IOMMUFD_IOAS_UNMAP, &unmap);

    return rc < 0 ? rc : unmap.length == size ? 0 : -EIO;
}

const struct vfio_iommu vfio_iommufd = {
    .name = "iommufd",
    .open = iommufd_open,
    .close = iommufd_close,
    .join = open_cdev,
    .open_device = iommufd_open_device,
    .ranges = iommufd_ranges,
    .map = iommufd_map,
    .unmap = iommufd_unmap,
    .unmap_request = IOMMUFD_IOAS_UNMAP,
    .close_request = IOMMUFD_DESTROY,
};
