// SPDX-License-Identifier: ISC
#include "host/pci/pci_access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/pci/pci_config.h"
#include "host/pci/pci_ops.h"

/* A kind of access for each prefix of `where`. */
static const struct kind {
    const char *prefix;
    const struct pci_access_ops *ops;
} kinds[] = {
    {"vfio-user:", &vfio_user_ops},
    {"sysfs:", &sysfs_ops},
    {"", &vfio_ops}, /* anything else: a host device */
};

static const struct kind *kind_of(const char *where)
{
    const struct kind *kind = kinds;

    while (strncmp(where, kind->prefix, strlen(kind->prefix)) != 0)
        kind++;
    return kind;
}

static void link_beside(struct pci_access *dev, struct pci_access *other)
{
    dev->beside = dev;
    if (other == NULL)
        return;
    dev->beside = other->beside;
    other->beside = dev;
}

static void unlink_beside(struct pci_access *dev)
{
    struct pci_access *before = dev;

    while (before->beside != dev)
        before = before->beside;
    before->beside = dev->beside;
}

int pci_open(const char *where, const struct pci_options *options, struct pci_access **dev,
             struct pci_error *error)
{
    static const struct pci_options none;
    const struct kind *kind = kind_of(where);
    char *copy = strdup(where);
    int rc;

    *dev = NULL;
    if (copy == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", where);
    if (options == NULL)
        options = &none;
    rc = kind->ops->open(copy, copy + strlen(kind->prefix), options, dev, error);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    (*dev)->ops = kind->ops;
    (*dev)->where = copy;
    (*dev)->options = *options;
    (*dev)->options.beside = NULL; /* it may be closed first */
    link_beside(*dev, options->beside);
    return 0;
}

const char *pci_where(const struct pci_access *dev)
{
    return dev->where;
}

int pci_lost_fd(const struct pci_access *dev)
{
    return dev->ops->lost_fd(dev);
}

short pci_lost_events(const struct pci_access *dev)
{
    return dev->ops->lost_events;
}

int pci_check(const struct pci_access *dev, struct pci_error *error)
{
    return dev->ops->check != NULL ? dev->ops->check(dev, error) : 0;
}

int pci_kvm_fd(const struct pci_access *dev)
{
    return dev->ops->kvm_fd != NULL ? dev->ops->kvm_fd(dev) : -1;
}

unsigned pci_syscalls(const struct pci_access *dev, struct pci_syscall calls[PCI_SYSCALLS_MAX])
{
    return dev->ops->syscalls(dev, calls);
}

static void stop(struct pci_access *dev)
{
    if (dev->bus_master)
        pci_bus_master(dev, false, NULL);
    for (unsigned i = 0; i < PCI_IRQ_KINDS; i++)
        pci_irq_enable(dev, (enum pci_irq_index)i, 0, NULL, NULL);
    while (dev->dma != NULL)
        pci_dma_unmap(dev, dev->dma->iova, dev->dma->size);
}

void pci_close(struct pci_access *dev)
{
    char *where;

    if (dev == NULL)
        return;
    stop(dev);
    pci_mappings_drop(dev);
    unlink_beside(dev);
    where = dev->where;
    dev->ops->close(dev);
    free(where);
}

int pci_reset(struct pci_access *dev, struct pci_error *error)
{
    return dev->ops->reset(dev, error);
}

int pci_identify(struct pci_access *dev, struct pci_identity *identity, struct pci_error *error)
{
    uint64_t ids = 0, class = 0;
    int rc;

    if (dev->ops->identify != NULL)
        return dev->ops->identify(dev, identity, error);
    rc = pci_region_read(dev, PCI_REGION_CONFIG, 0, 4, &ids);
    if (rc == 0)
        rc = pci_region_read(dev, PCI_REGION_CONFIG, 8, 4, &class);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot read the device's identity: %s", dev->where,
                        strerror(-rc));
    *identity = (struct pci_identity){
        .vendor = (uint16_t)ids,
        .device = (uint16_t)(ids >> 16),
        .class_code = (uint8_t)(class >> 24),
        .subclass = (uint8_t)(class >> 16),
        .progif = (uint8_t)(class >> 8),
    };
    return 0;
}

int pci_bus_master(struct pci_access *dev, bool on, struct pci_error *error)
{
    uint16_t set = PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0);
    uint16_t clear = on ? 0 : PCI_COMMAND_MASTER;
    int rc;

    dev->bus_master = on;
    rc = pci_config_change(dev, PCI_CONFIG_COMMAND, clear, set);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot switch bus mastering %s: %s", dev->where,
                        on ? "on" : "off", strerror(-rc));
    if (!on && dev->ops->stopped != NULL)
        dev->ops->stopped(dev);
    return 0;
}

bool pci_dma_is_physical(const struct pci_access *dev)
{
    return dev->ops->dma_physical != NULL;
}

int pci_iova_ranges(struct pci_access *dev, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                    unsigned *count, struct pci_error *error)
{
    if (dev->ops->iova_ranges != NULL)
        return dev->ops->iova_ranges(dev, ranges, count, error);
    ranges[0] = (struct pci_iova_range){.start = 0, .last = UINT64_MAX};
    *count = 1;
    return 0;
}

int pci_dma_physical(struct pci_access *dev, uint64_t size, void *at, void **address,
                     uint64_t *iova, struct pci_error *error)
{
    if (!pci_dma_is_physical(dev))
        return pci_fail(error, -ENOTSUP, "%s: behind an IOMMU, memory is mapped", dev->where);
    return dev->ops->dma_physical(dev, size, at, address, iova, error);
}

int pci_dma_map(struct pci_access *dev, int fd, uint64_t offset, void *address, uint64_t iova,
                uint64_t size, struct pci_error *error)
{
    struct pci_dma *dma;
    uint64_t end;
    int rc;

    if (pci_dma_is_physical(dev))
        return pci_fail(error, -ENOTSUP, "%s: without an IOMMU, memory cannot be mapped",
                        dev->where);
    if (size == 0 || size % PCI_PAGE != 0 || iova % PCI_PAGE != 0 || offset % PCI_PAGE != 0 ||
        __builtin_add_overflow(iova, size - 1, &end) || __builtin_add_overflow(offset, size, &end))
        return pci_fail(error, -EINVAL, "%s: DMA memory is mapped in whole pages", dev->where);
    dma = malloc(sizeof(*dma));
    if (dma == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", dev->where);
    rc = dev->ops->dma_map(dev, fd, offset, address, iova, size, error);
    if (rc < 0) {
        free(dma);
        return rc;
    }
    *dma = (struct pci_dma){.next = dev->dma, .address = address, .iova = iova, .size = size};
    dev->dma = dma;
    return 0;
}

int pci_dma_unmap(struct pci_access *dev, uint64_t iova, uint64_t size)
{
    for (struct pci_dma **at = &dev->dma; *at != NULL; at = &(*at)->next) {
        struct pci_dma *dma = *at;

        if (dma->iova != iova || dma->size != size)
            continue;
        *at = dma->next;
        free(dma);
        return dev->ops->dma_unmap(dev, iova, size);
    }
    return -ENOENT;
}

unsigned pci_irq_count(struct pci_access *dev, enum pci_irq_index index)
{
    return dev->ops->irq_count(dev, index);
}

int pci_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count, const int *fds,
                   struct pci_error *error)
{
    unsigned available;
    int rc;

    if (count == 0) {
        bool was_on = dev->irq_on[index];

        dev->irq_on[index] = false;
        return was_on ? dev->ops->irq_disable(dev, index, error) : 0;
    }
    available = pci_irq_count(dev, index);
    if (count > available)
        return pci_fail(error, -EINVAL, "%s: %u interrupt vectors wanted, the device has %u",
                        dev->where, count, available);
    dev->irq_on[index] = true;
    rc = dev->ops->irq_enable(dev, index, count, fds, error);
    if (rc < 0)
        pci_irq_enable(dev, index, 0, NULL, NULL);
    return rc;
}

int pci_irq_unmask(struct pci_access *dev, enum pci_irq_index index)
{
    return dev->irq_on[index] ? dev->ops->irq_unmask(dev, index) : 0;
}
