// SPDX-License-Identifier: ISC
#include "guest/bindings/common/pci_info.h"

#include <string.h>

static const struct hvt_ext_pci *entry_at(const struct hvt_ext *ext, uint32_t i)
{
    return (const void *)((const uint8_t *)ext->pci + (size_t)i * ext->pci_entry_size);
}

static bool sizes_add_up(const struct hvt_ext *ext)
{
    uint64_t table;

    if (ext->pci_entry_size < sizeof(struct hvt_ext_pci) || ext->pci_entry_size % 8 != 0)
        return false;
    if (ext->pci_count >= MFT_MAX_ENTRIES)
        return false;
    table = (uint64_t)ext->pci_count * ext->pci_entry_size;
    return sizeof(struct hvt_ext) + table <= ext->size;
}

static bool entry_is_valid(const struct hvt_ext_pci *entry, const struct mft *mft)
{
    if (entry->handle >= mft->entries || mft->e[entry->handle].type != MFT_PCI_BASIC)
        return false;
    for (unsigned i = 0; i < SOLO5_PCI_BARS; i++) {
        if (entry->bar[i].ranges_count > HVT_EXT_RANGES_MAX)
            return false;
    }
    return true;
}

solo5_result_t pci_table_init(struct pci_table *table, const struct mft *mft,
                              const struct hvt_ext *ext)
{
    *table = (struct pci_table){0};
    if (mft->version != MFT_VERSION || mft->entries == 0 || mft->entries > MFT_MAX_ENTRIES)
        return SOLO5_R_EINVAL;
    if (ext->magic != HVT_EXT_MAGIC || ext->version == 0 || ext->version > HVT_EXT_VERSION)
        return SOLO5_R_EINVAL;
    if (!sizes_add_up(ext))
        return SOLO5_R_EINVAL;
    for (uint32_t i = 0; i < ext->pci_count; i++) {
        if (!entry_is_valid(entry_at(ext, i), mft))
            return SOLO5_R_EINVAL;
    }
    table->mft = mft;
    table->ext = ext;
    return SOLO5_R_OK;
}

static const struct hvt_ext_pci *find(const struct pci_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->ext->pci_count; i++) {
        const struct hvt_ext_pci *entry = entry_at(table->ext, i);

        if (strncmp(table->mft->e[entry->handle].name, name, MFT_NAME_SIZE) == 0)
            return entry;
    }
    return NULL;
}

static void *address(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

static void fill_bar(const struct hvt_ext_bar *bar, uint8_t **addr, size_t *size,
                     struct solo5_pci_ranges *ranges)
{
    *addr = address(bar->addr);
    *size = bar->addr ? bar->size : 0;
    ranges->count = bar->addr ? bar->ranges_count : 0;
    for (unsigned i = 0; i < ranges->count; i++) {
        ranges->range[i].offset = bar->ranges[i].offset;
        ranges->range[i].size = bar->ranges[i].size;
    }
}

static void fill_info(const struct hvt_ext *ext, const struct hvt_ext_pci *entry,
                      struct solo5_pci_info *info)
{
    *info = (struct solo5_pci_info){
        .vendor_id = entry->vendor,
        .device_id = entry->device,
        .class_code = entry->class_code,
        .subclass_code = entry->subclass,
        .progif = entry->progif,
        .bus_master_enable = entry->bus_master != 0,
        .handle = entry->handle,
        .dma = address(entry->dma.addr),
        .dma_size = entry->dma.addr ? entry->dma.size : 0,
        .dma_iova = entry->dma.iova,
        .irq_vectors = entry->irq_vectors,
        .shared_dma_iova = ext->dma.iova,
    };
    fill_bar(&entry->bar[0], &info->bar0, &info->bar0_size, &info->ranges[0]);
    fill_bar(&entry->bar[1], &info->bar1, &info->bar1_size, &info->ranges[1]);
    fill_bar(&entry->bar[2], &info->bar2, &info->bar2_size, &info->ranges[2]);
    fill_bar(&entry->bar[3], &info->bar3, &info->bar3_size, &info->ranges[3]);
    fill_bar(&entry->bar[4], &info->bar4, &info->bar4_size, &info->ranges[4]);
    fill_bar(&entry->bar[5], &info->bar5, &info->bar5_size, &info->ranges[5]);
}

solo5_result_t pci_table_acquire(struct pci_table *table, const char *name,
                                 struct solo5_pci_info *info)
{
    const struct hvt_ext_pci *entry;

    if (!table->ext)
        return SOLO5_R_EUNSPEC;
    if (!name || !info)
        return SOLO5_R_EINVAL;
    entry = find(table, name);
    if (!entry || (table->acquired & (1ull << entry->handle)))
        return SOLO5_R_EINVAL;
    fill_info(table->ext, entry, info);
    table->acquired |= 1ull << entry->handle;
    return SOLO5_R_OK;
}

solo5_result_t pci_table_dma(const struct pci_table *table, uint8_t **buffer, size_t *size)
{
    if (!table->ext)
        return SOLO5_R_EUNSPEC;
    *buffer = address(table->ext->dma.addr);
    *size = table->ext->dma.addr ? table->ext->dma.size : 0;
    return *buffer ? SOLO5_R_OK : SOLO5_R_EINVAL;
}

solo5_result_t pci_table_check(const struct pci_table *table, solo5_handle_t handle)
{
    if (!table->ext)
        return SOLO5_R_EUNSPEC;
    if (handle >= MFT_MAX_ENTRIES || !(table->acquired & (1ull << handle)))
        return SOLO5_R_EINVAL;
    return SOLO5_R_OK;
}
