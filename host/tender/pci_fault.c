// SPDX-License-Identifier: ISC
/* Was it a device that the unikernel could not access? */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/tender/pci_parts.h"

#define WHY_SIZE 96

static bool is_register(const struct tender_pci_device *device, uint64_t addr, char why[WHY_SIZE])
{
    for (unsigned i = 0; i < 6; i++) {
        const struct tender_bar *bar = &device->bar[i];

        if (bar->size == 0 || addr < bar->addr || addr - bar->addr >= bar->size)
            continue;
        snprintf(why, WHY_SIZE, "its registers cannot be accessed any more (BAR%u at 0x%llx)", i,
                 (unsigned long long)(addr - bar->addr));
        return true;
    }
    return false;
}

/*
 * Looks at one register of each part that is mapped, by a system call that fails where we would be
 * killed. What it does to the device's counter and to a register that cares about being read is of
 * no matter any more: the unikernel has ended.
 */
static bool is_silent(const struct tender_pci_device *device, char why[WHY_SIZE])
{
    for (unsigned i = 0; i < 6; i++) {
        const struct tender_bar *bar = &device->bar[i];

        for (unsigned r = 0; r < bar->ranges_count; r++) {
            if (write(device->irq_fd, bar->ranges[r].host, sizeof(uint64_t)) >= 0 ||
                errno != EFAULT)
                continue;
            snprintf(why, WHY_SIZE, "its registers cannot be accessed any more (BAR%u)", i);
            return true;
        }
    }
    return false;
}

static bool is_cause(const struct tender_pci_device *device, uint64_t addr, struct pci_error *why)
{
    if (addr != 0)
        return is_register(device, addr, why->text);
    return pci_check(device->access, why) < 0 || is_silent(device, why->text);
}

int tender_pci_fault(struct tender_pci *pci, uint64_t addr, struct tender_error *error)
{
    struct pci_error why;

    for (unsigned i = 0; i < pci->count; i++) {
        const struct tender_pci_device *device = &pci->device[i];

        if (device->access != NULL && is_cause(device, addr, &why))
            return tender_fail(error, -ENODEV, "device \"%s\" (%s) is gone: %s", device->name,
                               device->where, why.text);
    }
    return 0;
}
