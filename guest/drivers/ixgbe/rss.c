// SPDX-License-Identifier: ISC
/* Receive-side scaling: 7.1.2.8. A flow stays on one queue; both its directions hash alike. */
#include "guest/drivers/ixgbe/driver.h"

/* A Toeplitz key of period 16 bits gives the same hash when source and destination change places.
 */
#define SYMMETRIC_KEY  0x5a6d5a6du
#define KEY_REGISTERS  10u
#define RETA_REGISTERS 32u

void ixgbe_rss_start(struct ixgbe *dev)
{
    if (dev->rx_queues == 1)
        return; /* MRQC is 0 after reset: all to queue 0 */
    for (unsigned n = 0; n < KEY_REGISTERS; n++)
        ixgbe_write(dev, IXGBE_RSSRK(n), SYMMETRIC_KEY);
    for (unsigned n = 0; n < RETA_REGISTERS; n++) {
        uint32_t entries = 0;

        for (unsigned i = 0; i < 4; i++)
            entries |= ((4 * n + i) % dev->rx_queues) << (8 * i);
        ixgbe_write(dev, IXGBE_RETA(n), entries);
    }
    ixgbe_write(dev, IXGBE_MRQC,
                IXGBE_MRQC_MRQE_RSS | IXGBE_MRQC_IPV4 | IXGBE_MRQC_TCP_IPV4 | IXGBE_MRQC_UDP_IPV4 |
                    IXGBE_MRQC_IPV6 | IXGBE_MRQC_TCP_IPV6 | IXGBE_MRQC_UDP_IPV6);
}
