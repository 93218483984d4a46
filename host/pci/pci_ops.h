// SPDX-License-Identifier: ISC
/*
 * What one kind of access provides to pci_access.c, which does all that is the same for every kind:
 * checks of arguments, the areas that can be mapped, mappings, and the way back at pci_close.
 *
 * Kinds: vfio_user.c, vfio.c (the kernel's VFIO), sysfs.c. Members that say "NULL: ..." may be.
 */
#ifndef PENSTOCK_PCI_OPS_H
#define PENSTOCK_PCI_OPS_H

#include <stdatomic.h>

#include "host/pci/pci_access.h"
#include "host/pci/pci_areas.h"

#define PCI_REGIONS   (PCI_REGION_CONFIG + 1)
#define PCI_IRQ_KINDS (PCI_IRQ_MSIX + 1)

/* A region as the device reports it. */
struct pci_raw_region {
    uint64_t size; /* bytes, 0: none */
    bool readable;
    bool writable;
    int fd;                     /* what its areas are mapped from, or -1; the kind's own */
    uint64_t offset;            /* of the region in fd */
    struct pci_area_list areas; /* what the device offers for mapping: unchecked, in any order */
};

struct pci_access_ops {
    /* `rest` is what stands behind the kind's prefix. Sets *dev to an object of the kind's own. */
    int (*open)(const char *where, const char *rest, const struct pci_options *options,
                struct pci_access **dev, struct pci_error *error);
    void (*close)(struct pci_access *dev);

    /* NULL: it is read from configuration space. */
    int (*identify)(struct pci_access *dev, struct pci_identity *identity, struct pci_error *error);
    /* NULL: region_info says it. `bar` is 0..5. */
    void (*bar_look)(const struct pci_access *dev, unsigned bar, struct pci_bar *look);
    int (*reset)(struct pci_access *dev, struct pci_error *error);
    /* NULL: nothing to do. Bus mastering was switched off. */
    void (*stopped)(struct pci_access *dev);
    int (*region_info)(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                       struct pci_error *error);

    /* Called with an access that lies in the region. */
    int (*region_read)(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                       uint64_t *value);
    int (*region_write)(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                        uint64_t value);

    /* NULL: all addresses. */
    int (*iova_ranges)(struct pci_access *dev, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                       unsigned *count, struct pci_error *error);
    /* NULL: there is an IOMMU. Else dma_map and dma_unmap are NULL. */
    int (*dma_physical)(struct pci_access *dev, uint64_t size, void *at, void **address,
                        uint64_t *iova, struct pci_error *error);
    int (*dma_map)(struct pci_access *dev, int fd, uint64_t offset, void *address, uint64_t iova,
                   uint64_t size, struct pci_error *error);
    int (*dma_unmap)(struct pci_access *dev, uint64_t iova, uint64_t size);

    unsigned (*irq_count)(struct pci_access *dev, enum pci_irq_index index);
    /* count is 1..irq_count. */
    int (*irq_enable)(struct pci_access *dev, enum pci_irq_index index, unsigned count,
                      const int *fds, struct pci_error *error);
    int (*irq_disable)(struct pci_access *dev, enum pci_irq_index index, struct pci_error *error);
    int (*irq_unmask)(struct pci_access *dev, enum pci_irq_index index);

    int (*lost_fd)(const struct pci_access *dev);
    short lost_events; /* to poll it with */
    /* NULL: nothing to look at. */
    int (*check)(const struct pci_access *dev, struct pci_error *error);
    /* NULL: nothing to tell KVM. */
    int (*kvm_fd)(const struct pci_access *dev);
    unsigned (*syscalls)(const struct pci_access *dev, struct pci_syscall calls[PCI_SYSCALLS_MAX]);
};

/* A part of a region that pci_map mapped. */
struct pci_mapping {
    struct pci_mapping *next;
    void *address;
    size_t size;
    bool fixed; /* in place of a reservation of the caller's */
};

/* Memory that the device may read and write. */
struct pci_dma {
    struct pci_dma *next;
    void *address; /* in this process */
    uint64_t iova;
    uint64_t size;
};

/* The first member of each kind's own object. */
struct pci_access {
    const struct pci_access_ops *ops;
    char *where;
    bool region_known[PCI_REGIONS];
    struct pci_region region[PCI_REGIONS];
    int region_fd[PCI_REGIONS];
    uint64_t region_offset[PCI_REGIONS];
    struct pci_mapping *mappings;
    struct pci_dma *dma;
    bool irq_on[PCI_IRQ_KINDS];
    atomic_bool bus_master; /* pci_check looks at it from any thread */
    struct pci_options options;
    struct pci_access *beside; /* the next in the circle of those opened beside each other */
};

extern const struct pci_access_ops vfio_ops;
extern const struct pci_access_ops vfio_user_ops;
extern const struct pci_access_ops sysfs_ops;

/* Undoes every pci_map. */
void pci_mappings_drop(struct pci_access *dev);

/* Formats the message and returns `code` (a negative errno). `error` may be NULL. */
int pci_fail(struct pci_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
