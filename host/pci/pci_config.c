// SPDX-License-Identifier: ISC
#include "host/pci/pci_config.h"

#define STATUS          0x06u
#define STATUS_CAP_LIST (1u << 4)
#define CAP_POINTER     0x34u
#define CAP_FIRST       0x40u
#define CAP_COUNT_MAX   48u /* (256 - 64) / 4: more means that the list is a circle */
#define BAR(i)          (0x10u + 4 * (i))
#define BAR_IO          1u
#define BAR_TYPE_MASK   6u
#define BAR_TYPE_64     4u
#define MSIX_TABLE      4u /* offset and BAR, in the capability */
#define MSIX_PBA        8u
#define MSIX_BIR_MASK   7u
#define MSIX_SIZE_MASK  0x7ffu
#define MSIX_ENTRY_SIZE 16u
#define MSIX_PBA_BITS   64u
#define MSIX_PBA_UNIT   8u

static int read_config(struct pci_access *dev, unsigned offset, unsigned size, uint32_t *value)
{
    uint64_t wide = 0;
    int rc = pci_region_read(dev, PCI_REGION_CONFIG, offset, size, &wide);

    *value = (uint32_t)wide;
    return rc;
}

int pci_config_capability(struct pci_access *dev, uint8_t id, unsigned *offset)
{
    uint32_t value;
    int rc = read_config(dev, STATUS, 2, &value);

    *offset = 0;
    if (rc < 0 || !(value & STATUS_CAP_LIST))
        return rc;
    rc = read_config(dev, CAP_POINTER, 1, &value);
    for (unsigned seen = 0; rc == 0 && seen < CAP_COUNT_MAX; seen++) {
        unsigned at = value & ~3u & 0xffu;

        if (at < CAP_FIRST)
            return 0;
        rc = read_config(dev, at, 2, &value);
        if (rc == 0 && (value & 0xff) == id) {
            *offset = at;
            return 0;
        }
        value >>= 8;
    }
    return rc;
}

int pci_config_msix(struct pci_access *dev, struct pci_msix *msix)
{
    uint32_t control, table, pba;
    unsigned cap;
    int rc = pci_config_capability(dev, PCI_CAP_MSIX, &cap);

    *msix = (struct pci_msix){0};
    if (rc < 0 || cap == 0)
        return rc;
    if ((rc = read_config(dev, cap + PCI_CAP_CONTROL, 2, &control)) < 0 ||
        (rc = read_config(dev, cap + MSIX_TABLE, 4, &table)) < 0 ||
        (rc = read_config(dev, cap + MSIX_PBA, 4, &pba)) < 0)
        return rc;
    msix->vectors = (control & MSIX_SIZE_MASK) + 1;
    msix->table_bar = table & MSIX_BIR_MASK;
    msix->table_offset = table & ~MSIX_BIR_MASK;
    msix->table_size = (uint64_t)msix->vectors * MSIX_ENTRY_SIZE;
    msix->pba_bar = pba & MSIX_BIR_MASK;
    msix->pba_offset = pba & ~MSIX_BIR_MASK;
    msix->pba_size = (uint64_t)(msix->vectors + MSIX_PBA_BITS - 1) / MSIX_PBA_BITS * MSIX_PBA_UNIT;
    return 0;
}

int pci_config_bar_is_io(struct pci_access *dev, unsigned bar, bool *io)
{
    uint32_t value = 0;

    *io = false;
    for (unsigned i = 0; i <= bar; i++) {
        int rc = read_config(dev, BAR(i), 4, &value);

        if (rc < 0)
            return rc;
        /* The register behind a 64-bit BAR is its upper half, with no flags (6.2.5.1). */
        if (i < bar && !(value & BAR_IO) && (value & BAR_TYPE_MASK) == BAR_TYPE_64 && ++i == bar)
            return 0;
    }
    *io = value & BAR_IO;
    return 0;
}

int pci_config_change(struct pci_access *dev, unsigned offset, uint16_t clear, uint16_t set)
{
    uint32_t value;
    int rc = read_config(dev, offset, 2, &value);

    if (rc < 0)
        return rc;
    value = (value & ~(uint32_t)clear) | set;
    return pci_region_write(dev, PCI_REGION_CONFIG, offset, 2, value);
}
