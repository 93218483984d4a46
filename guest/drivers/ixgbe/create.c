// SPDX-License-Identifier: ISC
/* The driver's life: 4.6.3, in its order. */
#include "guest/drivers/ixgbe/driver.h"

#include <errno.h>
#include <stdlib.h>

static int check(const struct pci_device *pci, unsigned rx_queues, unsigned tx_queues)
{
    const struct solo5_pci_info *info = &pci->info;

    if (info->vendor_id != IXGBE_PCI_VENDOR || info->device_id != IXGBE_PCI_DEVICE)
        return -ENODEV;
    if (rx_queues < 1 || rx_queues > IXGBE_QUEUES_MAX || tx_queues < 1 ||
        tx_queues > IXGBE_QUEUES_MAX)
        return -EINVAL;
    if (!info->bar0 || info->bar0_size < IXGBE_REGS_SIZE || !info->bus_master_enable)
        return -EINVAL;
    return 0;
}

/* As many packets as are useful and fit, but no fewer than it takes to run. */
static int create_pool(struct ixgbe *dev)
{
    size_t rings = dev->rx_queues * RX_RING * sizeof(union ixgbe_rx_desc) +
                   dev->tx_queues * TX_RING * sizeof(union ixgbe_tx_desc);
    size_t available = pci_dma_available(dev->pci, 4096);
    unsigned count = dev->rx_queues * RX_RING + dev->tx_queues * TX_RING + SPARE_PACKETS;
    unsigned least = dev->rx_queues * RX_RING + dev->tx_queues * TX_REPORT_EVERY;
    size_t needed = rings + PACKET_POOL_BYTES(least, BUFFER_SIZE);

    if (available < needed) {
        ixgbe_say(dev, "%zu KiB of DMA memory are left, at least %zu KiB are needed: dma_size",
                  available / 1024, needed / 1024 + 1);
        return -ENOMEM;
    }
    if (count > (available - rings) / PACKET_STRIDE(BUFFER_SIZE))
        count = (unsigned)((available - rings) / PACKET_STRIDE(BUFFER_SIZE));
    dev->pool = calloc(1, sizeof *dev->pool);
    if (!dev->pool)
        return -ENOMEM;
    return packet_pool_init(dev->pool, dev->pci, count, BUFFER_SIZE);
}

static int allocate(struct ixgbe *dev)
{
    int error = create_pool(dev);

    for (unsigned n = 0; !error && n < dev->rx_queues; n++)
        error = ixgbe_rx_allocate(dev, &dev->rx[n]);
    for (unsigned n = 0; !error && n < dev->tx_queues; n++)
        error = ixgbe_tx_allocate(dev, &dev->tx[n]);
    return error;
}

/* Packets that the caller still owns go back to the pool one day: it stays until the last has. */
static void release(struct ixgbe *dev)
{
    for (unsigned n = 0; n < dev->rx_queues; n++)
        ixgbe_rx_release(&dev->rx[n]);
    for (unsigned n = 0; n < dev->tx_queues; n++)
        ixgbe_tx_release(&dev->tx[n]);
    if (dev->pool && dev->pool->available == dev->pool->count) {
        packet_pool_destroy(dev->pool);
        free(dev->pool);
    }
    free(dev);
}

/* 4.6.3.2: what the device does by itself after a reset. */
static int wait_for_defaults(struct ixgbe *dev)
{
    int error = ixgbe_wait(dev, IXGBE_EEC, IXGBE_EEC_AUTO_RD, IXGBE_EEC_AUTO_RD,
                           "EEC.AUTO_RD: the EEPROM was not read");

    if (error < 0)
        return error;
    return ixgbe_wait(dev, IXGBE_RDRXCTL, IXGBE_RDRXCTL_DMAIDONE, IXGBE_RDRXCTL_DMAIDONE,
                      "RDRXCTL.DMAIDONE: DMA was not initialised");
}

static int start(struct ixgbe *dev)
{
    int error = ixgbe_reset(dev);

    if (!error)
        error = wait_for_defaults(dev);
    if (error)
        return error;
    ixgbe_change(dev, IXGBE_CTRL_EXT, 0, IXGBE_CTRL_EXT_DRV_LOAD);
    ixgbe_link_start(dev);
    error = ixgbe_rx_start(dev);
    if (!error)
        error = ixgbe_tx_start(dev);
    if (error)
        return error;
    ixgbe_irq_start(dev);
    ixgbe_net_start(dev);
    return 0;
}

int ixgbe_create(struct pci_device *pci, unsigned rx_queues, unsigned tx_queues,
                 struct ixgbe **result)
{
    struct ixgbe *dev;
    int error = check(pci, rx_queues, tx_queues);

    if (error)
        return error;
    dev = aligned_alloc(_Alignof(struct ixgbe), sizeof *dev);
    if (!dev)
        return -ENOMEM;
    *dev = (struct ixgbe){.pci = pci, .rx_queues = rx_queues, .tx_queues = tx_queues};
    error = allocate(dev);
    if (error) {
        release(dev);
        return error;
    }
    error = start(dev);
    if (error) {
        ixgbe_destroy(dev);
        return error;
    }
    *result = dev;
    return 0;
}

void ixgbe_destroy(struct ixgbe *dev)
{
    ixgbe_reset(dev);
    release(dev);
}
