// SPDX-License-Identifier: ISC
#include "host/cli/pci_host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const pci_ids[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids", NULL};

const struct pci_host *pci_host_this(struct pci_this_host *self)
{
    struct utsname kernel;

    if (uname(&kernel) != 0)
        kernel.release[0] = 0;
    snprintf(self->modules, sizeof(self->modules), "/lib/modules/%.100s", kernel.release);
    self->host = (struct pci_host){.sys = PCI_SYSFS_ROOT,
                                   .proc = "/proc",
                                   .dev = "/dev",
                                   .records = "/run/penstock/pci",
                                   .modules = self->modules,
                                   .ids = pci_ids,
                                   .patience = 30000,
                                   .memlock = pci_host_memlock(),
                                   .write = pci_host_write,
                                   .load = pci_host_load,
                                   .has_address = pci_host_has_address};
    return &self->host;
}

int pci_host_each(const char *folder, int (*one)(void *arg, const char *name), void *arg)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    int r = 0;

    if (!dir)
        return 0;
    while (r == 0 && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = one(arg, entry->d_name);
    }
    closedir(dir);
    return r;
}

int pci_host_device(const struct pci_host *host, const char *name, struct pci_sysfs_device *device,
                    struct tender_error *error)
{
    char address[PCI_ADDRESS_SIZE];
    struct pci_error why;
    int r = pci_sysfs_address(host->sys, name, address);

    if (r != 0)
        return tender_fail(
            error, r, "'%.64s' is not the address of a PCI device, such as 0000:03:00.0", name);
    r = pci_sysfs_read(host->sys, address, device, &why);
    return r ? tender_fail(error, r, "%s", why.text) : 0;
}

bool pci_host_path(char *path, size_t size, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(path, size, format, args);
    va_end(args);
    return length >= 0 && (size_t)length < size;
}

bool pci_host_exists(const char *format, ...)
{
    char path[PATH_MAX];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    return length >= 0 && length < (int)sizeof(path) && access(path, F_OK) == 0;
}

bool pci_host_is_vfio(const char *driver)
{
    return strstr(driver, "vfio") != NULL;
}
