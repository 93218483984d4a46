// SPDX-License-Identifier: ISC
/* Receive, from reset to running: 4.6.7. */
#include "guest/drivers/ixgbe/driver.h"

/* 4.6.11.3.4: no DCB, no virtualization; all of the packet buffer belongs to traffic class 0. */
static void packet_buffer(struct ixgbe *dev)
{
    ixgbe_write(dev, IXGBE_RXPBSIZE(0), 0x200u << 10); /* 512 KiB */
    for (unsigned n = 1; n < 8; n++)
        ixgbe_write(dev, IXGBE_RXPBSIZE(n), 0);
    ixgbe_write(dev, IXGBE_FCRTH(0), 0x80000u - 0x6000u); /* 4.6.3.2; FCEN 0 (NOPAUSE) */
}

/* 7.1.1.1. Defaults of tables that nothing enables stay as they are (TABLES). */
static void filters(struct ixgbe *dev)
{
    ixgbe_change(dev, IXGBE_FCTRL, IXGBE_FCTRL_SBP | IXGBE_FCTRL_UPE,
                 IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE);
    ixgbe_change(dev, IXGBE_RXCSUM, 0, IXGBE_RXCSUM_PCSD);
    ixgbe_rss_start(dev);
}

/* 8.2.3.8.8, 8.2.3.22.8: the FCS stays outside (CRC), frames are at most 1522 bytes (NOJUMBO). */
static void frames(struct ixgbe *dev)
{
    ixgbe_change(dev, IXGBE_HLREG0, IXGBE_HLREG0_JUMBOEN | IXGBE_HLREG0_LPBK,
                 IXGBE_HLREG0_RXCRCSTRP | IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_TXPADEN);
    ixgbe_change(dev, IXGBE_RDRXCTL, IXGBE_RDRXCTL_RSCFRSTSIZE,
                 IXGBE_RDRXCTL_CRCSTRIP | IXGBE_RDRXCTL_RSCACKC | IXGBE_RDRXCTL_FCOE_WRFIX);
    ixgbe_change(dev, IXGBE_CTRL_EXT, 0, IXGBE_CTRL_EXT_NS_DIS);
}

static int start_queue(struct ixgbe *dev, unsigned n)
{
    struct ixgbe_rx_queue *q = &dev->rx[n];
    uint64_t ring = pci_dma_iova(dev->pci, q->ring);
    /* One full queue must not hold up the others. */
    uint32_t drop = dev->rx_queues > 1 ? IXGBE_SRRCTL_DROP_EN : 0;
    int error;

    ixgbe_write(dev, IXGBE_RDBAL(n), (uint32_t)ring);
    ixgbe_write(dev, IXGBE_RDBAH(n), (uint32_t)(ring >> 32));
    ixgbe_write(dev, IXGBE_RDLEN(n), RX_RING * sizeof(union ixgbe_rx_desc));
    ixgbe_write(dev, IXGBE_SRRCTL(n), BUFFER_SIZE / 1024 | IXGBE_SRRCTL_DESCTYPE_ADV | drop);
    ixgbe_change(dev, IXGBE_DCA_RXCTRL(n), IXGBE_DCA_RXCTRL_BIT12, 0);
    ixgbe_change(dev, IXGBE_RXDCTL(n), 0, IXGBE_RXDCTL_ENABLE);
    error = ixgbe_wait(dev, IXGBE_RXDCTL(n), IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE,
                       "RXDCTL.ENABLE stays clear");
    if (error < 0)
        return error;
    q->doorbell = (struct ixgbe_doorbell){
        .mapped = pci_register(dev->pci, 0, IXGBE_RDT(n)),
        .pci = dev->pci,
        .offset = IXGBE_RDT(n),
    };
    ixgbe_ring(&q->doorbell, RX_RING - 1);
    return 0;
}

/* The data path must be empty while it is switched on. */
static int enable_receiver(struct ixgbe *dev)
{
    int error;

    ixgbe_change(dev, IXGBE_SECRXCTRL, 0, IXGBE_SECRXCTRL_RX_DIS);
    error = ixgbe_wait(dev, IXGBE_SECRXSTAT, IXGBE_SECSTAT_READY, IXGBE_SECSTAT_READY,
                       "SECRXSTAT: the receive path does not empty");
    if (error < 0)
        return error;
    ixgbe_change(dev, IXGBE_RXCTRL, 0, IXGBE_RXCTRL_RXEN);
    ixgbe_change(dev, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
    return 0;
}

int ixgbe_rx_start(struct ixgbe *dev)
{
    packet_buffer(dev);
    filters(dev);
    frames(dev);
    for (unsigned n = 0; n < dev->rx_queues; n++) {
        int error = start_queue(dev, n);

        if (error < 0)
            return error;
    }
    return enable_receiver(dev);
}

void ixgbe_set_promiscuous(struct ixgbe *dev, bool on)
{
    /* 8.2.3.7.1: filters change while the receiver is off. */
    ixgbe_change(dev, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
    ixgbe_change(dev, IXGBE_FCTRL, on ? 0 : IXGBE_FCTRL_UPE, on ? IXGBE_FCTRL_UPE : 0);
    ixgbe_change(dev, IXGBE_RXCTRL, 0, IXGBE_RXCTRL_RXEN);
}
