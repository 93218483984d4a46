// SPDX-License-Identifier: ISC
/*
 * The machine that `penstock pci` looks at and changes: where its files are, and the few things
 * that are not files. Tests bring their own.
 */
#ifndef PENSTOCK_CLI_PCI_HOST_H
#define PENSTOCK_CLI_PCI_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "host/pci/pci_sysfs.h"
#include "host/tender/error.h"

#define PCI_REASON_SIZE 256

struct pci_host {
    const char *sys;        /* "/sys" */
    const char *proc;       /* "/proc" */
    const char *dev;        /* "/dev" */
    const char *records;    /* "/run/penstock/pci": what bound devices had before */
    const char *modules;    /* "/lib/modules/RELEASE" */
    const char *const *ids; /* where pci.ids may be; ends with NULL */
    int patience;           /* ms that the kernel has for one write to sysfs */
    uint64_t memlock;       /* bytes that this process may lock; UINT64_MAX: as many as it likes */

    /* Writes text to a file of sysfs. 0, -ETIMEDOUT, or what the kernel said. */
    int (*write)(const struct pci_host *host, const char *path, const char *text);
    /* Loads a module of the kernel. 0 or -errno. */
    int (*load)(const struct pci_host *host, const char *module);
    /* Has the interface an IP address (an IPv6 link-local one does not count)? Then its text. */
    bool (*has_address)(const struct pci_host *host, const char *interface, char *text,
                        size_t size);
    void *arg; /* the test's own */
};

/* This machine. The object has to live while `host` is used. */
struct pci_this_host {
    struct pci_host host;
    char modules[128];
};
const struct pci_host *pci_host_this(struct pci_this_host *self);

/* What it is made of. RLIMIT_MEMLOCK does not bind who has CAP_IPC_LOCK. */
uint64_t pci_host_memlock(void);
int pci_host_write(const struct pci_host *host, const char *path, const char *text);
int pci_host_load(const struct pci_host *host, const char *module);
bool pci_host_has_address(const struct pci_host *host, const char *interface, char *text,
                          size_t size);

/*
 * Calls one(arg, name) for each entry of a folder, in no order, until one returns non-zero, which
 * is returned. A folder that cannot be read has no entries.
 */
int pci_host_each(const char *folder, int (*one)(void *arg, const char *name), void *arg);

/* What sysfs says of the device that the user called `name`. -EINVAL, -ENODEV, with a message. */
int pci_host_device(const struct pci_host *host, const char *name, struct pci_sysfs_device *device,
                    struct tender_error *error);

/* Makes a path; false if it is too long. */
bool pci_host_path(char *path, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is a file or folder there? */
bool pci_host_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* vfio-pci or a variant of it. */
bool pci_host_is_vfio(const char *driver);

#endif
