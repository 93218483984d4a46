// SPDX-License-Identifier: ISC
/* Interrupts of a host device (linux/vfio.h, VFIO_DEVICE_SET_IRQS). */
#include <errno.h>
#include <string.h>

#include "host/pci/pci_config.h"
#include "host/pci/vfio.h"

#define VECTORS_MAX 2048u /* MSI-X has no more */
#define SET_HEAD    (sizeof(struct vfio_irq_set) / sizeof(int32_t))

/* How many vectors the device has of a kind that can signal eventfds. */
static unsigned count_of(const struct vfio *vfio, unsigned index)
{
    struct vfio_irq_info info = {.argsz = sizeof(info), .index = index};

    if (index >= vfio->num_irqs || vfio_sys_ioctl(vfio->fd, VFIO_DEVICE_GET_IRQ_INFO, &info) < 0 ||
        !(info.flags & VFIO_IRQ_INFO_EVENTFD))
        return 0;
    return info.count < VECTORS_MAX ? info.count : VECTORS_MAX;
}

unsigned vfio_irq_count(struct pci_access *dev, enum pci_irq_index index)
{
    struct vfio *vfio = vfio_of(dev);
    unsigned count;

    if (vfio_ready(vfio, NULL) < 0)
        return 0;
    count = count_of(vfio, index);
    return vfio->irq_limit[index] > 0 && vfio->irq_limit[index] < count ? vfio->irq_limit[index]
                                                                        : count;
}

/* Vectors 0 to count - 1. Without fds: what the flags say, for all of them. */
static int set_irqs(const struct vfio *vfio, unsigned index, uint32_t flags, unsigned count,
                    const int *fds)
{
    int32_t words[SET_HEAD + VECTORS_MAX];
    unsigned data = fds != NULL ? count : 0;
    struct vfio_irq_set set = {
        .argsz = (uint32_t)((SET_HEAD + data) * sizeof(words[0])),
        .flags = flags | (fds != NULL ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
        .index = index,
        .count = count,
    };

    memcpy(words, &set, sizeof(set));
    if (data > 0)
        memcpy(words + SET_HEAD, fds, data * sizeof(words[0]));
    return vfio_sys_ioctl(vfio->fd, VFIO_DEVICE_SET_IRQS, words);
}

static int all_off(struct vfio *vfio, unsigned index)
{
    return set_irqs(vfio, index, VFIO_IRQ_SET_ACTION_TRIGGER, 0, NULL);
}

/*
 * A line that the device pulls while nobody listens would be seen as an interrupt of whoever shares
 * it: the command register keeps it from that while INTx is not used.
 */
static int intx_line(struct vfio *vfio, bool on)
{
    return vfio_config_change(vfio, PCI_CONFIG_COMMAND, on ? PCI_COMMAND_INTX_OFF : 0,
                              on ? 0 : PCI_COMMAND_INTX_OFF);
}

int vfio_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count,
                    const int *fds, struct pci_error *error)
{
    struct vfio *vfio = vfio_of(dev);
    int rc = vfio_ready(vfio, error);

    if (rc < 0)
        return rc;
    if (vfio->irq_on[index] != 0 && vfio->irq_on[index] != count)
        all_off(vfio, index); /* their number is fixed while they are on */
    vfio->irq_on[index] = 0;
    rc = set_irqs(vfio, index, VFIO_IRQ_SET_ACTION_TRIGGER, count, fds);
    if (rc > 0) { /* so many there are, and none was switched on */
        vfio->irq_limit[index] = (unsigned)rc;
        return pci_fail(error, -ENOSPC,
                        "%s: %u interrupt vectors wanted, the machine has %d for this device",
                        vfio->host.address, count, rc);
    }
    if (rc == 0)
        vfio->irq_on[index] = count;
    if (rc == 0 && index == PCI_IRQ_INTX)
        rc = intx_line(vfio, true);
    if (rc < 0)
        return pci_fail(error, rc, "%s: VFIO cannot switch %u interrupts on: %s",
                        vfio->host.address, count, strerror(-rc));
    return 0;
}

int vfio_irq_disable(struct pci_access *dev, enum pci_irq_index index, struct pci_error *error)
{
    struct vfio *vfio = vfio_of(dev);
    int line, rc;

    if (vfio->irq_on[index] == 0)
        return 0;
    line = index == PCI_IRQ_INTX ? intx_line(vfio, false) : 0;
    rc = all_off(vfio, index);
    vfio->irq_on[index] = 0;
    rc = rc < 0 ? rc : line;
    if (rc < 0)
        return pci_fail(error, rc, "%s: VFIO cannot switch interrupts off: %s", vfio->host.address,
                        strerror(-rc));
    return 0;
}

int vfio_irq_unmask(struct pci_access *dev, enum pci_irq_index index)
{
    int rc;

    if (index != PCI_IRQ_INTX)
        return 0;
    rc = set_irqs(vfio_of(dev), index, VFIO_IRQ_SET_ACTION_UNMASK, 1, NULL);
    return rc < 0 ? rc : 0;
}

static const unsigned losses[] = {VFIO_PCI_ERR_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX};

int vfio_irq_prepare(struct vfio *vfio)
{
    for (unsigned i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        if (count_of(vfio, losses[i]) > 0) {
            int rc = set_irqs(vfio, losses[i], VFIO_IRQ_SET_ACTION_TRIGGER, 1, &vfio->lost_fd);

            if (rc < 0)
                return rc;
        }
    }
    return intx_line(vfio, false);
}
