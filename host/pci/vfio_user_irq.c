// SPDX-License-Identifier: ISC
/* Interrupts of a vfio-user device (spec, "VFIO_USER_DEVICE_GET_IRQ_INFO" and "..._SET_IRQS"). */
#include <errno.h>
#include <string.h>

#include "host/pci/pci_config.h"
#include "host/pci/vfio_user.h"

#define VECTORS_MAX 2048u /* MSI-X has no more */

static int irq_info(struct vfio_user *vu, enum pci_irq_index index, struct vfio_user_irq_info *info)
{
    struct vfio_user_irq_info ask = {.argsz = sizeof(ask), .index = index};
    struct vfio_user_request request = {
        .command = VFIO_USER_DEVICE_GET_IRQ_INFO, .payload = &ask, .size = sizeof(ask)};
    struct vfio_user_reply reply = {.payload = info, .min = sizeof(*info), .max = sizeof(*info)};

    return vfio_user_call(vu, &request, &reply);
}

unsigned vfio_user_irq_count(struct pci_access *dev, enum pci_irq_index index)
{
    struct vfio_user *vu = vfio_user_of(dev);
    struct vfio_user_irq_info info;

    if (index >= vu->num_irqs || irq_info(vu, index, &info) < 0 ||
        !(info.flags & VFIO_USER_IRQ_EVENTFD))
        return 0;
    return info.count < VECTORS_MAX ? info.count : VECTORS_MAX;
}

static int set_irqs(struct vfio_user *vu, enum pci_irq_index index, uint32_t flags, unsigned start,
                    unsigned count, const int *fds)
{
    struct vfio_user_irq_set set = {
        .argsz = sizeof(set), .flags = flags, .index = index, .start = start, .count = count};
    struct vfio_user_request request = {.command = VFIO_USER_DEVICE_SET_IRQS,
                                        .payload = &set,
                                        .size = sizeof(set),
                                        .fds = fds,
                                        .fds_count = fds != NULL ? count : 0};
    struct vfio_user_reply reply = {.max = 0};

    return vfio_user_call(vu, &request, &reply);
}

/*
 * A server looks at the enable bits as a real device does: the kernel's VFIO, which sets them by
 * itself, is not between us and it.
 */
static int switch_on(struct pci_access *dev, enum pci_irq_index index, bool on)
{
    uint8_t id = index == PCI_IRQ_MSI ? PCI_CAP_MSI : PCI_CAP_MSIX;
    uint16_t enable = index == PCI_IRQ_MSI ? PCI_MSI_ENABLE : PCI_MSIX_ENABLE;
    uint16_t off = index == PCI_IRQ_MSI ? 0 : PCI_MSIX_FUNCTION_OFF;
    unsigned cap;
    int rc;

    if (index == PCI_IRQ_INTX)
        return pci_config_change(dev, PCI_CONFIG_COMMAND, on ? PCI_COMMAND_INTX_OFF : 0,
                                 on ? 0 : PCI_COMMAND_INTX_OFF);
    rc = pci_config_capability(dev, id, &cap);
    if (rc < 0 || cap == 0)
        return rc;
    return pci_config_change(dev, cap + PCI_CAP_CONTROL, on ? off : enable, on ? enable : 0);
}

/* How many vectors from `start` on one message can set: all with a descriptor, or all without. */
static unsigned run_length(const struct vfio_user *vu, const int *fds, unsigned start,
                           unsigned count)
{
    unsigned length = 1;
    bool have = fds[start] >= 0;

    while (start + length < count && (fds[start + length] >= 0) == have &&
           (!have || length < vu->max_fds))
        length++;
    return length;
}

int vfio_user_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count,
                         const int *fds, struct pci_error *error)
{
    struct vfio_user *vu = vfio_user_of(dev);
    const uint32_t flags = VFIO_USER_IRQ_SET_DATA_EVENTFD | VFIO_USER_IRQ_SET_ACTION_TRIGGER;
    unsigned length;
    int rc = 0;

    if (vu->max_fds == 0)
        return pci_fail(error, -ENOTSUP, "%s: the server takes no descriptors for interrupts",
                        dev->where);
    /* Vectors without a descriptor stay as they are at first: not assigned. */
    for (unsigned i = 0; rc == 0 && i < count; i += length) {
        length = run_length(vu, fds, i, count);
        if (fds[i] >= 0)
            rc = set_irqs(vu, index, flags, i, length, &fds[i]);
    }
    if (rc == 0)
        rc = switch_on(dev, index, true);
    if (rc < 0)
        return vfio_user_failed(vu, dev->where, "switch interrupts on", rc, error);
    return 0;
}

int vfio_user_irq_disable(struct pci_access *dev, enum pci_irq_index index, struct pci_error *error)
{
    struct vfio_user *vu = vfio_user_of(dev);
    const uint32_t flags = VFIO_USER_IRQ_SET_DATA_NONE | VFIO_USER_IRQ_SET_ACTION_TRIGGER;
    int off = switch_on(dev, index, false);
    int rc = set_irqs(vu, index, flags, 0, 0, NULL);

    if (rc == 0)
        rc = off;
    if (rc < 0)
        return vfio_user_failed(vu, dev->where, "switch interrupts off", rc, error);
    return 0;
}

int vfio_user_irq_unmask(struct pci_access *dev, enum pci_irq_index index)
{
    if (index != PCI_IRQ_INTX)
        return 0;
    return set_irqs(vfio_user_of(dev), index,
                    VFIO_USER_IRQ_SET_DATA_NONE | VFIO_USER_IRQ_SET_ACTION_UNMASK, 0, 1, NULL);
}
