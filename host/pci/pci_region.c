// SPDX-License-Identifier: ISC
/*
 * Regions: what a device reports of them, brought into the form that pci_access.h promises, and the
 * two ways to reach them, by a call or by a mapping.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/pci/pci_config.h"
#include "host/pci/pci_ops.h"

/* Takes the pages of the MSI-X table and the pending bits out of a BAR's areas. */
static int cut_msix(struct pci_access *dev, unsigned region, struct pci_area_list *areas)
{
    struct pci_msix msix;
    int rc;

    if (areas->count == 0)
        return 0;
    rc = pci_config_msix(dev, &msix);
    if (rc < 0 || msix.vectors == 0)
        return rc;
    if (msix.table_bar == region)
        pci_areas_cut(areas, msix.table_offset, msix.table_size);
    if (msix.pba_bar == region)
        pci_areas_cut(areas, msix.pba_offset, msix.pba_size);
    return 0;
}

static int describe(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                    struct pci_region *info)
{
    int rc;

    *info = (struct pci_region){
        .size = raw->size, .readable = raw->readable, .writable = raw->writable};
    if (region > PCI_REGION_BAR5 || raw->size == 0)
        return 0;
    rc = pci_config_bar_is_io(dev, region, &info->io_port);
    if (rc < 0 || info->io_port || raw->fd < 0)
        return rc;
    pci_areas_normalise(&raw->areas, raw->size);
    rc = cut_msix(dev, region, &raw->areas);
    if (rc == 0)
        info->areas_count = pci_areas_largest(&raw->areas, info->areas, PCI_AREAS_MAX);
    return rc;
}

/* Asks the device once; its answer holds until pci_close. */
static int know(struct pci_access *dev, unsigned region, struct pci_error *error)
{
    struct pci_raw_region raw = {.fd = -1};
    struct pci_region info;
    int rc;

    if (region >= PCI_REGIONS)
        return pci_fail(error, -EINVAL, "%s: there is no region %u", dev->where, region);
    if (dev->region_known[region])
        return 0;
    rc = dev->ops->region_info(dev, region, &raw, error);
    if (rc < 0)
        return rc;
    rc = describe(dev, region, &raw, &info);
    if (rc < 0)
        return pci_fail(error, rc, "%s: cannot read the configuration space: %s", dev->where,
                        strerror(-rc));
    dev->region[region] = info;
    dev->region_fd[region] = raw.fd;
    dev->region_offset[region] = raw.offset;
    dev->region_known[region] = true;
    return 0;
}

int pci_region_info(struct pci_access *dev, unsigned region, struct pci_region *info,
                    struct pci_error *error)
{
    int rc = know(dev, region, error);

    if (rc == 0)
        *info = dev->region[region];
    return rc;
}

int pci_bar_look(struct pci_access *dev, unsigned bar, struct pci_bar *look,
                 struct pci_error *error)
{
    int rc;

    if (bar > PCI_REGION_BAR5)
        return pci_fail(error, -EINVAL, "%s: there is no BAR%u", dev->where, bar);
    if (dev->ops->bar_look != NULL) {
        dev->ops->bar_look(dev, bar, look);
        return 0;
    }
    rc = know(dev, bar, error);
    if (rc == 0)
        *look =
            (struct pci_bar){.size = dev->region[bar].size, .io_port = dev->region[bar].io_port};
    return rc;
}

static int check_access(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size)
{
    int rc = know(dev, region, NULL);

    if (rc < 0)
        return rc;
    if (size != 1 && size != 2 && size != 4 && size != 8)
        return -EINVAL;
    if (offset % size != 0 || !pci_range_fits(offset, size, dev->region[region].size))
        return -EINVAL;
    return 0;
}

int pci_region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                    uint64_t *value)
{
    int rc = check_access(dev, region, offset, size);

    if (rc < 0)
        return rc;
    if (!dev->region[region].readable)
        return -EIO;
    return dev->ops->region_read(dev, region, offset, size, value);
}

int pci_region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                     uint64_t value)
{
    int rc = check_access(dev, region, offset, size);

    if (rc < 0)
        return rc;
    if (!dev->region[region].writable)
        return -EIO;
    return dev->ops->region_write(dev, region, offset, size, value);
}

static bool can_map(const struct pci_region *region, struct pci_area area)
{
    if (area.size == 0 || area.size % PCI_PAGE != 0 || area.offset % PCI_PAGE != 0)
        return false;
    for (unsigned i = 0; i < region->areas_count; i++) {
        const struct pci_area *whole = &region->areas[i];

        if (area.offset >= whole->offset &&
            pci_range_fits(area.offset - whole->offset, area.size, whole->size))
            return true;
    }
    return false;
}

int pci_map(struct pci_access *dev, unsigned region, struct pci_area area, void *at, void **address,
            struct pci_error *error)
{
    struct pci_mapping *mapping;
    int rc = know(dev, region, error), prot;
    void *mapped;

    if (rc < 0)
        return rc;
    if (!can_map(&dev->region[region], area))
        return pci_fail(error, -EINVAL, "%s: this part of region %u cannot be mapped", dev->where,
                        region);
    mapping = malloc(sizeof(*mapping));
    if (mapping == NULL)
        return pci_fail(error, -ENOMEM, "%s: no memory", dev->where);
    prot = (dev->region[region].readable ? PROT_READ : 0) |
           (dev->region[region].writable ? PROT_WRITE : 0);
    mapped = mmap(at, area.size, prot, MAP_SHARED | (at != NULL ? MAP_FIXED : 0),
                  dev->region_fd[region], (off_t)(dev->region_offset[region] + area.offset));
    if (mapped == MAP_FAILED) {
        rc = -errno;
        free(mapping);
        return pci_fail(error, rc, "%s: cannot map region %u: %s", dev->where, region,
                        strerror(-rc));
    }
    *mapping = (struct pci_mapping){
        .next = dev->mappings, .address = mapped, .size = area.size, .fixed = at != NULL};
    dev->mappings = mapping;
    *address = mapped;
    return 0;
}

void pci_mappings_drop(struct pci_access *dev)
{
    while (dev->mappings != NULL) {
        struct pci_mapping *mapping = dev->mappings;

        dev->mappings = mapping->next;
        /* A reservation becomes one again, so that nothing else gets its addresses unnoticed. */
        if (mapping->fixed)
            mmap(mapping->address, mapping->size, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        else
            munmap(mapping->address, mapping->size);
        free(mapping);
    }
}
