// SPDX-License-Identifier: ISC
#include "host/cli/pci_verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/pci_use.h"
#include "host/pci/pci_file.h"

bool pci_group_is_real(const struct pci_host *host, int group)
{
    char name[PCI_NAME_SIZE];

    return group >= 0 && (pci_file_read(name, sizeof(name), "%s/kernel/iommu_groups/%d/name",
                                        host->sys, group) != 0 ||
                          strcmp(name, "vfio-noiommu") != 0);
}

unsigned pci_group_others(const struct pci_host *host, const struct pci_sysfs_device *device,
                          bool with_drivers, char *text, size_t size)
{
    struct pci_sysfs_device *members;
    unsigned count, others = 0;
    size_t used = 0;

    text[0] = 0;
    if (pci_sysfs_group(host->sys, device->group, &members, &count, NULL) != 0)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(members[i].address, device->address) == 0 ||
            pci_sysfs_member_viable(&members[i]))
            continue;
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, with_drivers ? "%s%s (%s)" : "%s%s",
                                     others == 0    ? ""
                                     : with_drivers ? ", "
                                                    : " ",
                                     members[i].address, members[i].driver);
        others++;
    }
    free(members);
    return others;
}

/* Whether it can be had at all; otherwise why not. */
static bool possible(const struct pci_host *host, const struct pci_sysfs_device *device,
                     char reason[PCI_REASON_SIZE])
{
    const char *why = NULL;

    if (device->is_bridge || device->identity.class_code == 0x06)
        why = "a bridge";
    else if (device->group < 0)
        why = "no IOMMU group";
    else if (!pci_group_is_real(host, device->group))
        why = "no IOMMU behind its group";
    snprintf(reason, PCI_REASON_SIZE, "%s", why ? why : "");
    return !why;
}

void pci_judge(const struct pci_host *host, const struct pci_sysfs_device *device,
               struct pci_verdict *verdict)
{
    char others[PCI_REASON_SIZE / 2];

    *verdict = (struct pci_verdict){.bound = pci_host_is_vfio(device->driver)};
    verdict->in_use = pci_in_use(host, device, false, verdict->use);
    verdict->possible = possible(host, device, verdict->reason);
    if (!verdict->possible)
        return;
    verdict->viable = pci_group_others(host, device, true, others, sizeof(others)) == 0;
    if (verdict->in_use)
        snprintf(verdict->reason, PCI_REASON_SIZE, "%.200s: --force", verdict->use);
    else if (!verdict->viable)
        snprintf(verdict->reason, PCI_REASON_SIZE, "together with %s", others);
    else if (!device->has_reset)
        snprintf(verdict->reason, PCI_REASON_SIZE, "without a reset of its own");
}
