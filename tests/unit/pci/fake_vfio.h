// SPDX-License-Identifier: ISC
/*
 * A kernel with VFIO, in vfio_sys.c's place: type1 and iommufd, as linux/vfio.h says, for devices
 * of a fake sysfs. It keeps count of descriptors and mappings, writes down what it is asked, and
 * can be told to fail.
 */
#ifndef PENSTOCK_FAKE_VFIO_H
#define PENSTOCK_FAKE_VFIO_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/pci/pci_access.h"
#include "tests/unit/pci/fake_tree.h"

#define FAKE_NIC   "0000:03:00.0" /* in group 7 */
#define FAKE_GROUP "/dev/vfio/7"
#define FAKE_CDEV  "/dev/vfio/devices/vfio3"

/* Where a region begins in the device's descriptor. */
#define FAKE_REGION(i) ((uint64_t)(i) << 40)

/* BAR 0 has 512 KiB, its second page for calls only; BAR 3 16 KiB, MSI-X in it; 3 vectors. */
struct fake_vfio {
    struct fake_tree tree;
    struct pci_options options;

    /* What fails: an open of a path, and a request. */
    const char *fail_path;
    int fail_path_code;
    unsigned long fail_request;
    int fail_code;       /* -errno; what the ioctl returns, if more than 0 */
    unsigned fail_times; /* 0: always */

    uint32_t device_flags;
    uint32_t group_flags;
    uint64_t page_sizes;
    bool no_ranges;
    uint8_t
        caps[512]; /* of the answer about BAR 0 or of the IOMMU's: what replaces the right ones */
    size_t caps_size;
    uint32_t hot_reset_groups[4]; /* devices that a hot reset reaches; 0: no more */
    uint32_t hot_reset_flags;

    uint8_t config[256];
    int irq_fds[5][4]; /* -1: none */
    unsigned irq_count[5];
    bool device_open;
    unsigned resets;
    unsigned mapped; /* windows */
    char log[4096];
};

extern struct fake_vfio fake;

/* Capabilities of two entries. */
struct fake_areas {
    struct vfio_info_cap_header header;
    uint32_t count;
    uint32_t reserved;
    struct vfio_region_sparse_mmap_area area[2];
};

struct fake_ranges {
    struct vfio_info_cap_header header;
    uint32_t count;
    uint32_t reserved;
    struct pci_iova_range range[2];
};

/* For cmocka. The device is bound to vfio-pci and has an FLR. */
int fake_vfio_make(void **state);
int fake_vfio_remove(void **state); /* fails if a descriptor or a mapping is left */

/* Gives iommufd and the device's file to that kernel. */
void fake_vfio_iommufd(void);

/* Opens the device with fake.options. */
struct pci_access *fake_vfio_open(void);

/* pci_open must fail so, with this in its message, and touch no device. */
void fake_vfio_refused(const char *where, int code, const char *says);

/* The log must have these lines, in this order, among others. Ends with NULL. */
void fake_vfio_logged(const char *const *lines);

/* ---- among the fake's parts ---- */

void fake_vfio_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts capabilities behind the `fixed` bytes of an answer: fake.caps, else these. */
void fake_vfio_caps(void *answer, size_t fixed, const void *caps, size_t size, uint32_t *argsz,
                    uint32_t *offset);

int fake_vfio_device_ioctl(unsigned long request, void *argument);

#endif
