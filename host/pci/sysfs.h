// SPDX-License-Identifier: ISC
/*
 * Access to a host device through its files in sysfs (Documentation/PCI/sysfs-pci.rst): registers
 * through `resourceN`, configuration space through `config`, reset through `reset`. There is no
 * IOMMU in between: the device uses physical addresses and may write to any. Memory for it is
 * hugepages whose addresses come from /proc/self/pagemap
 * (Documentation/admin-guide/mm/pagemap.rst).
 *
 * That memory is files in a hugetlbfs, with the device's address in their names, which are removed
 * once bus mastering is off. A process that is killed stops nothing; its files then keep
 * the pages from being used by others, until the next pci_reset of the device here removes them.
 */
#ifndef PENSTOCK_PCI_SYSFS_ACCESS_H
#define PENSTOCK_PCI_SYSFS_ACCESS_H

#include "host/pci/pci_ops.h"
#include "host/pci/pci_sysfs.h"

#define SYSFS_PATH_SIZE 256

/* Where the host's files are; tests bring their own. */
struct sysfs_host {
    const char *sys;    /* PCI_SYSFS_ROOT */
    const char *mounts; /* "/proc/self/mounts" */
    /* The physical address of a page that is there. -EPERM: the kernel keeps it secret. */
    int (*physical)(const void *page, uint64_t *address);
};

/* DMA memory: a file, mapped in pieces so that its pages ascend. */
struct sysfs_memory {
    struct sysfs_memory *next;
    void *address;
    uint64_t size;
    bool fixed; /* in place of a reservation of the caller's */
    char path[SYSFS_PATH_SIZE];
};

struct sysfs {
    struct pci_access access; /* first */
    const struct sysfs_host *host;
    struct pci_sysfs_device about;
    int config_fd;    /* locked with flock: the device is ours */
    int reset_fd;     /* -1: it has none */
    int bar_fd[6];    /* -1: not used yet */
    void *bar[6];     /* for single accesses: NULL: not used yet */
    bool used;        /* something was or may have been changed on it */
    uint16_t command; /* the register as it was before */
    bool awake;
    bool switched_on; /* by us, through `enable` */
    bool kept_awake;  /* by us, through power/control */
    struct sysfs_memory *memory;
};

static inline struct sysfs *sysfs_of(struct pci_access *dev)
{
    return (struct sysfs *)(void *)dev;
}

/* ---- sysfs.c ---- */

int sysfs_open_on(const struct sysfs_host *host, const char *where, const char *rest,
                  const struct pci_options *options, struct pci_access **dev,
                  struct pci_error *error);

/* ---- sysfs_refuse.c ---- */

/*
 * May this device be had this way, on this host, by this user? What pci_open promises, and a
 * message that says what to do.
 */
int sysfs_refuse(const struct sysfs_host *host, const struct pci_sysfs_device *about,
                 const char *where, const struct pci_options *options, struct pci_error *error);

/* -EPERM, and why. */
int sysfs_refuse_no_reset(const char *where, struct pci_error *error);

/* ---- sysfs_power.c ---- */

/* Out of its sleep, memory decoding on, no INTx; nothing if it is. */
int sysfs_wake(struct sysfs *sf);

/* Back to it, if it was there. Registers can be read until somebody else puts it to sleep. */
void sysfs_sleep(struct sysfs *sf);

/* The command register as it was before sysfs_wake, bus mastering off. */
void sysfs_restore(struct sysfs *sf);

/* Bus mastering off, and what was under way has ended. -ETIMEDOUT: it has not. */
int sysfs_quiet(struct sysfs *sf);

/* ---- sysfs_region.c: parts of sysfs_ops ---- */

int sysfs_region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                      struct pci_error *error);
int sysfs_region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                      uint64_t *value);
int sysfs_region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                       uint64_t value);
void sysfs_regions_drop(struct sysfs *sf);

/* ---- sysfs_memory.c ---- */

int sysfs_dma_physical(struct pci_access *dev, uint64_t size, void *at, void **address,
                       uint64_t *iova, struct pci_error *error);

/* The device is still: the memory goes with the process from now on. */
void sysfs_memory_remove_files(struct sysfs *sf);

void sysfs_memory_unmap(struct sysfs *sf);

/* Removes the files that a killed process left behind for this device, which must be still. */
void sysfs_memory_forget(struct sysfs *sf);

/* ---- sysfs_pages.c ---- */

struct sysfs_page {
    uint64_t physical;
    uint64_t offset; /* bytes into the file */
};

struct sysfs_run {
    size_t first;
    size_t length; /* pages */
};

/*
 * Sorts the pages by physical address and finds the first `wanted` of them that follow each other;
 * if there are none, the longest run.
 */
struct sysfs_run sysfs_find_run(struct sysfs_page *pages, size_t count, uint64_t page_size,
                                size_t wanted);

/* ---- sysfs_host.c ---- */

extern const struct sysfs_host sysfs_this_host;

#define SYSFS_MOUNTS_MAX 8

/* The folders where a hugetlbfs with pages of this size is mounted; returns how many. */
unsigned sysfs_hugetlbfs(const struct sysfs_host *host, uint64_t page_size,
                         char folders[SYSFS_MOUNTS_MAX][SYSFS_PATH_SIZE]);

#endif
