// SPDX-License-Identifier: ISC
/*
 * Statistics. What the driver moves it counts itself; what never reached it the device counts, in
 * registers that clear when read (8.2.3.23) and stick when full (STICK).
 */
#include "guest/drivers/ixgbe/driver.h"

void ixgbe_stats(struct ixgbe *dev, struct net_stats *stats)
{
    static const uint32_t errors[] = {IXGBE_CRCERRS, IXGBE_ILLERRC, IXGBE_RLEC, IXGBE_RUC,
                                      IXGBE_RFC,     IXGBE_ROC,     IXGBE_RJC};

    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++)
        dev->hw_errors += ixgbe_read(dev, errors[i]);
    dev->hw_dropped += ixgbe_read(dev, IXGBE_MPC(0)); /* no room in the packet buffer */
    if (dev->rx_queues > 1) {
        /* DROP_EN; of all queues, since RQSMR maps all to the first set. */
        dev->hw_dropped += ixgbe_read(dev, IXGBE_QPRDC(0));
        ixgbe_read(dev, IXGBE_QPTC(0)); /* clears QPRDC where its page is plain memory (SHARED) */
    }
    *stats = (struct net_stats){.rx_dropped = dev->hw_dropped, .rx_errors = dev->hw_errors};
    for (unsigned q = 0; q < dev->rx_queues; q++) {
        stats->rx_packets += dev->rx[q].packets;
        stats->rx_bytes += dev->rx[q].bytes;
        stats->rx_errors += dev->rx[q].errors;
    }
    for (unsigned q = 0; q < dev->tx_queues; q++) {
        stats->tx_packets += dev->tx[q].packets;
        stats->tx_bytes += dev->tx[q].bytes;
    }
}
