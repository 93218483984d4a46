// SPDX-License-Identifier: ISC
/* Which frames are received (datasheet 7.1.1): by size, destination address and VLAN. */
#include "nic.h"

#define ETH_LENGTH_MAX 1500u /* above, the field is a type */

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

/* The six bytes, the first one lowest: as RAL and RAH hold them. */
static uint64_t destination(const uint8_t *frame)
{
    uint64_t address = 0;

    memcpy(&address, frame, 6);
    return address;
}

static enum nic_fate filter_address(struct nic *nic, const uint8_t *frame)
{
    const struct nic_filter *filter = &nic->filter;
    uint64_t address = destination(frame);

    for (unsigned i = 0; i < filter->addresses; i++)
        if (filter->address[i] == address)
            return NIC_ACCEPT;
    if (!(address & 1))
        return filter->all_unicast ? NIC_ACCEPT_INEXACT : NIC_REJECT;
    if (filter->all_multicast || (address == 0xffffffffffff && filter->broadcast))
        return NIC_ACCEPT_INEXACT;
    if (filter->multicast_table) {
        uint32_t bit = (uint32_t)(address >> filter->multicast_shift) & 0xfff;

        if (*nic_reg(nic, IXGBE_MTA(bit / 32)) >> (bit % 32) & 1)
            return NIC_ACCEPT_INEXACT;
    }
    return NIC_REJECT;
}

/* A length field must say how much follows; a frame that was padded may hold more. */
static bool wrong_length(const struct port_frame *frame, const struct nic_headers *headers)
{
    uint32_t payload = frame->len - (headers->tagged ? 18 : 14);

    return headers->type <= ETH_LENGTH_MAX &&
           (headers->type > payload || (headers->type < payload && frame->len > PORT_FRAME_MIN));
}

enum nic_fate nic_filter_frame(struct nic *nic, const struct port_frame *frame,
                               const struct nic_headers *headers)
{
    const struct nic_filter *filter = &nic->filter;

    if (frame->len < PORT_FRAME_MIN)
        return NIC_UNDERSIZE;
    if (frame->len > filter->max_frame + (headers->tagged ? 4 : 0))
        return NIC_OVERSIZE;
    if (filter->check_length && wrong_length(frame, headers))
        return NIC_BAD_LENGTH;
    if (filter->vlan_filter && headers->tagged) {
        uint32_t id = headers->vlan & 0xfff;

        if (!(*nic_reg(nic, IXGBE_VFTA(id / 32)) >> (id % 32) & 1))
            return NIC_REJECT;
    }
    return filter_address(nic, frame->data);
}
