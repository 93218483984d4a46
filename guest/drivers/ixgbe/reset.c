// SPDX-License-Identifier: ISC
/* From any state to a device that does nothing: 4.2.1.6.1, 4.6.3, 5.2.5.3.2. */
#include "guest/drivers/ixgbe/driver.h"

/* 4.6.3.1 */
static void mask_interrupts(struct ixgbe *dev)
{
    ixgbe_write(dev, IXGBE_EIMC, ~IXGBE_BIT(31));
    ixgbe_write(dev, IXGBE_EIMC_EX(0), ~0u);
    ixgbe_write(dev, IXGBE_EIMC_EX(1), ~0u);
}

/* 4.6.7.1.2: the device clears the bits when it has stopped using the rings. */
static void stop_queues(struct ixgbe *dev)
{
    int error = 0;

    ixgbe_change(dev, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
    for (unsigned q = 0; q < dev->rx_queues; q++)
        ixgbe_change(dev, IXGBE_RXDCTL(q), IXGBE_RXDCTL_ENABLE, 0);
    for (unsigned q = 0; q < dev->tx_queues; q++)
        ixgbe_change(dev, IXGBE_TXDCTL(q), IXGBE_TXDCTL_ENABLE, 0);
    for (unsigned q = 0; !error && q < dev->rx_queues; q++)
        error = ixgbe_wait(dev, IXGBE_RXDCTL(q), IXGBE_RXDCTL_ENABLE, 0, "RXDCTL.ENABLE stays set");
    for (unsigned q = 0; !error && q < dev->tx_queues; q++)
        error = ixgbe_wait(dev, IXGBE_TXDCTL(q), IXGBE_TXDCTL_ENABLE, 0, "TXDCTL.ENABLE stays set");
}

static void device_reset(struct ixgbe *dev)
{
    ixgbe_write(dev, IXGBE_CTRL, IXGBE_CTRL_RST | IXGBE_CTRL_LRST);
    ixgbe_delay(1000000); /* 8.2.3.1.1: no access for 1 ms */
}

/* 5.2.5.3.2: what to do with requests that do not end; a second reset follows (MASTER). */
static void flush(struct ixgbe *dev)
{
    ixgbe_change(dev, IXGBE_HLREG0, 0, IXGBE_HLREG0_LPBK);
    ixgbe_change(dev, IXGBE_GCR_EXT, 0, IXGBE_GCR_EXT_BUFFERS_CLEAR);
    ixgbe_delay(20000);
    ixgbe_change(dev, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR, 0);
    ixgbe_change(dev, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, 0);
    device_reset(dev);
}

int ixgbe_reset(struct ixgbe *dev)
{
    int error;

    mask_interrupts(dev);
    stop_queues(dev);
    ixgbe_change(dev, IXGBE_CTRL, 0, IXGBE_CTRL_MASTER_DISABLE);
    if (ixgbe_wait(dev, IXGBE_STATUS, IXGBE_STATUS_MASTER_ENABLE, 0,
                   "STATUS: DMA requests do not end") < 0)
        flush(dev);
    device_reset(dev);
    error = ixgbe_wait(dev, IXGBE_CTRL, IXGBE_CTRL_RST, 0, "CTRL.RST stays set");
    if (error < 0)
        return error;
    ixgbe_delay(10000000); /* 4.6.3.2 */
    mask_interrupts(dev);
    return 0;
}
