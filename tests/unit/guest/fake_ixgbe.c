// SPDX-License-Identifier: ISC
#include "fake_ixgbe.h"

#include <string.h>

struct fake_ixgbe fake_ixgbe;

static void defaults(void)
{
    memset(fake.bar, 0, FAKE_BAR_SIZE);
    fake_set(IXGBE_EEC, IXGBE_EEC_AUTO_RD | IXGBE_EEC_PRES);
    fake_set(IXGBE_RDRXCTL, IXGBE_RDRXCTL_DMAIDONE | 0x8u << 17);
    fake_set(IXGBE_SECRXSTAT, IXGBE_SECSTAT_READY);
    fake_set(IXGBE_LINKS, IXGBE_LINKS_UP | IXGBE_LINKS_SPEED_10G);
    fake_set(IXGBE_ESDP, IXGBE_ESDP_SDP(3));
    fake_set(IXGBE_RAL(0), 0x33221102);
    fake_set(IXGBE_RAH(0), IXGBE_RAH_AV | 0x5544);
    fake_set(IXGBE_HLREG0, IXGBE_HLREG0_JUMBOEN);
}

static uint32_t answer(uint32_t offset)
{
    uint32_t value = fake_get(offset);

    if (fake_ixgbe.is_stuck && offset == fake_ixgbe.stuck_reg)
        return fake_ixgbe.stuck_value;
    if (offset >= 0x3fa0 && offset < 0x4200)
        fake_set(offset, 0); /* statistics clear on read */
    return value;
}

static void accept(uint32_t offset, uint32_t value)
{
    if (offset == IXGBE_CTRL && (value & IXGBE_CTRL_RST)) {
        fake_ixgbe.resets++;
        defaults();
    } else if (offset == IXGBE_CTRL && (value & IXGBE_CTRL_MASTER_DISABLE)) {
        fake_set(IXGBE_STATUS, fake_get(IXGBE_STATUS) & ~IXGBE_STATUS_MASTER_ENABLE);
    } else {
        fake_set(offset, value);
    }
}

void fake_ixgbe_reset(bool map_hot_pages)
{
    static const struct solo5_pci_range hot[] = {
        {0x1000, 0x1000}, {0x6000, 0x2000}, {0xd000, 0x1000}};

    fake_reset(map_hot_pages ? 3 : 0, hot);
    memset(&fake_ixgbe, 0, sizeof fake_ixgbe);
    fake.read = answer;
    fake.write = accept;
    defaults();
    fake_set(IXGBE_STATUS, IXGBE_STATUS_MASTER_ENABLE);
}

static uint8_t *at(uint64_t iova)
{
    return fake.dma + (iova - fake.info.dma_iova);
}

static uint64_t ring_base(uint32_t low, uint32_t high)
{
    return fake_get(low) | (uint64_t)fake_get(high) << 32;
}

bool fake_ixgbe_receive(unsigned queue, uint32_t status, uint16_t length)
{
    uint64_t base = ring_base(IXGBE_RDBAL(queue), IXGBE_RDBAH(queue));
    uint32_t count = fake_get(IXGBE_RDLEN(queue)) / 16;
    uint32_t *head = &fake_ixgbe.rx_head[queue];
    union ixgbe_rx_desc *desc = (void *)at(base + *head * 16);

    if (*head == fake_get(IXGBE_RDT(queue)))
        return false;
    desc->wb = (struct ixgbe_rx_wb){.status = status, .length = length};
    *head = (*head + 1) % count;
    return true;
}

unsigned fake_ixgbe_send(unsigned queue, unsigned n)
{
    uint64_t base = ring_base(IXGBE_TDBAL(queue), IXGBE_TDBAH(queue));
    uint32_t count = fake_get(IXGBE_TDLEN(queue)) / 16;
    uint32_t *head = &fake_ixgbe.tx_head[queue];
    unsigned sent = 0;

    while (sent < n && *head != fake_get(IXGBE_TDT(queue))) {
        union ixgbe_tx_desc *desc = (void *)at(base + *head * 16);

        fake_ixgbe.sent_iova = desc->data.addr;
        fake_ixgbe.sent_len = desc->data.cmd_type_len & IXGBE_TXD_LEN_MASK;
        if (desc->data.cmd_type_len & IXGBE_TXD_CMD_RS)
            desc->data.olinfo_status |= IXGBE_TXD_STAT_DD;
        *head = (*head + 1) % count;
        sent++;
    }
    return sent;
}
