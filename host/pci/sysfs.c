// SPDX-License-Identifier: ISC
/* A host device without an IOMMU. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/pci/pci_config.h"
#include "host/pci/sysfs.h"

/*
 * -ENOTTY: it cannot be, which the kernel finds out now: other devices are on its bus, and a reset
 * of that is all there is.
 */
static int reset_itself(const struct sysfs *sf)
{
    int rc = 0;

    if (sf->reset_fd >= 0 && pwrite(sf->reset_fd, "1", 1, 0) != 1)
        rc = -errno;
    return rc == -ENOTTY && sf->access.options.allow_no_reset ? 0 : rc;
}

/*
 * What cannot be stopped keeps its memory: the files stay. A process may end after this without
 * pci_close, while other threads of it go on in that memory.
 */
static void sysfs_stopped(struct pci_access *dev)
{
    struct sysfs *sf = sysfs_of(dev);

    if (sysfs_quiet(sf) == 0)
        sysfs_memory_remove_files(sf);
    sysfs_sleep(sf);
}

static void sysfs_close(struct pci_access *dev)
{
    struct sysfs *sf = sysfs_of(dev);

    if (sf->used) {
        sysfs_stopped(dev);
        reset_itself(sf);
        sysfs_restore(sf);
    } else {
        sysfs_memory_remove_files(sf);
    }
    sysfs_memory_unmap(sf);
    sysfs_regions_drop(sf);
    sysfs_sleep(sf);
    if (sf->reset_fd >= 0)
        close(sf->reset_fd);
    if (sf->config_fd >= 0)
        close(sf->config_fd);
    free(sf);
}

/* The file config, for us alone. */
static int take(struct sysfs *sf, const char *where, struct pci_error *error)
{
    char path[SYSFS_PATH_SIZE];
    int rc;

    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/config", sf->host->sys, sf->about.address);
    sf->config_fd = open(path, O_RDWR | O_CLOEXEC);
    if (sf->config_fd < 0) {
        rc = -errno;
        return pci_fail(error, rc, "%s: cannot open %s: %s", where, path, strerror(-rc));
    }
    if (flock(sf->config_fd, LOCK_EX | LOCK_NB) < 0) {
        rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
        return pci_fail(error, rc, "%s: %s", where,
                        rc == -EBUSY ? "another process uses this device" : strerror(-rc));
    }
    if (!sf->about.has_reset)
        return 0;
    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/reset", sf->host->sys, sf->about.address);
    sf->reset_fd = open(path, O_WRONLY | O_CLOEXEC);
    rc = sf->reset_fd < 0 ? -errno : 0;
    return rc < 0 ? pci_fail(error, rc, "%s: cannot open %s: %s", where, path, strerror(-rc)) : 0;
}

static int refuse_danger(const char *where, const struct pci_options *options,
                         struct pci_error *error)
{
    if (options->unsafe_no_iommu)
        return 0;
    return pci_fail(error, -EPERM,
                    "%s: no IOMMU stands between this device and this machine's memory: whoever "
                    "programs it, and any mistake in its driver, can read and overwrite all of it; "
                    "to allow that, give --unsafe-no-iommu",
                    where);
}

int sysfs_open_on(const struct sysfs_host *host, const char *where, const char *rest,
                  const struct pci_options *options, struct pci_access **dev,
                  struct pci_error *error)
{
    char address[PCI_ADDRESS_SIZE];
    struct sysfs *sf;
    int rc = refuse_danger(where, options, error);

    if (rc < 0)
        return rc;
    rc = pci_sysfs_address(host->sys, rest, address);
    if (rc < 0)
        return pci_fail(error, rc, "%s: no device can be there; give it as sysfs:0000:03:00.0",
                        where);
    sf = calloc(1, sizeof(*sf));
    if (sf == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", where);
    sf->host = host;
    sf->config_fd = sf->reset_fd = -1;
    for (unsigned i = 0; i <= PCI_REGION_BAR5; i++)
        sf->bar_fd[i] = -1;
    rc = pci_sysfs_read(host->sys, address, &sf->about, error);
    if (rc == 0)
        rc = sysfs_refuse(host, &sf->about, where, options, error);
    if (rc == 0)
        rc = take(sf, where, error);
    if (rc < 0) {
        sysfs_close(&sf->access);
        return rc;
    }
    *dev = &sf->access;
    return 0;
}

static int sysfs_open(const char *where, const char *rest, const struct pci_options *options,
                      struct pci_access **dev, struct pci_error *error)
{
    return sysfs_open_on(&sysfs_this_host, where, rest, options, dev, error);
}

/* A reset brings the command register back as it was: bus mastering must be off before. */
static int sysfs_reset(struct pci_access *dev, struct pci_error *error)
{
    struct sysfs *sf = sysfs_of(dev);
    int rc = sysfs_wake(sf);

    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot switch the device on: %s", dev->where,
                        strerror(-rc));
    rc = sysfs_quiet(sf);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot stop what the device does: %s", dev->where,
                        strerror(-rc));
    rc = reset_itself(sf);
    if (rc == -ENOTTY)
        return sysfs_refuse_no_reset(dev->where, error);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot reset the device: %s", dev->where, strerror(-rc));
    if (sf->memory == NULL)
        sysfs_memory_forget(sf);
    return 0;
}

static unsigned sysfs_irq_count(struct pci_access *dev, enum pci_irq_index index)
{
    (void)dev;
    (void)index;
    return 0;
}

static int sysfs_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count,
                            const int *fds, struct pci_error *error)
{
    (void)index;
    (void)count;
    (void)fds;
    return pci_fail(error, -ENOTSUP, "%s: no interrupts come without VFIO", dev->where);
}

static int sysfs_irq_disable(struct pci_access *dev, enum pci_irq_index index,
                             struct pci_error *error)
{
    (void)dev;
    (void)index;
    (void)error;
    return 0;
}

static int sysfs_irq_unmask(struct pci_access *dev, enum pci_irq_index index)
{
    (void)dev;
    (void)index;
    return 0;
}

static int sysfs_lost_fd(const struct pci_access *dev)
{
    (void)dev;
    return -1;
}

static int sysfs_check(const struct pci_access *dev, struct pci_error *error)
{
    const struct sysfs *sf = (const struct sysfs *)(const void *)dev;
    uint16_t command;

    if (pread(sf->config_fd, &command, sizeof(command), PCI_CONFIG_COMMAND) != sizeof(command) ||
        command == UINT16_MAX)
        return pci_fail(error, -ENODEV, "%s: the device does not answer any more", dev->where);
    if (dev->bus_master && !(command & PCI_COMMAND_MASTER))
        return pci_fail(error, -ESTALE, "%s: somebody else has reset the device", dev->where);
    return 0;
}

static unsigned sysfs_syscalls(const struct pci_access *dev,
                               struct pci_syscall calls[PCI_SYSCALLS_MAX])
{
    const struct sysfs *sf = (const struct sysfs *)(const void *)dev;

    calls[0] = (struct pci_syscall){.number = SYS_pread64, .fd = sf->config_fd};
    calls[1] = (struct pci_syscall){.number = SYS_pwrite64, .fd = sf->config_fd};
    calls[2] = (struct pci_syscall){.number = SYS_pwrite64, .fd = sf->reset_fd};
    return sf->reset_fd < 0 ? 2 : 3;
}

const struct pci_access_ops sysfs_ops = {
    .open = sysfs_open,
    .close = sysfs_close,
    .reset = sysfs_reset,
    .stopped = sysfs_stopped,
    .region_info = sysfs_region_info,
    .region_read = sysfs_region_read,
    .region_write = sysfs_region_write,
    .dma_physical = sysfs_dma_physical,
    .irq_count = sysfs_irq_count,
    .irq_enable = sysfs_irq_enable,
    .irq_disable = sysfs_irq_disable,
    .irq_unmask = sysfs_irq_unmask,
    .lost_fd = sysfs_lost_fd,
    .check = sysfs_check,
    .syscalls = sysfs_syscalls,
};
