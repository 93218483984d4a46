// SPDX-License-Identifier: ISC
/* What the filter registers amount to (datasheet 7.1.1); rx_classify.c applies it. */
#include "nic.h"

static void update_addresses(struct nic *nic)
{
    struct nic_filter *filter = &nic->filter;

    filter->addresses = 0;
    for (unsigned i = 0; i < NIC_RARS; i++) {
        uint32_t high = *nic_reg(nic, IXGBE_RAH(i));

        if (high & IXGBE_RAH_AV)
            filter->address[filter->addresses++] =
                *nic_reg(nic, IXGBE_RAL(i)) | (uint64_t)(high & 0xffff) << 32;
    }
}

void nic_filter_update(struct nic *nic)
{
    struct nic_filter *filter = &nic->filter;
    uint32_t fctrl = *nic_reg(nic, IXGBE_FCTRL), mcstctrl = *nic_reg(nic, IXGBE_MCSTCTRL);
    uint32_t hlreg0 = *nic_reg(nic, IXGBE_HLREG0), vlnctrl = *nic_reg(nic, IXGBE_VLNCTRL);
    uint32_t jumbo = *nic_reg(nic, IXGBE_MAXFRS) >> IXGBE_MAXFRS_SHIFT;

    nic->filter_stale = false;
    filter->all_unicast = fctrl & IXGBE_FCTRL_UPE;
    filter->all_multicast = fctrl & IXGBE_FCTRL_MPE;
    filter->broadcast = fctrl & (IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE);
    filter->multicast_table = mcstctrl & IXGBE_MCSTCTRL_MFE;
    filter->multicast_shift = 36 - (mcstctrl & IXGBE_MCSTCTRL_MO);
    filter->vlan_filter = vlnctrl & IXGBE_VLNCTRL_VFE;
    filter->vlan_type = (uint16_t)(vlnctrl & IXGBE_VLNCTRL_VET);
    filter->max_frame = hlreg0 & IXGBE_HLREG0_JUMBOEN ? (jumbo > 64 ? jumbo - NIC_FCS : 60) : 1514;
    filter->check_length = hlreg0 & IXGBE_HLREG0_RXLNGTHERREN;
    filter->strip_crc = hlreg0 & IXGBE_HLREG0_RXCRCSTRP;
    update_addresses(nic);
    nic_rss_update(nic);
}
