// SPDX-License-Identifier: ISC
/* The link of an 82599ES with an SFP+ module: 4.6.4, 8.2.3.22. */
#include "guest/drivers/ixgbe/driver.h"

void ixgbe_link_start(struct ixgbe *dev)
{
    /* SDP3 is the module's TX_DISABLE: low lets its laser shine (LASER). */
    ixgbe_change(dev, IXGBE_ESDP, IXGBE_ESDP_SDP(3), 0);
    ixgbe_change(dev, IXGBE_AUTOC2, IXGBE_AUTOC2_10G_PMA_PMD_SERIAL, IXGBE_AUTOC2_10G_SFI);
    ixgbe_change(dev, IXGBE_AUTOC, IXGBE_AUTOC_LMS,
                 IXGBE_AUTOC_LMS_10G_SERIAL | IXGBE_AUTOC_RESTART_AN);
}

bool ixgbe_link(struct ixgbe *dev, unsigned *mbps)
{
    uint32_t links = ixgbe_read(dev, IXGBE_LINKS);

    switch (links & IXGBE_LINKS_SPEED) {
    case IXGBE_LINKS_SPEED_10G:
        *mbps = 10000;
        break;
    case IXGBE_LINKS_SPEED_1G:
        *mbps = 1000;
        break;
    case IXGBE_LINKS_SPEED_100M:
        *mbps = 100;
        break;
    default:
        *mbps = 0;
    }
    return (links & IXGBE_LINKS_UP) != 0;
}
