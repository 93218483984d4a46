// SPDX-License-Identifier: ISC
/* Transmit, from reset to running: 4.6.8. */
#include "guest/drivers/ixgbe/driver.h"

/* 7.2.3.4.1: fetch when fewer than PTHRESH are on the chip and HTHRESH are ready; write back each.
 */
#define PTHRESH 36u
#define HTHRESH (8u << 8)

/* 4.6.11.3.4: no DCB, no virtualization; the arbiter rests while they are set. */
static void packet_buffer(struct ixgbe *dev)
{
    ixgbe_change(dev, IXGBE_RTTDCS, 0, IXGBE_RTTDCS_ARBDIS);
    ixgbe_change(dev, IXGBE_DTXMXSZRQ, 0, IXGBE_DTXMXSZRQ_MAX_BYTES);
    ixgbe_write(dev, IXGBE_TXPBSIZE(0), 0xa0u << 10); /* 160 KiB */
    for (unsigned n = 1; n < 8; n++)
        ixgbe_write(dev, IXGBE_TXPBSIZE(n), 0);
    ixgbe_write(dev, IXGBE_TXPBTHRESH(0), 0xa0u - BUFFER_SIZE / 1024);
    ixgbe_write(dev, IXGBE_MTQC, 0);
    ixgbe_change(dev, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS, 0);
}

/* No weights and no rate limit (LIMITS). */
static void clear_arbiter(struct ixgbe *dev)
{
    for (unsigned n = 0; n < dev->tx_queues; n++) {
        ixgbe_write(dev, IXGBE_RTTDQSEL, n);
        ixgbe_write(dev, IXGBE_RTTDT1C, 0);
        ixgbe_write(dev, IXGBE_RTTBCNRC, 0);
    }
}

static int start_queue(struct ixgbe *dev, unsigned n)
{
    struct ixgbe_tx_queue *q = &dev->tx[n];
    uint64_t ring = pci_dma_iova(dev->pci, q->ring);
    int error;

    ixgbe_write(dev, IXGBE_TDBAL(n), (uint32_t)ring);
    ixgbe_write(dev, IXGBE_TDBAH(n), (uint32_t)(ring >> 32));
    ixgbe_write(dev, IXGBE_TDLEN(n), TX_RING * sizeof(union ixgbe_tx_desc));
    ixgbe_change(dev, IXGBE_TXDCTL(n),
                 IXGBE_TXDCTL_PTHRESH | IXGBE_TXDCTL_HTHRESH | IXGBE_TXDCTL_WTHRESH,
                 PTHRESH | HTHRESH | IXGBE_TXDCTL_ENABLE);
    error = ixgbe_wait(dev, IXGBE_TXDCTL(n), IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE,
                       "TXDCTL.ENABLE stays clear");
    if (error < 0)
        return error;
    q->doorbell = (struct ixgbe_doorbell){
        .mapped = pci_register(dev->pci, 0, IXGBE_TDT(n)),
        .pci = dev->pci,
        .offset = IXGBE_TDT(n),
    };
    return 0;
}

int ixgbe_tx_start(struct ixgbe *dev)
{
    packet_buffer(dev);
    clear_arbiter(dev);
    ixgbe_change(dev, IXGBE_DMATXCTL, 0, IXGBE_DMATXCTL_TE);
    for (unsigned n = 0; n < dev->tx_queues; n++) {
        int error = start_queue(dev, n);

        if (error < 0)
            return error;
    }
    return 0;
}
