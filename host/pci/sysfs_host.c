// SPDX-License-Identifier: ISC
/* This machine: what it says of physical addresses and of hugepages. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pci/sysfs.h"

/* An entry of pagemap (Documentation/admin-guide/mm/pagemap.rst). */
#define PAGEMAP_FRAME   ((1ull << 55) - 1)
#define PAGEMAP_PRESENT (1ull << 63)

static int physical(const void *page, uint64_t *address)
{
    uint64_t entry;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PCI_PAGE * sizeof(entry)));
    close(fd);
    if (n != (ssize_t)sizeof(entry))
        return -EIO;
    if (!(entry & PAGEMAP_PRESENT))
        return -EFAULT;
    if (!(entry & PAGEMAP_FRAME)) /* without CAP_SYS_ADMIN all are 0 */
        return -EPERM;
    *address = (entry & PAGEMAP_FRAME) * PCI_PAGE;
    return 0;
}

const struct sysfs_host sysfs_this_host = {
    .sys = PCI_SYSFS_ROOT,
    .mounts = "/proc/self/mounts",
    .physical = physical,
};

/* "pagesize=2M", as the kernel writes it; 0: it says nothing. */
static uint64_t page_size_of(const struct mntent *mount)
{
    const char *option = hasmntopt(mount, "pagesize");
    unsigned long long value;
    char unit = ' ';

    if (option == NULL || sscanf(option, "pagesize=%10llu%c", &value, &unit) < 1)
        return 0;
    return (uint64_t)value << (unit == 'G' ? 30 : unit == 'M' ? 20 : unit == 'K' ? 10 : 0);
}

unsigned sysfs_hugetlbfs(const struct sysfs_host *host, uint64_t page_size,
                         char folders[SYSFS_MOUNTS_MAX][SYSFS_PATH_SIZE])
{
    FILE *mounts = setmntent(host->mounts, "re");
    struct mntent entry;
    char strings[4096];
    unsigned count = 0;

    if (mounts == NULL)
        return 0;
    while (count < SYSFS_MOUNTS_MAX &&
           getmntent_r(mounts, &entry, strings, sizeof(strings)) != NULL) {
        if (strcmp(entry.mnt_type, "hugetlbfs") != 0 || page_size_of(&entry) != page_size ||
            strlen(entry.mnt_dir) > SYSFS_PATH_SIZE / 2)
            continue;
        snprintf(folders[count++], SYSFS_PATH_SIZE, "%s", entry.mnt_dir);
    }
    endmntent(mounts);
    return count;
}
