// SPDX-License-Identifier: ISC
/* The IOMMU domains of host devices: one per IOMMU group, and what is mapped there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/pci/vfio.h"

/* ---- who has which ---- */

static struct vfio_domain *find(struct pci_access *circle, int group)
{
    for (struct vfio *at = vfio_next(circle, NULL); at != NULL; at = vfio_next(circle, at)) {
        if (at->domain->group == group)
            return at->domain;
    }
    return NULL;
}

static int open_with(const struct vfio_iommu *iommu, struct vfio *vfio,
                     const struct pci_options *options, struct pci_error *error)
{
    vfio->domain->iommu = iommu;
    return iommu->open(vfio, vfio->domain, options->beside, error);
}

static int open_domain(struct vfio *vfio, const struct pci_options *options,
                       struct pci_error *error)
{
    int rc;

    if (options->iommu == PCI_IOMMU_TYPE1)
        return open_with(&vfio_type1, vfio, options, error);
    rc = open_with(&vfio_iommufd, vfio, options, error);
    /* Not in this kernel, or not for this user: then the older way. */
    if (options->iommu == PCI_IOMMU_AUTO && (rc == -ENOTSUP || rc == -EACCES))
        rc = open_with(&vfio_type1, vfio, options, error);
    return rc;
}

int vfio_domain_join(struct vfio *vfio, const struct pci_options *options, struct pci_error *error)
{
    struct vfio_domain *domain = find(options->beside, vfio->host.group);
    int rc;

    if (domain != NULL) {
        rc = domain->iommu->join != NULL ? domain->iommu->join(vfio, error) : 0;
        if (rc < 0)
            return rc;
        domain->users++;
        vfio->domain = domain;
        return 0;
    }
    domain = calloc(1, sizeof(*domain));
    if (domain == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", vfio->host.address);
    *domain = (struct vfio_domain){.users = 1, .group = vfio->host.group, .group_fd = -1, .fd = -1};
    vfio->domain = domain;
    rc = open_domain(vfio, options, error);
    if (rc < 0) {
        free(domain);
        vfio->domain = NULL;
    }
    return rc;
}

void vfio_domain_leave(struct vfio *vfio)
{
    struct vfio_domain *domain = vfio->domain;

    vfio->domain = NULL;
    if (domain == NULL || --domain->users > 0)
        return;
    while (domain->windows != NULL) {
        struct vfio_window *window = domain->windows;

        domain->windows = window->next;
        domain->iommu->unmap(domain, window->iova, window->size);
        free(window);
    }
    domain->iommu->close(domain);
    free(domain);
}

/* ---- addresses ---- */

int vfio_ranges_take(const struct pci_iova_range *from, unsigned from_count,
                     struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX], unsigned *count)
{
    *count = 0;
    for (unsigned i = 0; i < from_count; i++) {
        if (from[i].last < from[i].start || (i > 0 && from[i].start <= from[i - 1].last))
            return -EPROTO;
        if (*count < PCI_IOVA_RANGES_MAX)
            ranges[(*count)++] = from[i];
    }
    return 0;
}

int vfio_iova_ranges(struct pci_access *dev, struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX],
                     unsigned *count, struct pci_error *error)
{
    struct vfio *vfio = vfio_of(dev);
    int rc = vfio_ready(vfio, error);

    if (rc < 0)
        return rc;
    rc = vfio->domain->iommu->ranges(vfio->domain, ranges, count);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot learn which addresses the IOMMU takes: %s",
                        vfio->host.address, strerror(-rc));
    if (*count == 0)
        ranges[(*count)++] = (struct pci_iova_range){.start = 0, .last = UINT64_MAX};
    return 0;
}

/* ---- memory ---- */

static struct vfio_window **find_window(struct vfio_domain *domain, uint64_t iova, uint64_t size)
{
    struct vfio_window **at = &domain->windows;

    while (*at != NULL && ((*at)->iova != iova || (*at)->size != size))
        at = &(*at)->next;
    return at;
}

static int map_failed(const struct vfio *vfio, uint64_t iova, uint64_t size, int code,
                      struct pci_error *error)
{
    const char *why = code == -EEXIST   ? "something is mapped there already"
                      : code == -EINVAL ? "the IOMMU does not reach these addresses, or not in "
                                          "pages of this size"
                      : code == -ENOSPC ? "it has too many mappings (module parameter "
                                          "vfio_iommu_type1.dma_entry_limit)"
                                        : strerror(-code);

    if (code == -ENOMEM)
        return vfio_memlock_explain(vfio, size, error);
    return pci_fail(error, code, "%s: cannot map %llu KiB of DMA memory at 0x%llx: %s",
                    vfio->host.address, (unsigned long long)(size >> 10), (unsigned long long)iova,
                    why);
}

static int map_new(struct vfio *vfio, const void *address, uint64_t iova, uint64_t size,
                   struct pci_error *error)
{
    struct vfio_domain *domain = vfio->domain;
    struct vfio_window *window = malloc(sizeof(*window));
    int rc;

    if (window == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", vfio->host.address);
    rc = domain->iommu->map(domain, (uintptr_t)address, iova, size);
    if (rc < 0) {
        free(window);
        return map_failed(vfio, iova, size, rc, error);
    }
    *window = (struct vfio_window){
        .next = domain->windows, .address = address, .iova = iova, .size = size, .users = 1};
    domain->windows = window;
    return 0;
}

int vfio_dma_map(struct pci_access *dev, int fd, uint64_t offset, void *address, uint64_t iova,
                 uint64_t size, struct pci_error *error)
{
    struct vfio *vfio = vfio_of(dev);
    struct vfio_window *window;
    int rc = vfio_ready(vfio, error);

    (void)fd; /* the kernel takes the pages from where they are mapped here */
    (void)offset;
    if (rc < 0)
        return rc;
    window = *find_window(vfio->domain, iova, size);
    if (window == NULL)
        return map_new(vfio, address, iova, size, error);
    if (window->address != address)
        return map_failed(vfio, iova, size, -EEXIST, error);
    window->users++;
    return 0;
}

int vfio_dma_unmap(struct pci_access *dev, uint64_t iova, uint64_t size)
{
    struct vfio_domain *domain = vfio_of(dev)->domain;
    struct vfio_window **at = find_window(domain, iova, size);
    struct vfio_window *window = *at;

    if (window == NULL)
        return -ENOENT;
    if (--window->users > 0)
        return 0;
    *at = window->next;
    free(window);
    return domain->iommu->unmap(domain, iova, size);
}
