// SPDX-License-Identifier: ISC
/*
 * The register table: what each trapped register holds after a reset, which of its bits software
 * may write, and which have a meaning of their own. A register that is not listed is plain storage
 * (most of them are tables for functions that this model does not have: IPsec, FCoE, flow director,
 * virtual functions).
 */
#include <inttypes.h>

#include "nic.h"

struct reg {
    uint32_t first; /* offset of the first of `count` registers, `stride` bytes apart */
    uint16_t count;
    uint8_t stride;
    uint32_t reset;
    uint32_t writable;
    uint32_t (*read)(struct nic *nic, uint32_t offset);
    void (*write)(struct nic *nic, uint32_t offset, uint32_t value);
};

/* ---- registers whose meaning needs no file of its own ---- */

static void ctrl_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    if (value & (IXGBE_CTRL_RST | IXGBE_CTRL_LRST))
        nic_reset(nic);
    else
        *nic_reg(nic, offset) = value & IXGBE_CTRL_MASTER_DISABLE;
}

/* Nothing of ours is ever pending: master disable takes effect at once (5.2.5.3.2). */
static uint32_t status_read(struct nic *nic, uint32_t offset)
{
    uint32_t status = nic_link_up(nic) ? IXGBE_STATUS_LINK_UP : 0;

    (void)offset;
    if (!(*nic_reg(nic, IXGBE_CTRL) & IXGBE_CTRL_MASTER_DISABLE))
        status |= IXGBE_STATUS_MASTER_ENABLE;
    return status;
}

/* SDP2 is an input: the module is present. Drivers see no link without it. */
static uint32_t esdp_read(struct nic *nic, uint32_t offset)
{
    return *nic_reg(nic, offset) | IXGBE_ESDP_SDP(2);
}

static uint32_t swsm_read(struct nic *nic, uint32_t offset)
{
    uint32_t value = *nic_reg(nic, offset);

    *nic_reg(nic, offset) |= IXGBE_SWSM_SMBI;
    return value;
}

/* SMBI is set by reading only. */
static void swsm_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    uint32_t *swsm = nic_reg(nic, offset);

    *swsm = (value & IXGBE_SWSM_SWESMBI) | (value & *swsm & IXGBE_SWSM_SMBI);
}

static void autoc_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    *nic_reg(nic, offset) = value & ~IXGBE_AUTOC_RESTART_AN;
    if (value & IXGBE_AUTOC_RESTART_AN)
        nic_irq_misc(nic, IXGBE_EICR_LSC);
}

static uint32_t links_read(struct nic *nic, uint32_t offset)
{
    uint32_t mode = *nic_reg(nic, IXGBE_AUTOC) & IXGBE_AUTOC_LMS;

    (void)offset;
    if (!nic_link_up(nic))
        return 0;
    /* 000b and 010b are 1 GbE; every other mode ends at 10 GbE here. Bit 7: up since the last read.
     */
    return IXGBE_LINKS_UP | IXGBE_BIT(7) |
           (mode == 0 || mode == 2u << 13 ? IXGBE_LINKS_SPEED_1G : IXGBE_LINKS_SPEED_10G);
}

static void rxctrl_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    uint32_t *rxctrl = nic_reg(nic, offset);

    if (~*rxctrl & value & IXGBE_RXCTRL_RXEN && nic_port(nic))
        port_flush(nic_port(nic));
    *rxctrl = value & IXGBE_RXCTRL_RXEN;
    nic->rx_blocked = 0;
}

/* Flow director: initialised at once, commands done at once, but no filter ever matches. */
static void fdirctrl_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    *nic_reg(nic, offset) = value | IXGBE_FDIRCTRL_INIT_DONE;
}

static void filter_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    *nic_reg(nic, offset) = value;
    nic->filter_stale = true;
}

static void hlreg0_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    if ((*nic_reg(nic, offset) ^ value) & IXGBE_HLREG0_LPBK)
        port_flush(nic->loopback);
    filter_write(nic, offset, value);
}

static void ignore_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    (void)nic, (void)offset, (void)value;
}

#define ALL  0xffffffffu
#define STAT 0, 0, nic_stat_read, ignore_write

/* clang-format off */
static const struct reg table[] = {
    {0, 0, 0, 0, ALL, NULL, NULL}, /* class 0: plain storage */
    /* general */
    {IXGBE_CTRL,         1, 4, 0, ALL, NULL, ctrl_write},
    {IXGBE_STATUS,       1, 4, 0, 0, status_read, ignore_write},
    {IXGBE_CTRL_EXT,     1, 4, 0, 0x14034000, NULL, NULL},
    {IXGBE_ESDP,         1, 4, 0, ALL, esdp_read, NULL},
    {IXGBE_I2CCTL,       1, 4, 0, ALL, nic_i2cctl_read, nic_i2cctl_write},
    {IXGBE_LEDCTL,       1, 4, 0x05040100, ALL, NULL, NULL},
    /* EEPROM */
    {IXGBE_EEC,          1, 4, 0, ALL, nic_eec_read, nic_eec_write},
    {IXGBE_EERD,         1, 4, 0, ALL, NULL, nic_eerd_write},
    {IXGBE_EEMNGCTL,     1, 4, IXGBE_EEMNGCTL_CFG_DONE0 | IXGBE_EEMNGCTL_CFG_DONE1, 0, NULL, NULL},
    /* semaphores */
    {IXGBE_SWSM,         1, 4, 0, ALL, swsm_read, swsm_write},
    {IXGBE_FWSM,         1, 4, IXGBE_FWSM_FW_VALID | IXGBE_FWSM_EEP_RELOAD, 0, NULL, NULL},
    {IXGBE_FACTPS,       1, 4, 0x4, 0, NULL, NULL},
    {IXGBE_SW_FW_SYNC,   1, 4, 0, IXGBE_SW_FW_SYNC_SW, NULL, NULL},
    /* interrupts */
    {IXGBE_EICR,         1, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EICS,         1, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIMS,         1, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIMC,         1, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIAM,         1, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EICS_EX(0),   2, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIMS_EX(0),   2, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIMC_EX(0),   2, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIAM_EX(0),   2, 4, 0, ALL, nic_irq_read, nic_irq_write},
    {IXGBE_EIAC,         1, 4, 0, 0x7fffffff, NULL, NULL},
    {IXGBE_EITR(0),     24, 4, 0, ALL, NULL, nic_eitr_write},
    {IXGBE_EITR(24),   105, 4, 0, ALL, NULL, nic_eitr_write},
    {IXGBE_IVAR(0),     64, 4, 0, 0xbfbfbfbf, NULL, NULL},
    {IXGBE_IVAR_MISC,    1, 4, 0, 0xbfbf, NULL, NULL},
    /* receive */
    {IXGBE_RXCSUM,       1, 4, 0, IXGBE_RXCSUM_PCSD | IXGBE_RXCSUM_IPPCSE, NULL, filter_write},
    {IXGBE_FCTRL,        1, 4, 0, 0x702, NULL, filter_write},
    {IXGBE_VLNCTRL,      1, 4, 0x8100, 0x7000ffff, NULL, filter_write},
    {IXGBE_MCSTCTRL,     1, 4, 0, 0x7, NULL, filter_write},
    {IXGBE_RAL(0), NIC_RARS, 8, 0, ALL, NULL, filter_write},
    {IXGBE_RAH(0), NIC_RARS, 8, 0, 0x8000ffff, NULL, filter_write},
    {IXGBE_RETA(0),     32, 4, 0, 0x0f0f0f0f, NULL, filter_write},
    {IXGBE_RSSRK(0),    10, 4, 0, ALL, NULL, filter_write},
    {IXGBE_MRQC,         1, 4, 0, 0xffff000f, NULL, filter_write},
    {IXGBE_RXCTRL,       1, 4, 0, ALL, NULL, rxctrl_write},
    {IXGBE_RDRXCTL,      1, 4, 0x00108880 | IXGBE_RDRXCTL_DMAIDONE, 0x063e0002, NULL, NULL},
    {IXGBE_RXPBSIZE(0),  1, 4, 512 << 10, 0x000ffc00, NULL, NULL},
    {IXGBE_RXPBSIZE(1),  7, 4, 0, 0x000ffc00, NULL, NULL},
    {IXGBE_FDIRCTRL,     1, 4, 0, ALL, NULL, fdirctrl_write},
    {IXGBE_FDIRCMD,      1, 4, 0, ~IXGBE_FDIRCMD_CMD, NULL, NULL},
    /* transmit */
    {IXGBE_DMATXCTL,     1, 4, 0x81000004, 0xffff0009, NULL, NULL},
    {IXGBE_DTXTCPFLGL,   1, 4, 0x0ff60ff6, 0x0fff0fff, NULL, NULL},
    {IXGBE_DTXTCPFLGH,   1, 4, 0x00000f7f, 0x00000fff, NULL, NULL},
    {IXGBE_DTXMXSZRQ,    1, 4, 0x10, 0xfff, NULL, NULL},
    {IXGBE_MTQC,         1, 4, 0, 0xf, NULL, NULL},
    {IXGBE_RTTDCS,       1, 4, 0x00c00000, 0x00c00053, NULL, NULL},
    {IXGBE_RTTDQSEL,     1, 4, 0, 0x7f, NULL, NULL},
    {IXGBE_TXPBTHRESH(0), 1, 4, 0x96, 0x3ff, NULL, NULL},
    {IXGBE_TXPBSIZE(0),  1, 4, 160 << 10, 0x000ffc00, NULL, NULL},
    {IXGBE_SECTXCTRL,    1, 4, 0x1, 0x7, NULL, NULL},
    {IXGBE_SECTXSTAT,    1, 4, IXGBE_SECSTAT_READY, 0, NULL, NULL},
    {IXGBE_SECRXCTRL,    1, 4, IXGBE_SECRXCTRL_SECRX_DIS, 0x3, NULL, NULL},
    {IXGBE_SECRXSTAT,    1, 4, IXGBE_SECSTAT_READY, 0, NULL, NULL},
    /* MAC and link */
    {IXGBE_HLREG0,       1, 4, 0x08012c0b, 0x18ffffff, NULL, hlreg0_write},
    {IXGBE_MSCA,         1, 4, 0, ALL, NULL, nic_msca_write},
    {IXGBE_MSRWD,        1, 4, 0, 0xffff, NULL, NULL},
    {IXGBE_MAXFRS,       1, 4, 1518u << IXGBE_MAXFRS_SHIFT, 0xffff0000, NULL, filter_write},
    {IXGBE_AUTOC,        1, 4, 0xc09c6004, ALL, NULL, autoc_write}, /* 10 GbE serial, from the EEPROM */
    {IXGBE_AUTOC2,       1, 4, 0x000a0000, ALL, NULL, NULL},        /* SFI, likewise */
    {IXGBE_LINKS,        1, 4, 0, 0, links_read, ignore_write},
    {IXGBE_ANLP1,        1, 4, 0x00010000, 0, NULL, NULL}, /* the arbitration state machine has started */
    {IXGBE_MMNGC,        1, 4, 0, 0, NULL, NULL},
    /* statistics */
    {0x04000,          112, 4, STAT},
    {IXGBE_RXNFGPC,      3, 4, STAT},
    {IXGBE_RXDGPC,      12, 4, STAT},
    {IXGBE_MPC(0),       8, 4, STAT},
    {IXGBE_LXONTXC,      3, 4, STAT},
    {IXGBE_PXONTXC(0),  16, 4, STAT},
    {IXGBE_PXON2OFFCNT(0), 8, 4, STAT},
    {IXGBE_SSVPC,        3, 4, STAT},
    {IXGBE_TXDGPC,       3, 4, STAT},
    {IXGBE_QPTC(0),     16, 4, STAT},
    {IXGBE_QBTC_L(0),   32, 4, STAT},
};

/* Second addresses, kept for software written for the 82598; and those into the queues' pages. */
static const struct alias {
    uint32_t first, last, to;
    uint32_t stride; /* at `to` */
} aliases[] = {
    {IXGBE_CTRL_ALIAS,          IXGBE_CTRL_ALIAS,           IXGBE_CTRL,          4},
    {IXGBE_SRRCTL_ALIAS(0),     IXGBE_SRRCTL_ALIAS(15),     IXGBE_SRRCTL(0u),    0x40},
    {IXGBE_DCA_RXCTRL_ALIAS(0), IXGBE_DCA_RXCTRL_ALIAS(15), IXGBE_DCA_RXCTRL(0u), 0x40},
    {IXGBE_RAL_ALIAS(0),        IXGBE_RAL_ALIAS(15) + 4,    IXGBE_RAL(0),        4},
    {IXGBE_PSRTYPE_ALIAS(0),    IXGBE_PSRTYPE_ALIAS(15),    IXGBE_PSRTYPE(0),    4},
    {IXGBE_MRQC_ALIAS,          IXGBE_MRQC_ALIAS,           IXGBE_MRQC,          4},
    {IXGBE_RETA_ALIAS(0),       IXGBE_RETA_ALIAS(31),       IXGBE_RETA(0),       4},
    {IXGBE_RSSRK_ALIAS(0),      IXGBE_RSSRK_ALIAS(9),       IXGBE_RSSRK(0),      4},
};
/* clang-format on */

static uint32_t resolve(uint32_t offset)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (offset >= aliases[i].first && offset <= aliases[i].last)
            return aliases[i].to + (offset - aliases[i].first) / 4 * aliases[i].stride;
    return offset;
}

void nic_regs_init(struct nic *nic)
{
    static_assert(sizeof(table) / sizeof(table[0]) <= 256, "reg_class is a byte");
    for (size_t i = 1; i < sizeof(table) / sizeof(table[0]); i++)
        for (uint32_t n = 0; n < table[i].count; n++)
            nic->reg_class[(table[i].first + n * table[i].stride) / 4] = (uint8_t)i;
}

void nic_regs_reset(struct nic *nic)
{
    memset(nic->regs, 0, sizeof(nic->regs));
    for (size_t i = 1; i < sizeof(table) / sizeof(table[0]); i++)
        for (uint32_t n = 0; n < table[i].count; n++)
            *nic_reg(nic, table[i].first + n * table[i].stride) = table[i].reset;
    emu_regions_zero(&nic->dev);
    for (unsigned q = 0; q < NIC_QUEUES; q++) {
        nic_hot_put(nic, IXGBE_DCA_RXCTRL(q), 0x0000a200);
        nic_hot_put(nic, IXGBE_SRRCTL(q), 0x02000402); /* advanced, 2 KiB */
        nic_hot_put(nic, IXGBE_DCA_TXCTRL(q), 0x00002a00);
    }
}

/* The bits of a queue's registers that software may write (8.2.3.8, 8.2.3.9); all of those in
 * shared memory. */
static uint32_t hot_writable(const struct nic *nic, uint32_t offset)
{
    if (!nic->exact)
        return ALL;
    switch (offset & 0x3f) {
    case IXGBE_RDBAL(0u) - IXGBE_RXQ(0u):
        return ~127u;
    case IXGBE_RDLEN(0u) - IXGBE_RXQ(0u):
        return IXGBE_RDLEN_MASK;
    case IXGBE_RDH(0u) - IXGBE_RXQ(0u):
    case IXGBE_RDT(0u) - IXGBE_RXQ(0u):
        return 0xffff;
    default:
        return ALL;
    }
}

uint32_t nic_reg_read(struct nic *nic, uint32_t offset)
{
    const struct reg *reg;

    offset = resolve(offset);
    if (nic_is_hot(offset))
        return nic->exact ? nic_queue_stat_read(nic, offset) : nic_hot_get(nic, offset);
    reg = &table[nic->reg_class[offset / 4]];
    return reg->read ? reg->read(nic, offset) : *nic_reg(nic, offset);
}

void nic_reg_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    const struct reg *reg;

    offset = resolve(offset);
    if (nic_is_hot(offset)) {
        nic_hot_put(nic, offset, value & hot_writable(nic, offset));
        return;
    }
    reg = &table[nic->reg_class[offset / 4]];
    value = (*nic_reg(nic, offset) & ~reg->writable) | (value & reg->writable);
    if (reg->write)
        reg->write(nic, offset, value);
    else
        *nic_reg(nic, offset) = value;
}
