// SPDX-License-Identifier: ISC
/* Who may have a device without an IOMMU, and when. All that is asked changes nothing. */
#include <errno.h>
#include <string.h>

#include "host/pci/pci_file.h"
#include "host/pci/sysfs.h"

/* vfio-pci is no user; whether it is in the way, refuse_group says. */
static int refuse_driver(const struct pci_sysfs_device *about, const char *where,
                         struct pci_error *error)
{
    const char *driver = about->driver;

    if (driver[0] == '\0' || strcmp(driver, "vfio-pci") == 0 || strstr(driver, "uio") != NULL)
        return 0;
    return pci_fail(error, -EBUSY,
                    "%s: the kernel's driver %s uses this device; first take it away from it: echo "
                    "%s > /sys/bus/pci/drivers/%s/unbind",
                    where, driver, about->address, driver);
}

/*
 * A group whose default domain is the identity (iommu=pt) leaves physical addresses as they are; in
 * all others they mean nothing, or somebody else's memory. VFIO's no-IOMMU mode has groups too.
 */
static int refuse_group(const struct sysfs_host *host, const struct pci_sysfs_device *about,
                        const char *where, struct pci_error *error)
{
    char type[PCI_NAME_SIZE], name[PCI_NAME_SIZE];
    const char *groups = "kernel/iommu_groups";

    if (about->group < 0)
        return 0;
    if (pci_file_read(name, sizeof(name), "%s/%s/%d/name", host->sys, groups, about->group) == 0 &&
        strcmp(name, "vfio-noiommu") == 0)
        return 0;
    if (pci_file_read(type, sizeof(type), "%s/%s/%d/type", host->sys, groups, about->group) < 0)
        strcpy(type, "unknown");
    if (strcmp(type, "identity") == 0 && strcmp(about->driver, "vfio-pci") != 0)
        return 0;
    return pci_fail(error, -ENOTSUP,
                    "%s: this device is behind an IOMMU (group %d, domain type %s)%s; bind it to "
                    "vfio-pci and give its address without \"sysfs:\", which is safe",
                    where, about->group, type,
                    strcmp(type, "identity") == 0 ? " and bound to vfio-pci"
                                                  : ", where physical addresses mean nothing");
}

/* Lockdown forbids registers and configuration space to everybody (kernel_lockdown(7)). */
static int refuse_lockdown(const struct sysfs_host *host, const char *where,
                           struct pci_error *error)
{
    char text[PCI_NAME_SIZE];

    if (pci_file_read(text, sizeof(text), "%s/kernel/security/lockdown", host->sys) < 0 ||
        strstr(text, "[none]") != NULL)
        return 0;
    return pci_fail(error, -EACCES,
                    "%s: this kernel is locked down (%s), so nobody can reach a device's registers "
                    "this way; boot it without lockdown (Secure Boot switches that on)",
                    where, text);
}

static int refuse_secrets(const struct sysfs_host *host, const char *where, struct pci_error *error)
{
    uint64_t address;
    int rc = host->physical(&address, &address);

    if (rc == 0)
        return 0;
    return pci_fail(error, -EACCES,
                    "%s: the kernel does not say which physical addresses memory has (%s); it does "
                    "with CAP_SYS_ADMIN: run this as root",
                    where, strerror(-rc));
}

int sysfs_refuse_no_reset(const char *where, struct pci_error *error)
{
    return pci_fail(error, -EPERM,
                    "%s: this device cannot be reset, so nobody knows what its last user left "
                    "running on it: the caller must allow it to be used without a reset",
                    where);
}

int sysfs_refuse(const struct sysfs_host *host, const struct pci_sysfs_device *about,
                 const char *where, const struct pci_options *options, struct pci_error *error)
{
    int rc = 0;

    if (about->is_bridge)
        rc = pci_fail(error, -EINVAL, "%s: this is a bridge", where);
    if (rc == 0)
        rc = refuse_driver(about, where, error);
    if (rc == 0)
        rc = refuse_group(host, about, where, error);
    if (rc == 0)
        rc = refuse_lockdown(host, where, error);
    if (rc == 0)
        rc = refuse_secrets(host, where, error);
    if (rc == 0 && !about->has_reset && !options->allow_no_reset)
        rc = sysfs_refuse_no_reset(where, error);
    return rc;
}
