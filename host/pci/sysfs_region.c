// SPDX-License-Identifier: ISC
/* Configuration space, and BARs: mapped for a driver, or accessed one by one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/pci/sysfs.h"

static int open_bar(struct sysfs *sf, unsigned bar)
{
    char path[SYSFS_PATH_SIZE];

    if (sf->bar_fd[bar] >= 0)
        return 0;
    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/resource%u", sf->host->sys,
             sf->about.address, bar);
    sf->bar_fd[bar] = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
    return sf->bar_fd[bar] < 0 ? -errno : 0;
}

static int bar_info(struct sysfs *sf, unsigned region, struct pci_raw_region *raw,
                    struct pci_error *error)
{
    const struct pci_sysfs_bar *bar = &sf->about.bar[region];
    int rc;

    raw->size = bar->size;
    if (bar->size == 0)
        return 0;
    rc = open_bar(sf, region);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot open resource%u of the device: %s", sf->access.where,
                        region, strerror(-rc));
    raw->readable = raw->writable = true;
    /* A mapping begins at a page, and so may hold other devices' registers at either end. */
    if (bar->io_port || bar->start % PCI_PAGE != 0)
        return 0;
    raw->fd = sf->bar_fd[region];
    pci_areas_add(&raw->areas, 0, bar->size);
    return 0;
}

int sysfs_region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                      struct pci_error *error)
{
    struct sysfs *sf = sysfs_of(dev);
    struct stat config;

    if (region <= PCI_REGION_BAR5)
        return bar_info(sf, region, raw, error);
    if (region != PCI_REGION_CONFIG)
        return 0;
    if (fstat(sf->config_fd, &config) < 0)
        return pci_fail(error, -errno, "%s: cannot look at the file config", dev->where);
    raw->size = (uint64_t)config.st_size;
    raw->readable = raw->writable = true;
    return 0;
}

/* A file whose every access is one of the device's: config, or a BAR of I/O ports. */
static int file_access(int fd, uint64_t offset, unsigned size, uint64_t *value, bool write)
{
    ssize_t n =
        write ? pwrite(fd, value, size, (off_t)offset) : pread(fd, value, size, (off_t)offset);

    return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EIO;
}

/* The whole BAR, to be accessed here. A mapping begins where its page does. */
static int map_bar(struct sysfs *sf, unsigned region, volatile char **registers)
{
    const struct pci_sysfs_bar *bar = &sf->about.bar[region];
    uint64_t skip = bar->start % PCI_PAGE;
    int rc = sysfs_wake(sf);

    if (rc == 0)
        rc = open_bar(sf, region);
    if (rc < 0)
        return rc;
    if (sf->bar[region] == NULL) {
        void *mapped =
            mmap(NULL, skip + bar->size, PROT_READ | PROT_WRITE, MAP_SHARED, sf->bar_fd[region], 0);

        if (mapped == MAP_FAILED)
            return -errno;
        sf->bar[region] = mapped;
    }
    *registers = (volatile char *)sf->bar[region] + skip;
    return 0;
}

static void load(const volatile void *from, unsigned size, uint64_t *value)
{
    switch (size) {
    case 1:
        *value = *(const volatile uint8_t *)from;
        break;
    case 2:
        *value = *(const volatile uint16_t *)from;
        break;
    case 4:
        *value = *(const volatile uint32_t *)from;
        break;
    default:
        *value = *(const volatile uint64_t *)from;
    }
}

static void store(volatile void *to, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)to = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)to = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)to = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)to = value;
    }
}

int sysfs_region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                      uint64_t *value)
{
    struct sysfs *sf = sysfs_of(dev);
    volatile char *registers;
    int rc;

    *value = 0;
    if (region == PCI_REGION_CONFIG)
        return file_access(sf->config_fd, offset, size, value, false);
    if (sf->about.bar[region].io_port)
        return file_access(sf->bar_fd[region], offset, size, value, false);
    rc = map_bar(sf, region, &registers);
    if (rc == 0)
        load(registers + offset, size, value);
    return rc;
}

int sysfs_region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                       uint64_t value)
{
    struct sysfs *sf = sysfs_of(dev);
    volatile char *registers;
    int rc = sysfs_wake(sf);

    if (rc < 0)
        return rc;
    if (region == PCI_REGION_CONFIG)
        return file_access(sf->config_fd, offset, size, &value, true);
    if (sf->about.bar[region].io_port)
        return file_access(sf->bar_fd[region], offset, size, &value, true);
    rc = map_bar(sf, region, &registers);
    if (rc == 0)
        store(registers + offset, size, value);
    return rc;
}

void sysfs_regions_drop(struct sysfs *sf)
{
    for (unsigned i = 0; i <= PCI_REGION_BAR5; i++) {
        const struct pci_sysfs_bar *bar = &sf->about.bar[i];

        if (sf->bar[i] != NULL)
            munmap(sf->bar[i], bar->start % PCI_PAGE + bar->size);
        if (sf->bar_fd[i] >= 0)
            close(sf->bar_fd[i]);
        sf->bar[i] = NULL;
        sf->bar_fd[i] = -1;
    }
}
