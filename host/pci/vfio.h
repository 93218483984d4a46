/* SPDX-License-Identifier: ISC */
/*
 * A host device behind the kernel's VFIO (linux/vfio.h; Documentation/driver-api/vfio.rst). The
 * device itself is opened as late as possible: the kernel resets it then. What is checked before
 * that comes from sysfs.
 */
#ifndef PENSTOCK_PCI_VFIO_H
#define PENSTOCK_PCI_VFIO_H

#include "host/pci/pci_ops.h"
#include "host/pci/pci_sysfs.h"
#include "host/pci/vfio_abi.h"
#include "host/pci/vfio_caps.h"
#include "host/pci/vfio_sys.h"

#define VFIO_IOMMUFD_PATH "/dev/iommu"

struct vfio;
struct vfio_domain;

/* A way to the IOMMU: type1 or iommufd. */
struct vfio_iommu {
    const char *name;

    /* Sets the domain up for a device's group. `circle`: devices that this process has, or NULL. */
    int (*open)(struct vfio *vfio, struct vfio_domain *domain, struct pci_access *circle,
                struct pci_error *error);
    void (*close)(struct vfio_domain *domain);

    /* One more device of the group. NULL: nothing to do. */
    int (*join)(struct vfio *vfio, struct pci_error *error);

    /* Opens the device, which resets it; vfio->fd is usable then. */
    int (*open_device)(struct vfio *vfio, struct pci_error *error);

    /* After open_device. -errno; *count is 0 if the kernel says nothing. */
    int (*ranges)(struct vfio_domain *domain, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                  unsigned *count);
    int (*map)(struct vfio_domain *domain, uint64_t address, uint64_t iova, uint64_t size);
    int (*unmap)(struct vfio_domain *domain, uint64_t iova, uint64_t size);
    unsigned long unmap_request; /* the ioctl on domain->fd that `unmap` makes */
    unsigned long close_request; /* and the one that `close` makes; 0: none */
};

extern const struct vfio_iommu vfio_type1, vfio_iommufd;

/* Memory that a domain's devices reach. */
struct vfio_window {
    struct vfio_window *next;
    const void *address;
    uint64_t iova;
    uint64_t size;
    unsigned users; /* devices that it was mapped for */
};

/*
 * What an IOMMU group sees of memory. Each group has a domain of its own; devices of one group,
 * which no IOMMU can tell apart, share it.
 */
struct vfio_domain {
    const struct vfio_iommu *iommu;
    unsigned users; /* devices */
    int group;      /* number of the IOMMU group */
    int group_fd;   /* type1: /dev/vfio/GROUP; else -1 */
    int fd;         /* type1: the container; iommufd: /dev/iommu */
    uint32_t ioas;  /* iommufd: the address space's id; 0: none */
    struct vfio_window *windows;
};

struct vfio {
    struct pci_access access; /* first */
    struct pci_sysfs_device host;
    struct vfio_domain *domain;
    int fd;    /* the device; -1: not opened yet */
    int state; /* 0: not opened yet, 1: open, -errno: that failed */
    uint32_t flags;
    uint32_t num_regions;
    uint32_t num_irqs;
    uint64_t config_offset; /* of configuration space in fd */
    unsigned irq_on[PCI_IRQ_KINDS];
    unsigned irq_limit[PCI_IRQ_KINDS]; /* what the kernel could give at most; 0: not known */
    int lost_fd;                       /* an eventfd */
};

static inline struct vfio *vfio_of(struct pci_access *dev)
{
    return (struct vfio *)(void *)dev;
}

/* The next of this kind in the circle behind `at` until `first` comes again; NULL: no more. */
struct vfio *vfio_next(struct pci_access *first, struct vfio *at);

/* ---- vfio_host.c: what sysfs says, and who is refused for it ---- */

int vfio_host_check(struct vfio *vfio, const char *where, const struct pci_options *options,
                    struct pci_error *error);

/* "0000:03:00.0 (nvme), 0000:03:00.1 (no driver)": the members of a group. */
#define VFIO_MEMBERS_SIZE 256
void vfio_host_members(int group, char text[VFIO_MEMBERS_SIZE]);

/* The message for /dev/vfio/... or /dev/iommu that cannot be opened. Returns a negative errno. */
int vfio_host_refused(const struct vfio *vfio, const char *path, int code, struct pci_error *error);

/* ---- vfio_domain.c ---- */

int vfio_domain_join(struct vfio *vfio, const struct pci_options *options, struct pci_error *error);
void vfio_domain_leave(struct vfio *vfio);

int vfio_iova_ranges(struct pci_access *dev, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                     unsigned *count, struct pci_error *error);
int vfio_dma_map(struct pci_access *dev, int fd, uint64_t offset, void *address, uint64_t iova,
                 uint64_t size, struct pci_error *error);
int vfio_dma_unmap(struct pci_access *dev, uint64_t iova, uint64_t size);

/*
 * Copies ranges that the kernel reported, at most PCI_IOVA_RANGES_MAX. -EPROTO: they are not
 * ascending.
 */
int vfio_ranges_take(const struct pci_iova_range *from, unsigned from_count,
                     struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX], unsigned *count);

/* ---- vfio_memlock.c ---- */

/* Explains an -ENOMEM of mapping `size` bytes; returns it. */
int vfio_memlock_explain(const struct vfio *vfio, uint64_t size, struct pci_error *error);

/* ---- vfio_device.c ---- */

/* An ioctl that is -EAGAIN while another one holds the device's lock: tried for two seconds. */
int vfio_patiently(int fd, unsigned long request, void *argument);

/* Opens the device if that was not done yet. */
int vfio_ready(struct vfio *vfio, struct pci_error *error);

/* Clears and sets bits of 16 in configuration space, of a device that is open. */
int vfio_config_change(struct vfio *vfio, unsigned offset, uint16_t clear, uint16_t set);

/* ---- vfio_region.c, vfio_irq.c, vfio_reset.c: parts of vfio_ops ---- */

int vfio_region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                     struct pci_error *error);
int vfio_region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                     uint64_t *value);
int vfio_region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value);

unsigned vfio_irq_count(struct pci_access *dev, enum pci_irq_index index);
int vfio_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count,
                    const int *fds, struct pci_error *error);
int vfio_irq_disable(struct pci_access *dev, enum pci_irq_index index, struct pci_error *error);
int vfio_irq_unmask(struct pci_access *dev, enum pci_irq_index index);

/*
 * For a device that was just opened: lost_fd is signalled by an error that it reports and by a
 * request to give it back; its INTx line is kept quiet.
 */
int vfio_irq_prepare(struct vfio *vfio);

int vfio_reset(struct pci_access *dev, struct pci_error *error);

/* Whether a reset of the device's bus would do: all on it are bound to VFIO. From sysfs. */
bool vfio_reset_of_bus(const struct vfio *vfio);

#endif
