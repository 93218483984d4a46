// SPDX-License-Identifier: ISC
#include "host/pci/pci_sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pci/pci_file.h"
#include "host/pci/pci_ops.h"

#define DEVICES "bus/pci/devices"

/* The flags of a resource (linux/ioport.h), which sysfs shows as the third number of a line. */
#define RESOURCE_IO       0x00000100ull
#define RESOURCE_PREFETCH 0x00002000ull
#define RESOURCE_MEM_64   0x00100000ull
#define RESOURCE_UNSET    0x20000000ull

/* ---- addresses ---- */

struct parts {
    unsigned domain, bus, slot, function;
};

/* `digits` hexadecimal digits and the character behind them. */
static const char *take_hex(const char *at, unsigned digits, char behind, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++, at++) {
        int digit = *at >= '0' && *at <= '9'   ? *at - '0'
                    : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10
                    : *at >= 'A' && *at <= 'F' ? *at - 'A' + 10
                                               : -1;

        if (digit < 0)
            return NULL;
        *value = *value << 4 | (unsigned)digit;
    }
    return *at == behind ? at + 1 : NULL;
}

/* "03:00.0" or "0000:03:00.0", of any case; a domain has four digits or up to eight. */
static bool split(const char *text, struct parts *parts)
{
    const char *colon = strchr(text, ':');
    const char *rest = text;

    parts->domain = 0;
    if (colon && strchr(colon + 1, ':')) {
        size_t digits = (size_t)(colon - text);

        rest = digits >= 4 && digits <= 8 ? take_hex(text, (unsigned)digits, ':', &parts->domain)
                                          : NULL;
    }
    if (rest)
        rest = take_hex(rest, 2, ':', &parts->bus);
    if (rest)
        rest = take_hex(rest, 2, '.', &parts->slot);
    if (rest)
        rest = take_hex(rest, 1, 0, &parts->function);
    return rest && parts->slot < 32 && parts->function < 8;
}

/* Is `path` below ROOT/folder/? */
static bool below(const char *path, const char *root, const char *folder)
{
    size_t length = strlen(root), folder_length = strlen(folder);

    while (length > 0 && root[length - 1] == '/')
        length--;
    return strncmp(path, root, length) == 0 && path[length] == '/' &&
           strncmp(path + length + 1, folder, folder_length) == 0 &&
           path[length + 1 + folder_length] == '/';
}

int pci_sysfs_address(const char *root, const char *where, char address[PCI_ADDRESS_SIZE])
{
    char name[PCI_ADDRESS_SIZE];
    size_t length = strlen(where);
    const char *start = where;
    struct parts parts;

    if (below(where, root, "devices") || below(where, root, DEVICES)) {
        while (length > 0 && where[length - 1] == '/')
            length--;
        for (start = where + length; start > where && start[-1] != '/'; start--)
            ;
    }
    length -= (size_t)(start - where);
    if (length >= sizeof(name))
        return -EINVAL;
    memcpy(name, start, length);
    name[length] = 0;
    if (!split(name, &parts))
        return -EINVAL;
    snprintf(address, PCI_ADDRESS_SIZE, "%04x:%02x:%02x.%x", parts.domain, parts.bus, parts.slot,
             parts.function);
    return 0;
}

static int by_address(const void *a, const void *b)
{
    const struct pci_sysfs_device *one = a, *other = b;
    struct parts p = {0}, q = {0};

    split(one->address, &p);
    split(other->address, &q);
    if (p.domain != q.domain)
        return p.domain < q.domain ? -1 : 1;
    if (p.bus != q.bus)
        return p.bus < q.bus ? -1 : 1;
    return (int)(p.slot << 3 | p.function) - (int)(q.slot << 3 | q.function);
}

/* ---- one device ---- */

static int read_ids(const char *root, struct pci_sysfs_device *device, struct pci_error *error)
{
    static const struct {
        const char *file;
        uint64_t max;
    } ids[] = {{"vendor", 0xffff},           {"device", 0xffff},           {"class", 0xffffff},
               {"subsystem_vendor", 0xffff}, {"subsystem_device", 0xffff}, {"revision", 0xff}};
    uint64_t value[6] = {0};

    for (unsigned i = 0; i < 6; i++) {
        int rc = pci_file_number(&value[i], ids[i].max, "%s/" DEVICES "/%s/%s", root,
                                 device->address, ids[i].file);

        if (i == 0 && (rc == -ENOENT || rc == -ENOTDIR))
            return pci_fail(error, -ENODEV, "%s: there is no such PCI device", device->address);
        if (rc == -ENOENT && i > 2) /* older kernels; nobody depends on it */
            continue;
        if (rc != 0)
            return pci_fail(error, -EIO, "%s/" DEVICES "/%s/%s: %s", root, device->address,
                            ids[i].file,
                            rc == -EINVAL ? "not the number that belongs there" : strerror(-rc));
    }
    device->identity = (struct pci_identity){.vendor = (uint16_t)value[0],
                                             .device = (uint16_t)value[1],
                                             .class_code = (uint8_t)(value[2] >> 16),
                                             .subclass = (uint8_t)(value[2] >> 8),
                                             .progif = (uint8_t)value[2]};
    device->subsystem_vendor = (uint16_t)value[3];
    device->subsystem_device = (uint16_t)value[4];
    device->revision = (uint8_t)value[5];
    return 0;
}

/* A line of `resource`: first and last address, and flags. */
static bool take_bar(const char **at, struct pci_sysfs_bar *bar)
{
    unsigned long long number[3];

    for (unsigned i = 0; i < 3; i++) {
        char *end;

        if ((*at)[0] != '0' || (*at)[1] != 'x')
            return false;
        errno = 0;
        number[i] = strtoull(*at, &end, 16);
        if (errno != 0 || *end != (i < 2 ? ' ' : '\n'))
            return false;
        *at = end + 1;
    }
    if (number[2] == 0 || number[1] < number[0])
        return true;
    bar->size = number[1] - number[0] + 1; /* 0 for all of 2^64: no BAR */
    bar->start = number[2] & RESOURCE_UNSET ? 0 : number[0];
    bar->io_port = number[2] & RESOURCE_IO;
    bar->prefetchable = number[2] & RESOURCE_PREFETCH;
    bar->is_64bit = number[2] & RESOURCE_MEM_64;
    return true;
}

static int read_bars(const char *root, struct pci_sysfs_device *device, struct pci_error *error)
{
    char text[4096];
    const char *at = text;
    int rc =
        pci_file_read(text, sizeof(text) - 1, "%s/" DEVICES "/%s/resource", root, device->address);

    strcat(text, "\n");
    for (unsigned i = 0; rc == 0 && i < 6; i++) {
        if (!take_bar(&at, &device->bar[i]))
            rc = -EINVAL;
    }
    if (rc != 0)
        return pci_fail(error, -EIO, "%s/" DEVICES "/%s/resource: %s", root, device->address,
                        rc == -EINVAL ? "not the list of BARs that belongs there" : strerror(-rc));
    return 0;
}

/* A name in a file that need not be there. */
static bool read_name(const char *root, const char *address, const char *file,
                      char name[PCI_NAME_SIZE])
{
    return pci_file_read(name, PCI_NAME_SIZE, "%s/" DEVICES "/%s/%s", root, address, file) == 0;
}

static bool has_file(const char *root, const char *address, const char *file)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/" DEVICES "/%s/%s", root, address, file);

    return length > 0 && length < (int)sizeof(path) && access(path, F_OK) == 0;
}

/* Is no other device or function on its bus? */
static bool is_alone(const char *root, const char *address)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    size_t bus = (size_t)(strrchr(address, ':') - address) + 1;
    bool alone = true;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/" DEVICES, root);
    folder = opendir(path);
    while (folder && alone && (entry = readdir(folder)) != NULL)
        alone = strncmp(entry->d_name, address, bus) != 0 || strcmp(entry->d_name, address) == 0;
    if (folder)
        closedir(folder);
    return alone;
}

/*
 * The kernel hides reset_method where there is none; written empty it forbids them all. It lists
 * "bus" for the first function that it finds on a bus, before it knows of others.
 */
static void read_reset(const char *root, struct pci_sysfs_device *device)
{
    const char *address = device->address;
    bool methods = read_name(root, address, "reset_method", device->reset_method);

    device->has_reset = has_file(root, address, "reset") && (!methods || device->reset_method[0]);
    device->reset_known = methods || device->has_reset;
    if (strcmp(device->reset_method, "bus") == 0 && !is_alone(root, address))
        device->has_reset = false;
}

static int to_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    return text[0] >= '0' && text[0] <= '9' && *end == 0 && number <= INT_MAX ? (int)number : -1;
}

/* What a device may lack, and what is no reason to refuse it if it makes no sense. */
static void read_rest(const char *root, struct pci_sysfs_device *device)
{
    const char *address = device->address;
    char text[PCI_NAME_SIZE];

    pci_file_link(device->driver, sizeof(device->driver), "%s/" DEVICES "/%s/driver", root,
                  address);
    read_name(root, address, "driver_override", device->override);
    if (strcmp(device->override, "(null)") == 0)
        device->override[0] = 0;
    read_reset(root, device);
    pci_file_link(text, sizeof(text), "%s/" DEVICES "/%s/iommu_group", root, address);
    device->group = to_number(text);
    read_name(root, address, "numa_node", text);
    device->numa_node = to_number(text);
    device->is_bridge = has_file(root, address, "secondary_bus_number") ||
                        (device->identity.class_code == 0x06 && device->identity.subclass == 0x04);
}

int pci_sysfs_read(const char *root, const char *address, struct pci_sysfs_device *device,
                   struct pci_error *error)
{
    int rc;

    *device = (struct pci_sysfs_device){.group = -1, .numa_node = -1};
    if (pci_sysfs_address(root, address, device->address) != 0)
        return pci_fail(error, -ENODEV, "'%.64s' is not the address of a PCI device", address);
    rc = read_ids(root, device, error);
    if (rc == 0)
        rc = read_bars(root, device, error);
    if (rc == 0)
        read_rest(root, device);
    return rc;
}

/* ---- many ---- */

/* Room for one more at the end. */
static struct pci_sysfs_device *grow(struct pci_sysfs_device **devices, unsigned count)
{
    struct pci_sysfs_device *more = *devices;

    if ((count & (count - 1)) == 0) /* full at each power of two */
        more = reallocarray(*devices, count ? 2 * (size_t)count : 1, sizeof(**devices));
    if (!more)
        return NULL;
    *devices = more;
    return more + count;
}

/* Those whose addresses stand in a folder. One that leaves meanwhile is left out. */
static int read_folder(const char *root, DIR *folder, struct pci_sysfs_device **devices,
                       unsigned *count, struct pci_error *error)
{
    const struct dirent *entry;
    struct parts parts;

    while ((entry = readdir(folder)) != NULL) {
        struct pci_sysfs_device *device;
        int rc;

        if (!split(entry->d_name, &parts))
            continue;
        device = grow(devices, *count);
        if (!device)
            return pci_fail(error, -ENOMEM, "no memory for the list of PCI devices");
        rc = pci_sysfs_read(root, entry->d_name, device, error);
        if (rc == 0)
            (*count)++;
        else if (rc != -ENODEV)
            return rc;
    }
    return 0;
}

static int list_folder(const char *root, const char *path, const char *missing,
                       struct pci_sysfs_device **devices, unsigned *count, struct pci_error *error)
{
    DIR *folder = opendir(path);
    int rc = -errno;

    *devices = NULL;
    *count = 0;
    if (!folder && (rc == -ENOENT || rc == -ENOTDIR))
        return pci_fail(error, -ENODEV, "%s: %s", path, missing);
    if (!folder)
        return pci_fail(error, rc, "%s: %s", path, strerror(-rc));
    rc = read_folder(root, folder, devices, count, error);
    closedir(folder);
    if (rc != 0) {
        free(*devices);
        *devices = NULL;
        *count = 0;
    } else if (*count > 1) {
        qsort(*devices, *count, sizeof(**devices), by_address);
    }
    return rc;
}

int pci_sysfs_list(const char *root, struct pci_sysfs_device **devices, unsigned *count,
                   struct pci_error *error)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/" DEVICES, root);
    return list_folder(root, path, "this kernel knows no PCI bus, or sysfs is not mounted", devices,
                       count, error);
}

int pci_sysfs_group(const char *root, int group, struct pci_sysfs_device **devices, unsigned *count,
                    struct pci_error *error)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%d/devices", root, group);
    return list_folder(root, path, "there is no such IOMMU group", devices, count, error);
}

/*
 * Drivers that leave DMA to their user (driver_managed_dma): vfio-pci and the variants of it, whose
 * names all say so, pci-stub, and pcieport for the ports above a device.
 */
bool pci_sysfs_member_viable(const struct pci_sysfs_device *member)
{
    const char *driver = member->driver;

    return driver[0] == 0 || strcmp(driver, "pci-stub") == 0 || strstr(driver, "vfio") != NULL ||
           (member->is_bridge && strcmp(driver, "pcieport") == 0);
}
