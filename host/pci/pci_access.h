// SPDX-License-Identifier: ISC
/*
 * Access to a PCI device from a Linux process: one interface over kernel VFIO, a vfio-user socket,
 * or sysfs. A library of its own (pkg-config: penstock-pci), with nothing of unikernels in it;
 * examples/pci/nvme.c is a program of 60 lines over it. A device is taken in this order:
 *
 *     pci_open                            nothing is changed on it
 *     pci_identify, pci_bar_look          is it the right one?
 *     pci_reset                           rid of what its last user left
 *     pci_dma_map (or pci_dma_physical)   what it may reach
 *     pci_map, pci_irq_enable
 *     pci_bus_master                      last: now it may
 *     pci_close                           all of it undone, in reverse
 *
 * The kinds of access, by the beginning of `where` (pci_open):
 *
 *                      kept from other memory by   interrupts   when this process is killed
 *     kernel VFIO      the IOMMU                   yes          the kernel stops the device
 *     vfio-user        its server                  yes          its server stops it
 *     sysfs            nobody                      none         nobody stops it
 *
 * Calls that return an int return 0 or -errno; those that take a struct pci_error leave a message
 * for people in it when they fail, and it may be NULL. An object is used by one thread at a time;
 * only pci_lost_fd's descriptor may be polled from another, and pci_check called.
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

/* The ways to interrupt, numbered as VFIO numbers them (VFIO_PCI_*_IRQ_INDEX). */
enum pci_irq_index { PCI_IRQ_INTX = 0, PCI_IRQ_MSI = 1, PCI_IRQ_MSIX = 2 };

/* Of configuration space (PCI Local Bus 3.0, 6.2.1). */
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

/* The kernel's interfaces to the IOMMU (linux/vfio.h, linux/iommufd.h). */
enum pci_iommu {
    PCI_IOMMU_AUTO = 0, /* iommufd where the kernel has it and the device's cdev, else type1 */
    PCI_IOMMU_TYPE1,    /* a VFIO container with the device's group */
    PCI_IOMMU_IOMMUFD,
};

/* What the user said beside the place; zeroed: nothing. */
struct pci_options {
    enum pci_iommu iommu;
    bool allow_no_reset;  /* take a device that has no reset as it is */
    bool unsafe_no_iommu; /* "sysfs:": let a device without an IOMMU write to all memory */

    /*
     * A device that this process has opened before, any of them; NULL: none. Needed for devices
     * that the kernel gives away together only: those of one IOMMU group (they share their DMA
     * mappings), or of one bus that has to be reset as a whole. All that were opened beside each
     * other are used by one thread.
     */
    struct pci_access *beside;
};

/*
 * Opens the device at `where`:
 *
 *     0000:03:00.0, 03:00.0, /sys/...  a host device that is bound to vfio-pci
 *     vfio-user:/path/socket           a device that is served over vfio-user
 *     sysfs:0000:03:00.0               a host device without an IOMMU
 *
 * `options` may be NULL. Nothing is changed on the device. -EINVAL malformed; -ENODEV nothing
 * there, not bound to vfio-pci, or its group is not viable; -EBUSY another process has it; -EPERM
 * an option has to allow it (no reset, no IOMMU); -ENOTSUP this kernel cannot; -EPROTO the peer
 * does not speak the protocol; -ETIMEDOUT; -EACCES.
 */
int pci_open(const char *where, const struct pci_options *options, struct pci_access **dev,
             struct pci_error *error);

/* Stops the device (bus mastering off, interrupts off, DMA unmapped) and gives it back. NULL is
 * fine. */
void pci_close(struct pci_access *dev);

/* What pci_open was given. Lives until pci_close. */
const char *pci_where(const struct pci_access *dev);

/* Changes nothing on the device. */
int pci_identify(struct pci_access *dev, struct pci_identity *identity, struct pci_error *error);

/*
 * A function-level reset, or a reset of its bus where that is all there is and nobody else is on
 * it. 0 and nothing done if the device has none and allow_no_reset was given.
 */
int pci_reset(struct pci_access *dev, struct pci_error *error);

/*
 * The device is asked once; *info holds until pci_close. The first use of a region of a device
 * behind kernel VFIO opens it in the kernel, which resets it. -EINVAL there is no such number;
 * -EPROTO what the device or its server says makes no sense.
 */
int pci_region_info(struct pci_access *dev, unsigned region, struct pci_region *info,
                    struct pci_error *error);

struct pci_bar {
    uint64_t size; /* bytes; 0: the device has no such BAR */
    bool io_port;  /* it is not memory */
};

/* The same of BAR 0..5, but changes nothing on the device. */
int pci_bar_look(struct pci_access *dev, unsigned bar, struct pci_bar *look,
                 struct pci_error *error);

/* One access of 1, 2, 4 or 8 bytes, naturally aligned; `value` is in host order. -EINVAL outside
 * of the region, or not aligned; -EIO the device refused; -EPIPE it is gone. */
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

#define PCI_IOVA_RANGES_MAX 32

struct pci_iova_range {
    uint64_t start;
    uint64_t last; /* inclusive */
};

/*
 * The addresses that pci_dma_map takes, ascending; *count is at most PCI_IOVA_RANGES_MAX. One range
 * of all addresses where nothing limits them (vfio-user).
 */
int pci_iova_ranges(struct pci_access *dev, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                    unsigned *count, struct pci_error *error);

/*
 * Without an IOMMU nobody chooses IOVAs: the device's memory comes from pci_dma_physical then, and
 * pci_dma_map is -ENOTSUP. With one it is the other way round.
 */
bool pci_dma_is_physical(const struct pci_access *dev);

/*
 * Takes `size` bytes (whole hugepages of 2 MiB) that follow each other in physical memory too, and
 * maps them at `at` (reserved by the caller; NULL: anywhere). *iova is their physical address. The
 * memory is given back by pci_close. -ENOMEM: no such run of hugepages is free.
 */
int pci_dma_physical(struct pci_access *dev, uint64_t size, void *at, void **address,
                     uint64_t *iova, struct pci_error *error);

/*
 * Lets the device read and write size bytes of fd at offset, mapped at `address` in this process,
 * as iova; whole pages of 4 KiB. fd may be closed afterwards. -EINVAL no whole pages, or no
 * addresses of pci_iova_ranges; -ENOMEM: RLIMIT_MEMLOCK is too small; the message has the number to
 * set.
 */
int pci_dma_map(struct pci_access *dev, int fd, uint64_t offset, void *address, uint64_t iova,
                uint64_t size, struct pci_error *error);

/* Takes away what one pci_dma_map gave, all of it. -ENOENT: there is no such mapping. */
int pci_dma_unmap(struct pci_access *dev, uint64_t iova, uint64_t size);

/* How many vectors of a kind the device has, or less if pci_irq_enable found that the machine has
 * less for it. */
unsigned pci_irq_count(struct pci_access *dev, enum pci_irq_index index);

/*
 * Signals fds[i] (an eventfd, -1 for none) at each interrupt of vector i; the descriptors stay the
 * caller's. count 0: all off. -ENOSPC: the machine has not as many for this device; pci_irq_count
 * says how many from then on.
 */
int pci_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count, const int *fds,
                   struct pci_error *error);

/* Lets an interrupt that masks itself when it is raised (INTx) be raised again; else nothing. */
int pci_irq_unmask(struct pci_access *dev, enum pci_irq_index index);

/* Switches memory decoding on and bus mastering on or off (PCI command register). */
int pci_bus_master(struct pci_access *dev, bool on, struct pci_error *error);

/*
 * A descriptor that polls readable (POLLIN, POLLHUP, POLLRDHUP or POLLERR) once the device is lost:
 * it reported an error that it does not recover from (AER), it was or is to be unplugged, or its
 * server died; -1 if this kind of access has none. To be polled with events = POLLIN | POLLRDHUP
 * (only POLLRDHUP for a socket, see pci_lost_events) from any thread, never read.
 */
int pci_lost_fd(const struct pci_access *dev);
short pci_lost_events(const struct pci_access *dev);

/*
 * Looks whether the device is still as we left it: -ENODEV it does not answer any more (all ones);
 * -ESTALE somebody else reset it (bus mastering is off without us). 0 as well where that costs a
 * round trip (vfio-user, which has pci_lost_fd). Safe from any thread; a few microseconds.
 */
int pci_check(const struct pci_access *dev, struct pci_error *error);

/* What KVM is to be told of (KVM_DEV_VFIO_FILE_ADD): a VFIO group or device descriptor; -1: nothing
 * to tell. */
int pci_kvm_fd(const struct pci_access *dev);

/* A system call that this device takes to be used, quiesced or closed, beside close and munmap. */
struct pci_syscall {
    long number;           /* SYS_* */
    int fd;                /* its first argument */
    unsigned long request; /* of SYS_ioctl; else 0 */
};

#define PCI_SYSCALLS_MAX 16

/* For a sandbox: all of them, from now (bus mastering is on, interrupts are set up) to pci_close.
 * Returns how many. */
unsigned pci_syscalls(const struct pci_access *dev, struct pci_syscall calls[PCI_SYSCALLS_MAX]);

#endif
