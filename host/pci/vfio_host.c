// SPDX-License-Identifier: ISC
/*
 * Whether a host device can be had, as far as sysfs tells: all that is asked before VFIO is
 * touched.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/pci/pci_file.h"
#include "host/pci/vfio.h"

void vfio_host_members(int group, char text[VFIO_MEMBERS_SIZE])
{
    struct pci_sysfs_device *members;
    unsigned count;
    size_t used = 0;

    text[0] = '\0';
    if (pci_sysfs_group(vfio_sys_sysfs(), group, &members, &count, NULL) < 0)
        return;
    for (unsigned i = 0; i < count && used < VFIO_MEMBERS_SIZE; i++) {
        const char *driver = members[i].driver;
        int length = snprintf(text + used, VFIO_MEMBERS_SIZE - used, "%s%s (%s)", i > 0 ? ", " : "",
                              members[i].address, driver[0] != '\0' ? driver : "no driver");

        used += length > 0 ? (size_t)length : 0;
    }
    free(members);
}

static bool machine_has_iommu(void)
{
    char path[PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/class/iommu", vfio_sys_sysfs());
    dir = opendir(path);
    if (dir == NULL)
        return false;
    while (!found && (entry = readdir(dir)) != NULL)
        found = entry->d_name[0] != '.';
    closedir(dir);
    return found;
}

static int check_iommu(const struct vfio *vfio, struct pci_error *error)
{
    char name[PCI_NAME_SIZE] = "";

    if (vfio->host.group >= 0)
        pci_file_read(name, sizeof(name), "%s/kernel/iommu_groups/%d/name", vfio_sys_sysfs(),
                      vfio->host.group);
    if (vfio->host.group >= 0 && strcmp(name, "vfio-noiommu") != 0)
        return 0;
    /* Behind an SMMU a device has its group only once a driver has taken it. */
    if (vfio->host.group < 0 && vfio->host.driver[0] == '\0' && machine_has_iommu())
        return 0;
    return pci_fail(error, -ENOTSUP,
                    "%s: there is no IOMMU between it and memory: the machine has none, or it is "
                    "off (in the BIOS: VT-d, AMD-Vi or SMMU; on the kernel's command line: "
                    "intel_iommu=on)",
                    vfio->host.address);
}

static int check_driver(const struct vfio *vfio, struct pci_error *error)
{
    const struct pci_sysfs_device *host = &vfio->host;

    if (host->is_bridge)
        return pci_fail(error, -ENODEV, "%s: this is a bridge; only what is behind it can be had",
                        host->address);
    if (strstr(host->driver, "vfio") != NULL)
        return 0;
    if (host->driver[0] == '\0')
        return pci_fail(error, -ENODEV,
                        "%s: not bound to vfio-pci: it has no driver; bind it with: penstock pci "
                        "bind %s",
                        host->address, host->address);
    return pci_fail(error, -ENODEV,
                    "%s: not bound to vfio-pci: its driver is %s; take it from that with: penstock "
                    "pci bind %s",
                    host->address, host->driver, host->address);
}

static int check_group(const struct vfio *vfio, struct pci_error *error)
{
    struct pci_sysfs_device *members;
    const char *culprit = NULL;
    char text[VFIO_MEMBERS_SIZE];
    unsigned count;
    int rc = pci_sysfs_group(vfio_sys_sysfs(), vfio->host.group, &members, &count, error);

    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < count && culprit == NULL; i++) {
        if (!pci_sysfs_member_viable(&members[i]))
            culprit = members[i].address;
    }
    if (culprit != NULL) {
        vfio_host_members(vfio->host.group, text);
        rc = pci_fail(error, -ENODEV,
                      "%s: the other devices of its IOMMU group %d must be bound to vfio-pci too, "
                      "or have no driver; the group is: %s; bind the next with: penstock pci bind "
                      "%s",
                      vfio->host.address, vfio->host.group, text, culprit);
    }
    free(members);
    return rc;
}

static int check_reset(const struct vfio *vfio, const struct pci_options *options,
                       struct pci_error *error)
{
    if (vfio->host.has_reset || options->allow_no_reset || vfio_reset_of_bus(vfio))
        return 0;
    return pci_fail(error, -EPERM,
                    "%s: it has no reset (no FLR, and its bus cannot be reset for it alone): what "
                    "it did before it would go on doing, so the caller must allow that",
                    vfio->host.address);
}

int vfio_host_check(struct vfio *vfio, const char *where, const struct pci_options *options,
                    struct pci_error *error)
{
    char address[PCI_ADDRESS_SIZE];
    int rc;

    if (pci_sysfs_address(vfio_sys_sysfs(), where, address) < 0)
        return pci_fail(error, -EINVAL,
                        "%s: no device can be there; give it as 0000:03:00.0 or as "
                        "vfio-user:/path/of/socket",
                        where);
    rc = pci_sysfs_read(vfio_sys_sysfs(), address, &vfio->host, error);
    if (rc == 0)
        rc = check_iommu(vfio, error);
    if (rc == 0)
        rc = check_driver(vfio, error);
    if (rc == 0)
        rc = check_group(vfio, error);
    return rc < 0 ? rc : check_reset(vfio, options, error);
}

int vfio_host_refused(const struct vfio *vfio, const char *path, int code, struct pci_error *error)
{
    const char *address = vfio->host.address;

    switch (code) {
    case -EACCES:
    case -EPERM:
        return pci_fail(error, -EACCES,
                        "%s: %s: not allowed; as root, or let this user have it: chown $USER %s",
                        address, path, path);
    case -EBUSY:
        return pci_fail(error, -EBUSY,
                        "%s: another process has it or another device of its IOMMU group %d (%s is "
                        "open; see: fuser -v %s)",
                        address, vfio->host.group, path, path);
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
        if (strcmp(path, VFIO_IOMMUFD_PATH) == 0)
            return pci_fail(error, -ENOTSUP,
                            "%s: %s is not there: this kernel has no iommufd, or it is not loaded: "
                            "modprobe iommufd; type1 does without",
                            address, path);
        return pci_fail(error, -ENOTSUP,
                        "%s: %s is not there: this kernel lacks a part of VFIO, or it is not "
                        "loaded: modprobe -a vfio-pci vfio_iommu_type1",
                        address, path);
    default:
        return pci_fail(error, code, "%s: cannot open %s: %s", address, path, strerror(-code));
    }
}
