// SPDX-License-Identifier: ISC
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/pci_check.h"
#include "host/cli/pci_names.h"
#include "host/cli/pci_use.h"
#include "host/cli/pci_verdict.h"

#define OK      PCI_CHECK_OK
#define NOTE    PCI_CHECK_NOTE
#define MISSING PCI_CHECK_MISSING

static void check_identity(const struct pci_host *host, const struct pci_sysfs_device *device,
                           struct pci_checks *checks)
{
    const struct pci_identity *id = &device->identity;
    struct pci_names names;
    struct pci_name name;

    pci_names_open(&names, host->ids);
    pci_names_find(&names, id, &name);
    pci_names_close(&names);
    pci_check_add(checks, "device", OK, "", "%04x:%04x, class %02x.%02x.%02x%s%.80s%s%.80s",
                  id->vendor, id->device, id->class_code, id->subclass, id->progif,
                  name.vendor[0] ? ", " : "", name.vendor, name.device[0] ? " " : "", name.device);
}

static void check_bound(const struct pci_sysfs_device *device, const struct pci_verdict *verdict,
                        struct pci_checks *checks)
{
    struct pci_check *check;

    if (verdict->bound) {
        pci_check_add(checks, "bound", OK, "", "%s has it", device->driver);
        return;
    }
    check = pci_check_add(checks, "bound", MISSING, "", "%s%s",
                          device->driver[0] ? device->driver : "no driver",
                          device->driver[0] ? " has it" : "");
    if (verdict->possible)
        snprintf(check->fix, sizeof(check->fix), "penstock pci bind %s%s", device->address,
                 verdict->in_use ? " --force" : "");
    if (verdict->in_use)
        snprintf(check->text, sizeof(check->text), "%s has it, and it is in use: %.120s",
                 device->driver, verdict->use);
}

static void check_group(const struct pci_host *host, const struct pci_sysfs_device *device,
                        const struct pci_verdict *verdict, struct pci_checks *checks)
{
    char others[PCI_REASON_SIZE / 2], addresses[PCI_REASON_SIZE / 2];
    struct pci_check *check;

    if (!verdict->possible)
        pci_check_add(checks, "group", MISSING,
                      device->group < 0 ? "see iommu above" : "choose another device", "%s",
                      verdict->reason);
    else if (verdict->viable)
        pci_check_add(checks, "group", OK, "", "IOMMU group %d has no other driver in it",
                      device->group);
    else {
        pci_group_others(host, device, true, others, sizeof(others));
        pci_group_others(host, device, false, addresses, sizeof(addresses));
        check = pci_check_add(checks, "group", MISSING, "", "IOMMU group %d also holds %s",
                              device->group, others);
        snprintf(check->fix, sizeof(check->fix), "penstock pci bind %s", addresses);
    }
}

static void check_reset(const struct pci_sysfs_device *device, struct pci_checks *checks)
{
    if (device->has_reset)
        pci_check_add(checks, "reset", OK, "", "%s",
                      device->reset_method[0] ? device->reset_method : "yes");
    else
        pci_check_add(checks, "reset", NOTE, "--pci-allow-no-reset:NAME",
                      "none of its own: it may come with what its last user left in it");
}

static bool may_open(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
}

static int take_name(void *arg, const char *name)
{
    snprintf(arg, PCI_NAME_SIZE, "%.60s", name);
    return 1;
}

/* The device's own file, for iommufd; "" where there is none. */
static void own_file(const struct pci_host *host, const char *address, char *path, size_t size)
{
    char folder[PATH_MAX], name[PCI_NAME_SIZE];

    path[0] = 0;
    if (pci_host_path(folder, sizeof(folder), "%s/bus/pci/devices/%s/vfio-dev", host->sys,
                      address) &&
        pci_host_each(folder, take_name, name) != 0 &&
        !pci_host_path(path, size, "%s/vfio/devices/%s", host->dev, name))
        path[0] = 0;
}

/* Through the group's file or the device's own. */
static void check_access(const struct pci_host *host, const struct pci_sysfs_device *device,
                         struct pci_checks *checks)
{
    char group[PATH_MAX], own[PATH_MAX], iommufd[PATH_MAX], holder[PCI_REASON_SIZE];
    struct pci_check *check;
    int r;

    if (!pci_host_path(group, sizeof(group), "%s/vfio/%d", host->dev, device->group) ||
        !pci_host_path(iommufd, sizeof(iommufd), "%s/iommu", host->dev))
        return;
    own_file(host, device->address, own, sizeof(own));
    if (pci_vfio_held(host, device, holder)) {
        pci_check_add(checks, "access", MISSING, "end that first", "%.64s has it already", holder);
    } else if (own[0] && may_open(own) && may_open(iommufd)) {
        pci_check_add(checks, "access", OK, "", "%.96s can be opened", own);
    } else if (may_open(group)) {
        pci_check_add(checks, "access", OK, "", "%.96s can be opened", group);
    } else {
        r = errno;
        check = pci_check_add(checks, "access", MISSING, "", "%.96s: %s", group, strerror(r));
        snprintf(check->fix, sizeof(check->fix), "chown USER %.96s", group);
    }
}

void pci_check_device(const struct pci_host *host, const struct pci_sysfs_device *device,
                      struct pci_checks *checks)
{
    struct pci_verdict verdict;

    pci_judge(host, device, &verdict);
    check_identity(host, device, checks);
    check_group(host, device, &verdict, checks);
    if (!verdict.possible)
        return;
    check_bound(device, &verdict, checks);
    check_reset(device, checks);
    if (verdict.bound)
        check_access(host, device, checks);
}
