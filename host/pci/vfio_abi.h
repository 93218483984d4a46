/* SPDX-License-Identifier: ISC */
/*
 * The kernel's interface to iommufd and to VFIO's device files (linux/iommufd.h, and linux/vfio.h
 * since Linux 6.6), as far as it is used here. Under names of our own: Debian 12's headers are of
 * Linux 6.1 and do not have it, while the kernel that runs may.
 */
#ifndef PENSTOCK_PCI_VFIO_ABI_H
#define PENSTOCK_PCI_VFIO_ABI_H

#include <assert.h>
#include <linux/vfio.h>
#include <stdint.h>

/* ---- /dev/iommu: `size` is that of the structure ---- */

#define IOMMUFD_CALL(n) _IO(';', 0x80 + (n))

#define IOMMUFD_DESTROY     IOMMUFD_CALL(0)
#define IOMMUFD_IOAS_ALLOC  IOMMUFD_CALL(1)
#define IOMMUFD_IOAS_RANGES IOMMUFD_CALL(4)
#define IOMMUFD_IOAS_MAP    IOMMUFD_CALL(5)
#define IOMMUFD_IOAS_UNMAP  IOMMUFD_CALL(6)

struct iommufd_destroy {
    uint32_t size;
    uint32_t id;
};

struct iommufd_ioas_alloc {
    uint32_t size;
    uint32_t flags;
    uint32_t id; /* out */
};

struct iommufd_ioas_ranges {
    uint32_t size;
    uint32_t ioas;
    uint32_t count; /* in: room; out: how many there are, with -EMSGSIZE if these are more */
    uint32_t reserved;
    uint64_t ranges;    /* address of an array of {start, last} */
    uint64_t alignment; /* out: of IOVAs, in bytes; at most a page */
};

#define IOMMUFD_MAP_FIXED     (1u << 0) /* at the IOVA that is given */
#define IOMMUFD_MAP_WRITEABLE (1u << 1)
#define IOMMUFD_MAP_READABLE  (1u << 2)

struct iommufd_ioas_map {
    uint32_t size;
    uint32_t flags;
    uint32_t ioas;
    uint32_t reserved;
    uint64_t address; /* in this process */
    uint64_t length;
    uint64_t iova;
};

struct iommufd_ioas_unmap {
    uint32_t size;
    uint32_t ioas;
    uint64_t iova;
    uint64_t length;
};

static_assert(sizeof(struct iommufd_ioas_alloc) == 12, "ABI");
static_assert(sizeof(struct iommufd_ioas_ranges) == 32, "ABI");
static_assert(sizeof(struct iommufd_ioas_map) == 40, "ABI");
static_assert(sizeof(struct iommufd_ioas_unmap) == 24, "ABI");

/* ---- /dev/vfio/devices/vfioN ---- */

#define VFIO_CDEV_BIND   _IO(VFIO_TYPE, VFIO_BASE + 18) /* VFIO_DEVICE_BIND_IOMMUFD */
#define VFIO_CDEV_ATTACH _IO(VFIO_TYPE, VFIO_BASE + 19) /* VFIO_DEVICE_ATTACH_IOMMUFD_PT */

struct vfio_cdev_bind {
    uint32_t argsz;
    uint32_t flags;
    int32_t iommufd;
    uint32_t id; /* out: of the device, in this iommufd */
};

struct vfio_cdev_attach {
    uint32_t argsz;
    uint32_t flags;
    uint32_t ioas; /* in; out: what the kernel made of it */
};

/* VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED: all devices that would be reset are of this iommufd. */
#define VFIO_CDEV_HOT_RESET_OWNED (1u << 1)

#endif
