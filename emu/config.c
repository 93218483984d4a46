// SPDX-License-Identifier: ISC
#include "config.h"

#include <assert.h>
#include <string.h>

void emu_config_put(struct emu_config *config, unsigned offset, unsigned size, uint32_t value,
                    uint32_t writable)
{
    assert(size <= 4 && offset + size <= EMU_CONFIG_SIZE);
    for (unsigned i = 0; i < size; i++) {
        config->data[offset + i] = (uint8_t)(value >> (8 * i));
        config->writable[offset + i] = (uint8_t)(writable >> (8 * i));
    }
}

uint32_t emu_config_get(const struct emu_config *config, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    assert(size <= 4 && offset + size <= EMU_CONFIG_SIZE);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)config->data[offset + i] << (8 * i);
    return value;
}

static void put_clear(struct emu_config *config, unsigned offset, uint16_t bits)
{
    config->clear[offset] = (uint8_t)bits;
    config->clear[offset + 1] = (uint8_t)(bits >> 8);
}

void emu_config_init(struct emu_config *config, const struct emu_identity *id)
{
    const uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
                             PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE;
    const uint16_t errors = PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |
                            PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |
                            PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY;

    *config = (struct emu_config){.size = EMU_CONFIG_SIZE, .last_cap = PCI_CAPABILITY_LIST};
    emu_config_put(config, PCI_VENDOR_ID, 2, id->vendor, 0);
    emu_config_put(config, PCI_DEVICE_ID, 2, id->device, 0);
    emu_config_put(config, PCI_COMMAND, 2, 0, command);
    put_clear(config, PCI_STATUS, errors);
    emu_config_put(config, PCI_CLASS_REVISION, 4, id->class_code << 8 | id->revision, 0);
    emu_config_put(config, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
    emu_config_put(config, PCI_SUBSYSTEM_VENDOR_ID, 2, id->subsystem_vendor, 0);
    emu_config_put(config, PCI_SUBSYSTEM_ID, 2, id->subsystem, 0);
    emu_config_put(config, PCI_INTERRUPT_LINE, 1, 0xff, 0xff);
    emu_config_put(config, PCI_INTERRUPT_PIN, 1, id->int_pin, 0);
    emu_config_seal(config);
}

void emu_config_bar(struct emu_config *config, unsigned bar, uint64_t size, bool wide,
                    bool prefetchable)
{
    unsigned offset = PCI_BASE_ADDRESS_0 + 4 * bar;
    uint32_t flags = (wide ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
                     (prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);

    assert(bar + wide < 6 && size >= 16 && (size & (size - 1)) == 0);
    emu_config_put(config, offset, 4, flags, ~(uint32_t)(size - 1));
    if (wide)
        emu_config_put(config, offset + 4, 4, 0, (uint32_t)(~(size - 1) >> 32));
}

static void add_cap(struct emu_config *config, unsigned offset, uint8_t id)
{
    emu_config_put(config, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
    emu_config_put(config, config->last_cap, 1, offset, 0);
    emu_config_put(config, offset, 2, id, 0);
    config->last_cap = offset + PCI_CAP_LIST_NEXT;
}

/* PCI Power Management 1.2, 3.2. A device that keeps its state between D3hot and D0 needs no more
 * than storage. */
void emu_config_cap_pm(struct emu_config *config, unsigned offset)
{
    add_cap(config, offset, PCI_CAP_ID_PM);
    emu_config_put(config, offset + PCI_PM_PMC, 2, 3, 0);
    emu_config_put(config, offset + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET,
                   PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE);
    put_clear(config, offset + PCI_PM_CTRL, PCI_PM_CTRL_PME_STATUS);
}

/* PCI 3.0, 6.8.1. */
void emu_config_cap_msi(struct emu_config *config, unsigned offset)
{
    add_cap(config, offset, PCI_CAP_ID_MSI);
    emu_config_put(config, offset + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT,
                   PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
    emu_config_put(config, offset + PCI_MSI_ADDRESS_LO, 4, 0, ~3u);
    emu_config_put(config, offset + PCI_MSI_ADDRESS_HI, 4, 0, ~0u);
    emu_config_put(config, offset + PCI_MSI_DATA_64, 2, 0, 0xffff);
    emu_config_put(config, offset + PCI_MSI_MASK_64, 4, 0, 1);
}

/* PCI 3.0, 6.8.2. */
void emu_config_cap_msix(struct emu_config *config, unsigned offset, unsigned vectors,
                         unsigned table_bar, uint32_t table_offset, unsigned pba_bar,
                         uint32_t pba_offset)
{
    assert(vectors >= 1 && vectors <= 2048);
    add_cap(config, offset, PCI_CAP_ID_MSIX);
    emu_config_put(config, offset + PCI_MSIX_FLAGS, 2, vectors - 1,
                   PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    emu_config_put(config, offset + PCI_MSIX_TABLE, 4, table_offset | table_bar, 0);
    emu_config_put(config, offset + PCI_MSIX_PBA, 4, pba_offset | pba_bar, 0);
}

/* PCI Express 2.0, 7.8. */
void emu_config_cap_pcie(struct emu_config *config, unsigned offset)
{
    const uint32_t link = PCI_EXP_LNKSTA_CLS_5_0GB | PCI_EXP_LNKSTA_NLW_X8;
    const uint16_t link_control = PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC |
                                  PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_CLKREQ_EN;

    add_cap(config, offset, PCI_CAP_ID_EXP);
    emu_config_put(config, offset + PCI_EXP_FLAGS, 2, 2, 0); /* version 2, endpoint */
    emu_config_put(config, offset + PCI_EXP_DEVCAP, 4,
                   PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER | 2 /* payload 512 */, 0);
    emu_config_put(config, offset + PCI_EXP_DEVCTL, 2,
                   PCI_EXP_DEVCTL_READRQ_512B | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_RELAX_EN,
                   0x7fff);
    put_clear(config, offset + PCI_EXP_DEVSTA, 0xf);
    emu_config_put(config, offset + PCI_EXP_LNKCAP, 4, link, 0);
    emu_config_put(config, offset + PCI_EXP_LNKCTL, 2, 0, link_control);
    emu_config_put(config, offset + PCI_EXP_LNKSTA, 2, link, 0);
    emu_config_put(config, offset + PCI_EXP_DEVCAP2, 4, 0x1f, 0); /* completion timeouts */
    emu_config_put(config, offset + PCI_EXP_DEVCTL2, 2, 0, 0x1f);
    emu_config_put(config, offset + PCI_EXP_LNKCAP2, 4,
                   PCI_EXP_LNKCAP2_SLS_2_5GB | PCI_EXP_LNKCAP2_SLS_5_0GB, 0);
    emu_config_put(config, offset + PCI_EXP_LNKCTL2, 2, PCI_EXP_LNKCTL2_TLS_5_0GT,
                   PCI_EXP_LNKCTL2_TLS);
    config->pcie_cap = offset;
}

void emu_config_seal(struct emu_config *config)
{
    memcpy(config->initial, config->data, sizeof(config->initial));
}

void emu_config_reset(struct emu_config *config)
{
    memcpy(config->data, config->initial, sizeof(config->data));
}

void emu_config_read(const struct emu_config *config, unsigned offset, unsigned size, uint8_t *to)
{
    memcpy(to, config->data + offset, size);
}

bool emu_config_write(struct emu_config *config, unsigned offset, unsigned size,
                      const uint8_t *from)
{
    unsigned flr_byte = config->pcie_cap + PCI_EXP_DEVCTL + 1;
    bool flr = false;

    for (unsigned i = 0; i < size; i++) {
        unsigned at = offset + i;
        uint8_t mask = config->writable[at];

        config->data[at] = (uint8_t)((config->data[at] & ~mask) | (from[i] & mask));
        config->data[at] &= (uint8_t)(~(from[i] & config->clear[at]));
        if (config->pcie_cap != 0 && at == flr_byte && (from[i] & PCI_EXP_DEVCTL_BCR_FLR >> 8))
            flr = true;
    }
    return flr;
}
