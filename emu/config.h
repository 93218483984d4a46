// SPDX-License-Identifier: ISC
/*
 * A plain PCI configuration space: bytes, which bits of them a driver may write, and which are
 * cleared by writing 1. A BAR tells its size by itself, because the low bits of its address are not
 * writable (PCI 3.0, 6.2.5.1).
 * Offsets and capability numbers are those of linux/pci_regs.h.
 */
#ifndef PENSTOCK_EMU_CONFIG_H
#define PENSTOCK_EMU_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/pci_regs.h>

#define EMU_CONFIG_SIZE 4096u

struct emu_config {
    unsigned size; /* 256 or 4096: what the region reports */
    uint8_t data[EMU_CONFIG_SIZE];
    uint8_t writable[EMU_CONFIG_SIZE]; /* bits a driver may change */
    uint8_t clear[EMU_CONFIG_SIZE];    /* bits cleared by writing 1 */
    uint8_t initial[EMU_CONFIG_SIZE];  /* data after a reset; emu_config_seal */
    unsigned last_cap;                 /* where the next capability's offset goes */
    unsigned pcie_cap;                 /* offset of the PCIe capability, 0: none */
};

struct emu_identity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* class << 16 | subclass << 8 | programming interface */
    uint8_t revision;
    uint8_t int_pin; /* 1 = INTA, 0 = none */
};

/* Header type 0 with the identity and the usual writable bits of command, status, cache line,
 * interrupt line. */
void emu_config_init(struct emu_config *config, const struct emu_identity *identity);

/* Puts a little-endian value of 1, 2 or 4 bytes, and which of its bits are writable. */
void emu_config_put(struct emu_config *config, unsigned offset, unsigned size, uint32_t value,
                    uint32_t writable);

/* A memory BAR of `size` bytes (power of two, >= 16); wide: 64 bits, taking the next BAR as well.
 */
void emu_config_bar(struct emu_config *config, unsigned bar, uint64_t size, bool wide,
                    bool prefetchable);

/* Capabilities, in the order of the calls; each at its own offset. */
void emu_config_cap_pm(struct emu_config *config, unsigned offset);
void emu_config_cap_msi(struct emu_config *config,
                        unsigned offset); /* one vector, 64-bit, maskable */
void emu_config_cap_msix(struct emu_config *config, unsigned offset, unsigned vectors,
                         unsigned table_bar, uint32_t table_offset, unsigned pba_bar,
                         uint32_t pba_offset);
void emu_config_cap_pcie(struct emu_config *config, unsigned offset); /* endpoint, FLR, 5 GT/s x8 */

/* What there is now is what a reset brings back. */
void emu_config_seal(struct emu_config *config);
void emu_config_reset(struct emu_config *config);

uint32_t emu_config_get(const struct emu_config *config, unsigned offset, unsigned size);

/* A driver's access; any range within config->size. A write of PCIe's "initiate function level
 * reset" returns true. */
void emu_config_read(const struct emu_config *config, unsigned offset, unsigned size, uint8_t *to);
bool emu_config_write(struct emu_config *config, unsigned offset, unsigned size,
                      const uint8_t *from);

#endif
