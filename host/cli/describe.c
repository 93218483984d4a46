// SPDX-License-Identifier: ISC
#include "host/cli/describe.h"

#include <stdbool.h>
#include <string.h>

#include "host/tender/manifest.h"

void describe_size(uint64_t bytes, char text[DESCRIBE_MAX])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;

    while (bytes != 0 && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, DESCRIBE_MAX, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static void describe_bars(uint8_t flags, char text[32])
{
    size_t used = 0;

    if (!(flags & MFT_PCI_MAP_BARS)) {
        snprintf(text, 32, "no BARs");
        return;
    }
    used = (size_t)snprintf(text, 32, "BARs");
    for (unsigned i = 0; i < 6; i++) {
        if (flags & MFT_PCI_MAP_BAR(i))
            used += (size_t)snprintf(text + used, 32 - used, " %u", i);
    }
}

static void describe_pci(const struct mft_pci_basic *pci, char text[DESCRIBE_MAX])
{
    char bars[32], size[DESCRIBE_MAX];

    describe_bars(pci->flags, bars);
    describe_size(pci->dma_size, size);
    snprintf(text, DESCRIBE_MAX, "PCI_BASIC %04x:%04x, class %02x.%02x.%02x, %s%s%s%.32s%s",
             pci->vendor, pci->device, pci->class_code, pci->subclass, pci->progif,
             pci->flags & MFT_PCI_BUS_MASTER ? "bus master, " : "", bars, pci->dma_size ? ", " : "",
             pci->dma_size ? size : "", pci->dma_size ? " of DMA memory" : "");
}

void describe_entry(const struct mft_entry *entry, char text[DESCRIBE_MAX])
{
    const char *type = manifest_type_name(entry->type);
    char size[DESCRIBE_MAX];

    switch (entry->type) {
    case MFT_PCI_BASIC:
        describe_pci(&entry->u.pci_basic, text);
        return;
    case MFT_DMA_BASIC:
        describe_size(entry->u.dma_basic.size, size);
        snprintf(text, DESCRIBE_MAX, "DMA_BASIC %.32s that all PCI devices share", size);
        return;
    default:
        snprintf(text, DESCRIBE_MAX, "%s", type ? type : "reserved");
    }
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static void describe_pci_json(FILE *out, const struct mft_pci_basic *pci)
{
    fprintf(out,
            ", \"vendor\": %u, \"device_id\": %u, \"class\": %u, \"subclass\": %u, \"progif\": %u, "
            "\"bus_master_enable\": %s",
            pci->vendor, pci->device, pci->class_code, pci->subclass, pci->progif,
            truth(pci->flags & MFT_PCI_BUS_MASTER));
    for (unsigned i = 0; i < 6; i++)
        fprintf(out, ", \"map_bar%u\": %s", i, truth(pci->flags & MFT_PCI_MAP_BAR(i)));
    fprintf(out, ", \"dma_size\": %llu", (unsigned long long)pci->dma_size);
}

void describe_entry_json(FILE *out, const struct mft_entry *entry)
{
    if (entry->type == MFT_PCI_BASIC)
        describe_pci_json(out, &entry->u.pci_basic);
    if (entry->type == MFT_DMA_BASIC)
        fprintf(out, ", \"dma_size\": %llu", (unsigned long long)entry->u.dma_basic.size);
}
