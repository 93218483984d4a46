// SPDX-License-Identifier: ISC
#include "host/cli/pci_record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/pci/pci_file.h"

#define NAP_MS 50

static int make_folder(const char *path)
{
    char part[PATH_MAX];

    if (!pci_host_path(part, sizeof(part), "%s", path))
        return -ENAMETOOLONG;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(part, 0755) != 0 && errno != EEXIST ? -errno : 0;
}

static int lock(int fd, int patience)
{
    const struct timespec nap = {.tv_nsec = NAP_MS * 1000 * 1000};

    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += NAP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (waited >= patience)
            return -EBUSY;
        nanosleep(&nap, NULL);
    }
    return 0;
}

int pci_record_lock(const struct pci_host *host, struct tender_error *error)
{
    char path[PATH_MAX];
    int r = make_folder(host->records), fd;

    if (r != 0 || !pci_host_path(path, sizeof(path), "%s/lock", host->records))
        return tender_fail(error, r ? r : -ENAMETOOLONG, "%s: cannot be made: %s", host->records,
                           strerror(r ? -r : ENAMETOOLONG));
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return tender_fail(error, -errno, "%s: %s", path, strerror(errno));
    r = lock(fd, host->patience);
    if (r != 0) {
        close(fd);
        return tender_fail(error, r, "%s: %s", path,
                           r == -EBUSY ? "another penstock pci is at work, and does not end"
                                       : strerror(-r));
    }
    return fd;
}

static bool write_text(int fd, const char *text)
{
    ssize_t length = write(fd, text, strlen(text));
    bool written = length == (ssize_t)strlen(text);

    return close(fd) == 0 && written;
}

int pci_record_save(const struct pci_host *host, const char *address,
                    const struct pci_record *record, struct tender_error *error)
{
    char path[PATH_MAX], fresh[PATH_MAX], text[256];
    int fd = -1;

    snprintf(text, sizeof(text), "vendor %04x\ndevice %04x\ndriver %s\noverride %s\n",
             record->vendor, record->device, record->driver, record->override);
    errno = ENAMETOOLONG;
    if (pci_host_path(path, sizeof(path), "%s/%s", host->records, address) &&
        pci_host_path(fresh, sizeof(fresh), "%s/%s.new", host->records, address))
        fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || !write_text(fd, text) || rename(fresh, path) != 0)
        return tender_fail(error, -errno, "%s/%s: cannot be written: %s", host->records, address,
                           strerror(errno));
    return 0;
}

/* Takes "KEY VALUE" and its line end. */
static bool take(char **at, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    char *end = strchr(*at, '\n');

    if (!end)
        end = *at + strlen(*at);
    if (strncmp(*at, key, length) != 0 || (*at)[length] != ' ' ||
        (size_t)(end - *at) - length - 1 >= size)
        return false;
    memcpy(value, *at + length + 1, (size_t)(end - *at) - length - 1);
    value[(size_t)(end - *at) - length - 1] = 0;
    *at = *end ? end + 1 : end;
    return true;
}

static bool take_id(char **at, const char *key, uint16_t *id)
{
    char text[8], beyond;
    unsigned value;

    if (!take(at, key, text, sizeof(text)) || sscanf(text, "%4x%c", &value, &beyond) != 1)
        return false;
    *id = (uint16_t)value;
    return true;
}

/* It becomes a part of a path. */
static bool is_name(const char *name)
{
    return !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int pci_record_load(const struct pci_host *host, const struct pci_sysfs_device *device,
                    struct pci_record *record, struct tender_error *error)
{
    char text[256], *at = text;
    int r = pci_file_read(text, sizeof(text), "%s/%s", host->records, device->address);

    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r != 0 && r != -EFBIG)
        return tender_fail(error, r, "%s/%s: %s", host->records, device->address, strerror(-r));
    if (!take_id(&at, "vendor", &record->vendor) || !take_id(&at, "device", &record->device) ||
        !take(&at, "driver", record->driver, sizeof(record->driver)) ||
        !take(&at, "override", record->override, sizeof(record->override)) || *at != 0 ||
        !is_name(record->driver))
        return tender_fail(error, -EINVAL,
                           "%s/%s: not what penstock pci bind writes; remove it, and unbind lets "
                           "the kernel choose the driver",
                           host->records, device->address);
    return record->vendor == device->identity.vendor && record->device == device->identity.device;
}

void pci_record_drop(const struct pci_host *host, const char *address)
{
    char path[PATH_MAX];

    if (pci_host_path(path, sizeof(path), "%s/%s", host->records, address))
        unlink(path);
}
