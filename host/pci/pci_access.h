// SPDX-License-Identifier: ISC
/*
 * Access to a PCI device from a Linux process: one interface over kernel VFIO, a vfio-user socket,
 * or sysfs. A library of its own, with nothing of unikernels in it.
 *
 * All calls return 0 or -errno and, where they can fail, leave a message for people in struct
 * pci_error. An object is used by one thread at a time; only pci_lost_fd's descriptor may be polled
 * from another.
 */
#ifndef PENSTOCK_PCI_ACCESS_H
#define PENSTOCK_PCI_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What went wrong, in one line that names the device and the remedy where there is one. */
struct pci_error {
    char text[512];
};

struct pci_access;

/* Regions, numbered as VFIO numbers them (linux/vfio.h, VFIO_PCI_*_REGION_INDEX). */
enum pci_region_index {
    PCI_REGION_BAR0 = 0,
    PCI_REGION_BAR5 = 5,
    PCI_REGION_ROM = 6,
    PCI_REGION_CONFIG = 7,
};

enum pci_irq_index { PCI_IRQ_INTX = 0, PCI_IRQ_MSI = 1, PCI_IRQ_MSIX = 2 };

struct pci_identity {
    uint16_t vendor;
    uint16_t device;
    uint8_t class_code;
    uint8_t subclass;
    uint8_t progif;
};

#define PCI_AREAS_MAX 16

struct pci_area {
    uint64_t offset; /* bytes into the region, page granular */
    uint64_t size;
};

struct pci_region {
    uint64_t size; /* bytes; 0: the device has no such region */
    bool readable;
    bool writable;
    bool io_port;         /* a BAR that is not memory */
    unsigned areas_count; /* the parts that pci_map can map, ascending, merged, MSI-X table and PBA
                             left out */
    struct pci_area areas[PCI_AREAS_MAX];
};

/*
 * Opens the device at `where` (design 3.5): "vfio-user:/path/socket"; other forms come with the
 * kernel's VFIO. Nothing is changed on the device. -EINVAL malformed; -ENOTSUP a kind that is not
 * built in; -ENODEV nothing there; -EBUSY another client has it; -EPROTO the peer does
 * not speak the protocol; -ETIMEDOUT; -EACCES.
 */
int pci_open(const char *where, struct pci_access **dev, struct pci_error *error);

/* Stops the device (bus mastering off, interrupts off, DMA unmapped) and gives it back. NULL is
 * fine. */
void pci_close(struct pci_access *dev);

const char *pci_where(const struct pci_access *dev);

int pci_identify(struct pci_access *dev, struct pci_identity *identity, struct pci_error *error);

/* Function-level reset. -ENOTSUP if the device cannot be reset. */
int pci_reset(struct pci_access *dev, struct pci_error *error);

int pci_region_info(struct pci_access *dev, unsigned region, struct pci_region *info,
                    struct pci_error *error);

/* One access of 1, 2, 4 or 8 bytes, naturally aligned; `value` is in host order. -EIO the device
 * refused; -EPIPE it is gone. */
int pci_region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                    uint64_t *value);
int pci_region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                     uint64_t value);

/*
 * Maps an area (or a page-granular part of one) of a region. `at` is NULL or the fixed, reserved
 * address that it replaces the mapping of. The mapping lives until pci_close, which leaves a
 * reservation (PROT_NONE) in the place of one with `at`.
 */
int pci_map(struct pci_access *dev, unsigned region, struct pci_area area, void *at, void **address,
            struct pci_error *error);

/* Lets the device read and write size bytes of fd at offset, mapped at `address` in this process,
 * as iova. */
int pci_dma_map(struct pci_access *dev, int fd, uint64_t offset, void *address, uint64_t iova,
                uint64_t size, struct pci_error *error);
int pci_dma_unmap(struct pci_access *dev, uint64_t iova, uint64_t size);

/* How many vectors of a kind the device has. */
unsigned pci_irq_count(struct pci_access *dev, enum pci_irq_index index);

/* Signals fds[i] (an eventfd, -1 for none) at each interrupt of vector i; the descriptors stay the
 * caller's. count 0: all off. */
int pci_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count, const int *fds,
                   struct pci_error *error);

/* Lets an interrupt that masks itself when it is raised (INTx) be raised again; else nothing. */
int pci_irq_unmask(struct pci_access *dev, enum pci_irq_index index);

/* Switches memory decoding on and bus mastering on or off (PCI command register). */
int pci_bus_master(struct pci_access *dev, bool on, struct pci_error *error);

/*
 * A descriptor that polls readable (POLLHUP, POLLRDHUP or POLLERR) once the device is lost: its
 * server died, or it was unplugged; -1 if this kind of access has none. To be polled with events =
 * POLLRDHUP from any thread, never read.
 */
int pci_lost_fd(const struct pci_access *dev);

#endif
