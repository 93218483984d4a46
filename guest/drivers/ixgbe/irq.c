// SPDX-License-Identifier: ISC
/*
 * Interrupts: 7.3. Receive queue 0 raises MSI-X vector 0, once for each time it is armed: the mask
 * closes behind the message (EIAM), and the cause clears with it (EIAC).
 */
#include "guest/drivers/ixgbe/driver.h"

#include <errno.h>

#define CAUSE IXGBE_BIT(0)

void ixgbe_irq_start(struct ixgbe *dev)
{
    if (dev->pci->info.irq_vectors == 0)
        return;
    ixgbe_write(dev, IXGBE_GPIE,
                IXGBE_GPIE_MULTIPLE_MSIX | IXGBE_GPIE_EIAME | IXGBE_GPIE_PBA_SUPPORT);
    ixgbe_write(dev, IXGBE_IVAR(0), IXGBE_IVAR_VALID | 0);
    ixgbe_write(dev, IXGBE_EIAC, CAUSE);
    ixgbe_write(dev, IXGBE_EIAM_EX(0), CAUSE);
}

/*
 * No wake-up is lost: reading EICR forgets the causes of frames that were polled. The descriptor of
 * such a frame is in memory when the read returns, since neither passes the other on the bus, so
 * what the last look at the ring does not see raises a cause that the read did not clear.
 */
int ixgbe_irq_arm(struct ixgbe *dev)
{
    if (dev->pci->info.irq_vectors == 0)
        return -ENOTSUP;
    if (ixgbe_rx_waiting(&dev->rx[0]))
        return -EAGAIN;
    ixgbe_read(dev, IXGBE_EICR);
    ixgbe_write(dev, IXGBE_EIMS_EX(0), CAUSE);
    if (!ixgbe_rx_waiting(&dev->rx[0]))
        return 0;
    ixgbe_irq_disarm(dev);
    return -EAGAIN;
}

void ixgbe_irq_disarm(struct ixgbe *dev)
{
    ixgbe_write(dev, IXGBE_EIMC_EX(0), CAUSE);
}
