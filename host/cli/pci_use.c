// SPDX-License-Identifier: ISC
#include "host/cli/pci_use.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pci/pci_file.h"

bool pci_leads_below(const char *file, const char *path)
{
    char real[PATH_MAX];
    size_t length = strlen(path);

    return realpath(file, real) && strncmp(real, path, length) == 0 && real[length] == '/';
}

bool pci_in_use(const struct pci_host *host, const struct pci_sysfs_device *device, bool claim,
                char reason[PCI_REASON_SIZE])
{
    char link[PATH_MAX], path[PATH_MAX];
    uint64_t functions;

    if (!pci_host_path(link, sizeof(link), "%s/bus/pci/devices/%s", host->sys, device->address) ||
        !realpath(link, path))
        return false;
    if (pci_file_number(&functions, UINT16_MAX, "%s/sriov_numvfs", path) == 0 && functions > 0) {
        snprintf(reason, PCI_REASON_SIZE, "it has %u virtual functions", (unsigned)functions);
        return true;
    }
    return pci_net_in_use(host, path, reason) || pci_disk_in_use(host, path, claim, reason);
}

/* ---- who has it from VFIO ---- */

struct holder_search {
    const struct pci_host *host;
    char group[64], file[128]; /* the names below /dev that stand for the device */
    const char *pid;
    char *reason;
};

static int take_name(void *arg, const char *name)
{
    snprintf(arg, PCI_NAME_SIZE, "%.60s", name);
    return 1;
}

static int look_at_fd(void *arg, const char *name)
{
    const struct holder_search *search = arg;
    char path[PATH_MAX], target[PATH_MAX], program[PCI_NAME_SIZE];
    ssize_t length;

    if (!pci_host_path(path, sizeof(path), "%s/%s/fd/%s", search->host->proc, search->pid, name))
        return 0;
    length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        return 0;
    target[length] = 0;
    if (strcmp(target, search->group) != 0 && strcmp(target, search->file) != 0)
        return 0;
    pci_file_read(program, sizeof(program), "%s/%s/comm", search->host->proc, search->pid);
    snprintf(search->reason, PCI_REASON_SIZE, "%s (process %s)", program, search->pid);
    return 1;
}

static int look_at_process(void *arg, const char *name)
{
    struct holder_search *search = arg;
    char path[PATH_MAX];

    if (name[0] < '0' || name[0] > '9' ||
        !pci_host_path(path, sizeof(path), "%s/%s/fd", search->host->proc, name))
        return 0;
    search->pid = name;
    return pci_host_each(path, look_at_fd, search);
}

/* Nobody whose files we see, but the kernel says so (a group has one owner). */
static bool group_is_busy(const struct holder_search *search)
{
    int fd = open(search->group, O_RDWR | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EBUSY;
}

bool pci_vfio_held(const struct pci_host *host, const struct pci_sysfs_device *device,
                   char reason[PCI_REASON_SIZE])
{
    struct holder_search search = {.host = host, .reason = reason};
    char folder[PATH_MAX], name[PCI_NAME_SIZE] = "";

    snprintf(search.group, sizeof(search.group), "%.32s/vfio/%d", host->dev, device->group);
    if (pci_host_path(folder, sizeof(folder), "%s/bus/pci/devices/%s/vfio-dev", host->sys,
                      device->address) &&
        pci_host_each(folder, take_name, name) != 0)
        snprintf(search.file, sizeof(search.file), "%.32s/vfio/devices/%s", host->dev, name);
    if (pci_host_each(host->proc, look_at_process, &search) != 0)
        return true;
    if (!group_is_busy(&search))
        return false;
    snprintf(reason, PCI_REASON_SIZE, "another process");
    return true;
}
