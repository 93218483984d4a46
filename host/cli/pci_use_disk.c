// SPDX-License-Identifier: ISC
/* A disk is in use when a file system, swap, or another block device is on it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/pci_use.h"
#include "host/pci/pci_file.h"

struct disk_search {
    const struct pci_host *host;
    const char *path;
    bool claim;
    const char *disk; /* its name in class/block: a whole disk or a partition */
    char number[32];  /* "259:0" */
    char *reason;
};

/* The name behind /dev/, or NULL. */
static const char *device_name(const char *source)
{
    return strncmp(source, "/dev/", 5) == 0 ? source + 5 : NULL;
}

/* A line of mountinfo (proc_pid_mountinfo(5)): ID PARENT MAJOR:MINOR ROOT POINT ... - TYPE SOURCE.
 * The number is not the disk's for btrfs and others of their kind, the source is. */
static bool mounted_by(char *line, const struct disk_search *search)
{
    char *rest, *number, *point, *word, *source;

    strtok_r(line, " \n", &rest);
    strtok_r(NULL, " \n", &rest);
    number = strtok_r(NULL, " \n", &rest);
    strtok_r(NULL, " \n", &rest);
    point = strtok_r(NULL, " \n", &rest);
    if (!point)
        return false;
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL && strcmp(word, "-") != 0)
        ;
    strtok_r(NULL, " \n", &rest);
    source = strtok_r(NULL, " \n", &rest);
    if (strcmp(number, search->number) != 0 &&
        !(source && device_name(source) && strcmp(device_name(source), search->disk) == 0))
        return false;
    snprintf(search->reason, PCI_REASON_SIZE, "%.32s is mounted on %.128s", search->disk, point);
    return true;
}

static bool swapped_by(char *line, const struct disk_search *search)
{
    char *rest, *source = strtok_r(line, " \t\n", &rest);

    if (!source || !device_name(source) || strcmp(device_name(source), search->disk) != 0)
        return false;
    snprintf(search->reason, PCI_REASON_SIZE, "%.32s is used as swap", search->disk);
    return true;
}

static bool any_line(const struct disk_search *search, const char *file,
                     bool (*fits)(char *line, const struct disk_search *search))
{
    char path[PATH_MAX], *line = NULL;
    FILE *stream = NULL;
    size_t room = 0;
    bool found = false;

    if (pci_host_path(path, sizeof(path), "%s/%s", search->host->proc, file))
        stream = fopen(path, "re");
    while (stream && !found && getline(&line, &room, stream) > 0)
        found = fits(line, search);
    free(line);
    if (stream)
        fclose(stream);
    return found;
}

static int take_holder(void *arg, const char *name)
{
    const struct disk_search *search = arg;

    snprintf(search->reason, PCI_REASON_SIZE, "%.32s is held by %.64s", search->disk, name);
    return 1;
}

static int look_at_btrfs(void *arg, const char *name)
{
    const struct disk_search *search = arg;

    if (!pci_host_exists("%s/fs/btrfs/%s/devices/%s", search->host->sys, name, search->disk))
        return 0;
    snprintf(search->reason, PCI_REASON_SIZE, "%.32s is part of the btrfs %.64s", search->disk,
             name);
    return 1;
}

static bool held(struct disk_search *search)
{
    char folder[PATH_MAX];

    return (pci_host_path(folder, sizeof(folder), "%s/class/block/%s/holders", search->host->sys,
                          search->disk) &&
            pci_host_each(folder, take_holder, search) != 0) ||
           (pci_host_path(folder, sizeof(folder), "%s/fs/btrfs", search->host->sys) &&
            pci_host_each(folder, look_at_btrfs, search) != 0);
}

/* Mounts of other namespaces, ZFS, a disk that a virtual machine has: none of them is in a file. */
static bool claimed(const struct disk_search *search)
{
    char path[PATH_MAX];
    int fd;

    if (!pci_host_path(path, sizeof(path), "%s/%s", search->host->dev, search->disk))
        return false;
    for (char *at = path; *at; at++)
        if (*at == '!') /* sysfs writes a slash that way */
            *at = '/';
    fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 || errno != EBUSY)
        return false;
    snprintf(search->reason, PCI_REASON_SIZE, "something holds %.32s for itself", search->disk);
    return true;
}

static int is_ours(void *arg, const char *name)
{
    const struct disk_search *search = arg;
    char link[PATH_MAX], other[64];
    unsigned number;

    return sscanf(name, "nvme%u%1s", &number, other) == 1 &&
           pci_host_path(link, sizeof(link), "%s/class/nvme/%s", search->host->sys, name) &&
           pci_leads_below(link, search->path);
}

/* With multipathing an NVMe disk belongs to its subsystem, which lists its controllers. */
static bool through_subsystem(struct disk_search *search, const char *link)
{
    char real[PATH_MAX], *end;

    if (!realpath(link, real) || !strstr(real, "/nvme-subsystem/"))
        return false;
    for (end = strrchr(real, '/'); end; end = strrchr(real, '/')) {
        *end = 0;
        if (strncmp(strrchr(real, '/') ? strrchr(real, '/') : "", "/nvme-subsys", 12) == 0)
            return pci_host_each(real, is_ours, search) != 0;
    }
    return false;
}

static int look_at_disk(void *arg, const char *name)
{
    struct disk_search *search = arg;
    char link[PATH_MAX];

    search->disk = name;
    if (!pci_host_path(link, sizeof(link), "%s/class/block/%s", search->host->sys, name) ||
        !(pci_leads_below(link, search->path) || through_subsystem(search, link)))
        return 0;
    if (pci_file_read(search->number, sizeof(search->number), "%s/dev", link) != 0)
        strcpy(search->number, "none");
    return any_line(search, "self/mountinfo", mounted_by) ||
           any_line(search, "swaps", swapped_by) || held(search) ||
           (search->claim && claimed(search));
}

bool pci_disk_in_use(const struct pci_host *host, const char *path, bool claim,
                     char reason[PCI_REASON_SIZE])
{
    struct disk_search search = {.host = host, .path = path, .claim = claim, .reason = reason};
    char folder[PATH_MAX];

    return pci_host_path(folder, sizeof(folder), "%s/class/block", host->sys) &&
           pci_host_each(folder, look_at_disk, &search) != 0;
}
