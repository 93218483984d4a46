// SPDX-License-Identifier: ISC
/* The device as PCI sees it, and the turn of its data path. */
#include "ixgbe_model.h"

#include <errno.h>
#include <stdlib.h>

#include "nic.h"

static const struct emu_area hot_areas[] = {{0x1000, 0x1000}, {0x6000, 0x2000}, {0xd000, 0x1000}};

void nic_reset(struct nic *nic)
{
    nic_regs_reset(nic);
    *nic_reg(nic, IXGBE_RAL(0)) = (uint32_t)nic->mac[0] | (uint32_t)nic->mac[1] << 8 |
                                  (uint32_t)nic->mac[2] << 16 | (uint32_t)nic->mac[3] << 24;
    *nic_reg(nic, IXGBE_RAH(0)) = (uint32_t)nic->mac[4] | (uint32_t)nic->mac[5] << 8 | IXGBE_RAH_AV;
    memset(&nic->irq, 0, sizeof(nic->irq));
    memset(&nic->spi, 0, sizeof(nic->spi));
    nic->i2c = (struct nic_i2c){.scl = true, .sda = true};
    memset(nic->rxq, 0, sizeof(nic->rxq));
    memset(nic->txq, 0, sizeof(nic->txq));
    memset(nic->count, 0, sizeof(nic->count));
    memset(nic->count_high, 0, sizeof(nic->count_high));
    memset(nic->tx_active, 0, sizeof(nic->tx_active));
    memset(nic->rx_touched, 0, sizeof(nic->rx_touched));
    nic->rx_blocked = 0;
    nic->tx_scan_at = 0;
    nic->filter_stale = true;
    emu_intx_level(&nic->dev, false);
}

/* After power-on the MSI-X table's vectors are masked; software resets do not touch it
 * (PCI 3.0, 6.8.2). */
static void reset(struct emu_device *dev)
{
    struct nic *nic = nic_of(dev);

    memset(nic->msix, 0, sizeof(nic->msix));
    for (unsigned i = 0; i < IXGBE_MSIX_VECTORS; i++)
        nic->msix[i * 4 + 3] = 1;
    nic_reset(nic);
}

/* The table is storage: masking is done where the messages go (vfio-user, SET_IRQS). The PBA reads
 * 0. */
static void write_msix(struct nic *nic, uint64_t offset, uint32_t value)
{
    static const uint32_t writable[4] = {~3u, ~0u, ~0u, 1};

    if (offset < IXGBE_MSIX_VECTORS * 16)
        nic->msix[offset / 4] = value & writable[offset / 4 % 4];
}

static uint32_t read32(struct nic *nic, unsigned region, uint64_t offset)
{
    if (region == IXGBE_MSIX_BAR)
        return nic->msix[offset / 4];
    /* Above the registers is a flash that is not there. */
    return offset < IXGBE_REGS_SIZE ? nic_reg_read(nic, (uint32_t)offset) : 0xffffffff;
}

static uint64_t region_read(struct emu_device *dev, unsigned region, uint64_t offset, unsigned size)
{
    struct nic *nic = nic_of(dev);
    uint64_t value = read32(nic, region, offset & ~3ull) >> (offset % 4 * 8);

    if (size == 8)
        value |= (uint64_t)read32(nic, region, offset + 4) << 32;
    return value;
}

static void region_write(struct emu_device *dev, unsigned region, uint64_t offset, unsigned size,
                         uint64_t value)
{
    struct nic *nic = nic_of(dev);

    if (size < 4) { /* 8.1: registers take 32-bit accesses only */
        emu_log(dev, EMU_LOG_WARN, "write of %u bytes at 0x%x ignored", size, (unsigned)offset);
        return;
    }
    for (; size >= 4; size -= 4, offset += 4, value >>= 32) {
        if (region == IXGBE_MSIX_BAR)
            write_msix(nic, offset, (uint32_t)value);
        else if (offset < IXGBE_REGS_SIZE)
            nic_reg_write(nic, (uint32_t)offset, (uint32_t)value);
    }
}

static unsigned poll(struct emu_device *dev, uint64_t now)
{
    struct nic *nic = nic_of(dev);
    unsigned done = 0;

    nic->now = now;
    nic->turn++;
    if (nic_port(nic) && emu_bus_master(dev) &&
        !(*nic_reg(nic, IXGBE_CTRL) & IXGBE_CTRL_MASTER_DISABLE))
        done = nic_rx_poll(nic) + nic_tx_poll(nic);
    nic_irq_poll(nic);
    return done;
}

static bool active(const struct emu_device *dev)
{
    const struct nic *nic = (const struct nic *)dev;

    return nic->regs[IXGBE_RXCTRL / 4] & IXGBE_RXCTRL_RXEN ||
           nic->regs[IXGBE_DMATXCTL / 4] & IXGBE_DMATXCTL_TE || nic_irq_waiting(nic);
}

static void destroy(struct emu_device *dev)
{
    port_close(nic_of(dev)->loopback);
    emu_device_fini(dev);
    free(dev);
}

static const struct emu_device_ops ops = {
    .read = region_read,
    .write = region_write,
    .reset = reset,
    .poll = poll,
    .active = active,
    .destroy = destroy,
};

/* Layout of the real device's configuration space (datasheet 9.3): Linux looks for capabilities by
 * these offsets. */
static void init_config(struct emu_config *config)
{
    static const struct emu_identity identity = {
        .vendor = IXGBE_PCI_VENDOR,
        .device = IXGBE_PCI_DEVICE,
        .subsystem_vendor = IXGBE_PCI_VENDOR,
        .subsystem = 0x0003, /* Ethernet Server Adapter X520 */
        .class_code = IXGBE_PCI_CLASS << 16 | IXGBE_PCI_SUBCLASS << 8 | IXGBE_PCI_PROGIF,
        .revision = 1,
        .int_pin = 1,
    };

    emu_config_init(config, &identity);
    emu_config_bar(config, 0, IXGBE_BAR0_SIZE, true, true);
    emu_config_bar(config, IXGBE_MSIX_BAR, IXGBE_MSIX_BAR_SIZE, true, true);
    emu_config_cap_pm(config, 0x40);
    emu_config_cap_msi(config, 0x50);
    emu_config_cap_msix(config, 0x70, IXGBE_MSIX_VECTORS, IXGBE_MSIX_BAR, 0, IXGBE_MSIX_BAR,
                        IXGBE_MSIX_PBA);
    emu_config_cap_pcie(config, 0xa0);
    emu_config_seal(config);
}

/* Where the queues' registers are: in memory that the driver shares, or out of its reach. */
static int init_regions(struct nic *nic, bool exact)
{
    unsigned shared = exact ? 0 : sizeof(hot_areas) / sizeof(hot_areas[0]);
    int err = emu_region_init(&nic->dev, 0, IXGBE_BAR0_SIZE, hot_areas, shared);

    nic->exact = exact;
    nic->hot = exact ? nic->regs : (volatile uint32_t *)(void *)nic->dev.regions[0].mem;
    if (err)
        return err;
    return emu_region_init(&nic->dev, IXGBE_MSIX_BAR, IXGBE_MSIX_BAR_SIZE, NULL, 0);
}

int ixgbe_model_create(const struct emu_nic_config *config, struct emu_device **dev)
{
    struct nic *nic = calloc(1, sizeof(*nic));
    int err;

    if (!nic)
        return -ENOMEM;
    emu_device_init(&nic->dev, &ops, "82599", config);
    init_config(&nic->dev.config);
    nic->loopback = nic_loopback_create();
    nic->dev.irqs.index[VFIO_USER_IRQ_INTX].count = 1;
    nic->dev.irqs.index[VFIO_USER_IRQ_MSI].count = 1;
    nic->dev.irqs.index[VFIO_USER_IRQ_MSIX].count = IXGBE_MSIX_VECTORS;
    err = nic->loopback ? init_regions(nic, config->exact) : -ENOMEM;
    if (err) {
        nic->dev.port = NULL;
        destroy(&nic->dev);
        return err; // cppcheck-suppress memleak ; destroy freed it
    }
    memcpy(nic->mac, config->mac, sizeof(nic->mac));
    nic_regs_init(nic);
    nic_nvm_init(nic);
    reset(&nic->dev);
    *dev = &nic->dev;
    return 0;
}
