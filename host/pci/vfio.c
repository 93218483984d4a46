// SPDX-License-Identifier: ISC
#include "host/pci/vfio.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/pci/pci_config.h"

struct vfio *vfio_next(struct pci_access *first, struct vfio *at)
{
    struct pci_access *dev = at != NULL ? at->access.beside : first;

    while (dev != NULL && (at == NULL || dev != first)) {
        if (dev->ops == &vfio_ops)
            return vfio_of(dev);
        dev = dev->beside;
        if (dev == first)
            break;
    }
    return NULL;
}

static void vfio_close(struct pci_access *dev)
{
    struct vfio *vfio = vfio_of(dev);

    if (vfio->fd >= 0)
        vfio_sys_close(vfio->fd);
    vfio_domain_leave(vfio);
    if (vfio->lost_fd >= 0)
        close(vfio->lost_fd);
    free(vfio);
}

static int vfio_open(const char *where, const char *rest, const struct pci_options *options,
                     struct pci_access **dev, struct pci_error *error)
{
    struct vfio *vfio = calloc(1, sizeof(*vfio));
    int rc;

    if (vfio == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", where);
    vfio->fd = -1;
    vfio->lost_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (vfio->lost_fd < 0)
        rc = pci_fail(error, -errno, "%s: no eventfd: %s", where, strerror(errno));
    else
        rc = vfio_host_check(vfio, rest, options, error);
    if (rc == 0)
        rc = vfio_domain_join(vfio, options, error);
    if (rc < 0) {
        vfio_close(&vfio->access);
        return rc;
    }
    *dev = &vfio->access;
    return 0;
}

static int vfio_identify(struct pci_access *dev, struct pci_identity *identity,
                         struct pci_error *error)
{
    (void)error;
    *identity = vfio_of(dev)->host.identity;
    return 0;
}

static const struct vfio *vfio_of_const(const struct pci_access *dev)
{
    return (const struct vfio *)(const void *)dev;
}

/* Of sysfs: VFIO would say the same, but opens the device for that. */
static void vfio_bar_look(const struct pci_access *dev, unsigned bar, struct pci_bar *look)
{
    const struct pci_sysfs_bar *host = &vfio_of_const(dev)->host.bar[bar];

    *look = (struct pci_bar){.size = host->size, .io_port = host->io_port};
}

static int vfio_lost_fd(const struct pci_access *dev)
{
    return vfio_of_const(dev)->lost_fd;
}

static int vfio_check(const struct pci_access *dev, struct pci_error *error)
{
    const struct vfio *vfio = vfio_of_const(dev);
    uint32_t value = 0;

    if (vfio->state <= 0)
        return 0;
    /* Command and status together: all ones is nothing that a device could answer. */
    if (vfio_sys_read(vfio->fd, &value, sizeof(value), vfio->config_offset + PCI_CONFIG_COMMAND) !=
            sizeof(value) ||
        value == UINT32_MAX)
        return pci_fail(error, -ENODEV, "%s: it does not answer any more", vfio->host.address);
    if (dev->bus_master && !(value & PCI_COMMAND_MASTER))
        return pci_fail(error, -ESTALE, "%s: somebody else has reset it", vfio->host.address);
    return 0;
}

static int vfio_kvm_fd(const struct pci_access *dev)
{
    const struct vfio *vfio = vfio_of_const(dev);

    return vfio->domain->group_fd >= 0 ? vfio->domain->group_fd : vfio->fd;
}

static unsigned vfio_syscalls(const struct pci_access *dev,
                              struct pci_syscall calls[PCI_SYSCALLS_MAX])
{
    const struct vfio *vfio = vfio_of_const(dev);

    calls[0] = (struct pci_syscall){.number = SYS_pread64, .fd = vfio->fd};
    calls[1] = (struct pci_syscall){.number = SYS_pwrite64, .fd = vfio->fd};
    calls[2] =
        (struct pci_syscall){.number = SYS_ioctl, .fd = vfio->fd, .request = VFIO_DEVICE_SET_IRQS};
    calls[3] = (struct pci_syscall){
        .number = SYS_ioctl, .fd = vfio->domain->fd, .request = vfio->domain->iommu->unmap_request};
    if (vfio->domain->iommu->close_request == 0)
        return 4;
    calls[4] = (struct pci_syscall){
        .number = SYS_ioctl, .fd = vfio->domain->fd, .request = vfio->domain->iommu->close_request};
    return 5;
}

const struct pci_access_ops vfio_ops = {
    .open = vfio_open,
    .close = vfio_close,
    .identify = vfio_identify,
    .bar_look = vfio_bar_look,
    .reset = vfio_reset,
    .region_info = vfio_region_info,
    .region_read = vfio_region_read,
    .region_write = vfio_region_write,
    .iova_ranges = vfio_iova_ranges,
    .dma_map = vfio_dma_map,
    .dma_unmap = vfio_dma_unmap,
    .irq_count = vfio_irq_count,
    .irq_enable = vfio_irq_enable,
    .irq_disable = vfio_irq_disable,
    .irq_unmask = vfio_irq_unmask,
    .lost_fd = vfio_lost_fd,
    .lost_events = POLLIN,
    .check = vfio_check,
    .kvm_fd = vfio_kvm_fd,
    .syscalls = vfio_syscalls,
};
