// SPDX-License-Identifier: ISC
/* The registers of the software 82599: values after reset, what can be written, and what has a
 * meaning of its own. */
#include "ixgbe_rig.h"

/* Facts from the datasheet: reset value, and what a write of all ones leaves. */
static const struct fact {
    uint32_t offset, reset, after_ones;
} facts[] = {
    {IXGBE_STATUS, 0x00080080, 0x00080080},
    {IXGBE_CTRL_EXT, 0, 0x14034000},
    {IXGBE_LEDCTL, 0x05040100, 0xffffffff},
    {IXGBE_EERD, 0, 0xffff0002u | 0xfffcu},
    {IXGBE_FWSM, 0x8040, 0x8040},
    {IXGBE_SW_FW_SYNC, 0, 0x1f},
    {IXGBE_EIAC, 0, 0x7fffffff},
    {IXGBE_IVAR(0), 0, 0xbfbfbfbf},
    {IXGBE_IVAR(63), 0, 0xbfbfbfbf},
    {IXGBE_IVAR_MISC, 0, 0xbfbf},
    {IXGBE_RXCSUM, 0, 0x3000},
    {IXGBE_FCTRL, 0, 0x702},
    {IXGBE_VLNCTRL, 0x8100, 0x7000ffff},
    {IXGBE_MCSTCTRL, 0, 7},
    {IXGBE_MTA(127), 0, 0xffffffff},
    {IXGBE_VFTA(127), 0, 0xffffffff},
    {IXGBE_RAL(0), 0x00000002, 0xffffffff},
    {IXGBE_RAH(0), 0x80000100, 0x8000ffff},
    {IXGBE_RAL(127), 0, 0xffffffff},
    {IXGBE_RAH(127), 0, 0x8000ffff},
    {IXGBE_MRQC, 0, 0xffff000f},
    {IXGBE_RETA(31), 0, 0x0f0f0f0f},
    {IXGBE_RSSRK(9), 0, 0xffffffff},
    {IXGBE_RXCTRL, 0, 1},
    {IXGBE_RDRXCTL, 0x00108888, 0x063e888a},
    {IXGBE_RXPBSIZE(0), 0x00080000, 0x000ffc00},
    {IXGBE_RXPBSIZE(7), 0, 0x000ffc00},
    {IXGBE_SRRCTL(0u), 0x02000402, 0xffffffff},
    {IXGBE_SRRCTL(127u), 0x02000402, 0xffffffff},
    {IXGBE_DCA_RXCTRL(64u), 0xa200, 0xffffffff},
    {IXGBE_DCA_TXCTRL(127u), 0x2a00, 0xffffffff},
    {IXGBE_RXDCTL(0u), 0, 0xffffffff},
    {IXGBE_TXDCTL(127u), 0, 0xffffffff},
    {IXGBE_DMATXCTL, 0x81000004, 0xffff000d},
    {IXGBE_DTXMXSZRQ, 0x10, 0xfff},
    {IXGBE_MTQC, 0, 0xf},
    {IXGBE_RTTDQSEL, 0, 0x7f},
    {IXGBE_SECRXCTRL, 1, 3},
    {IXGBE_SECRXSTAT, 1, 1},
    {IXGBE_SECTXSTAT, 1, 1},
    {IXGBE_HLREG0, 0x08012c0b, 0x18ffffff},
    {IXGBE_MAXFRS, 0x05ee0000, 0xffff0000},
    {IXGBE_MMNGC, 0, 0},
    {IXGBE_ANLP1, 0x00010000, 0x00010000},
    {0x08e00, 0, 0xffffffff}, /* IPsec: plain storage */
};

static void after_reset(void **state)
{
    struct rig *rig = *state;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        if (rig_read(rig, facts[i].offset) != facts[i].reset)
            fail_msg("0x%05x is 0x%08x, not 0x%08x", facts[i].offset,
                     rig_read(rig, facts[i].offset), facts[i].reset);
}

static void write_masks(void **state)
{
    struct rig *rig = *state;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        rig_write(rig, facts[i].offset, 0xffffffff);
        if (rig_read(rig, facts[i].offset) != facts[i].after_ones)
            fail_msg("0x%05x is 0x%08x, not 0x%08x", facts[i].offset,
                     rig_read(rig, facts[i].offset), facts[i].after_ones);
    }
}

static void reset_brings_defaults_back(void **state)
{
    struct rig *rig = *state;
    static const uint32_t bits[] = {IXGBE_CTRL_RST, IXGBE_CTRL_LRST,
                                    IXGBE_CTRL_RST | IXGBE_CTRL_LRST};

    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        for (size_t k = 0; k < sizeof(facts) / sizeof(facts[0]); k++)
            rig_write(rig, facts[k].offset, 0xa5a5a5a5);
        rig_write(rig, IXGBE_CTRL, bits[i]);
        assert_int_equal(rig_read(rig, IXGBE_CTRL), 0);
        after_reset(state);
    }
}

/* The link is set up by AUTOC, and comes back as the EEPROM has it. */
static void link(void **state)
{
    struct rig *rig = *state;
    uint32_t autoc = rig_read(rig, IXGBE_AUTOC);

    assert_int_equal(autoc & IXGBE_AUTOC_LMS, IXGBE_AUTOC_LMS_10G_SERIAL);
    assert_int_equal(rig_read(rig, IXGBE_AUTOC2) & IXGBE_AUTOC2_10G_PMA_PMD_SERIAL,
                     IXGBE_AUTOC2_10G_SFI);
    assert_int_equal(rig_read(rig, IXGBE_LINKS) & (IXGBE_LINKS_UP | IXGBE_LINKS_SPEED),
                     IXGBE_LINKS_UP | IXGBE_LINKS_SPEED_10G);
    rig_write(rig, IXGBE_AUTOC, (autoc & ~IXGBE_AUTOC_LMS) | IXGBE_AUTOC_RESTART_AN);
    assert_int_equal(rig_read(rig, IXGBE_AUTOC), autoc & ~IXGBE_AUTOC_LMS);
    assert_int_equal(rig_read(rig, IXGBE_LINKS) & IXGBE_LINKS_SPEED, IXGBE_LINKS_SPEED_1G);
    assert_int_equal(rig_read(rig, IXGBE_EICS) & IXGBE_EICR_LSC, IXGBE_EICR_LSC);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    assert_int_equal(rig_read(rig, IXGBE_AUTOC), autoc);
    assert_int_equal(rig_read(rig, IXGBE_ESDP) & 0xf, IXGBE_ESDP_SDP(2));
}

static void master_disable(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[60] = {2, 0, 0, 0, 0, 1};

    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_MASTER_DISABLE);
    assert_int_equal(rig_read(rig, IXGBE_STATUS) & IXGBE_STATUS_MASTER_ENABLE, 0);
    rig_rx_start(rig, 0, 0x02000402);
    rig_inject(rig, frame, 60);
    assert_int_equal(rig_poll(rig), 0);
    rig_write(rig, IXGBE_CTRL, 0);
    assert_int_equal(rig_read(rig, IXGBE_STATUS) & IXGBE_STATUS_MASTER_ENABLE,
                     IXGBE_STATUS_MASTER_ENABLE);
    assert_int_equal(rig_poll(rig), 1);
}

static void semaphores(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_read(rig, IXGBE_SWSM), 0); /* we have it */
    assert_int_equal(rig_read(rig, IXGBE_SWSM) & IXGBE_SWSM_SMBI, IXGBE_SWSM_SMBI);
    rig_write(rig, IXGBE_SWSM, IXGBE_SWSM_SMBI | IXGBE_SWSM_SWESMBI);
    assert_int_equal(rig_read(rig, IXGBE_SWSM), IXGBE_SWSM_SMBI | IXGBE_SWSM_SWESMBI);
    rig_write(rig, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_PHY0 | IXGBE_SW_FW_SYNC_CSR);
    assert_int_equal(rig_read(rig, IXGBE_SW_FW_SYNC), 0xa);
    rig_write(rig, IXGBE_SWSM, 0);
    assert_int_equal(rig_read(rig, IXGBE_SWSM), 0);
    rig_write(rig, IXGBE_SWSM, 0);
    rig_write(rig, IXGBE_SWSM, IXGBE_SWSM_SMBI); /* cannot be set by writing */
    assert_int_equal(rig_read(rig, IXGBE_SWSM), 0);
}

static void second_addresses(void **state)
{
    struct rig *rig = *state;
    static const struct {
        uint32_t alias, offset, value;
    } pairs[] = {
        {IXGBE_RAL_ALIAS(0), IXGBE_RAL(0), 0x11223344},
        {IXGBE_RAL_ALIAS(15) + 4, IXGBE_RAH(15), 0x80001234},
        {IXGBE_MRQC_ALIAS, IXGBE_MRQC, 0x00130001},
        {IXGBE_RETA_ALIAS(31), IXGBE_RETA(31), 0x01020304},
        {IXGBE_RSSRK_ALIAS(9), IXGBE_RSSRK(9), 0xdeadbeef},
        {IXGBE_PSRTYPE_ALIAS(15), IXGBE_PSRTYPE(15), 0x55},
        {IXGBE_SRRCTL_ALIAS(3), IXGBE_SRRCTL(3u), 0x02000404},
        {IXGBE_DCA_RXCTRL_ALIAS(15), IXGBE_DCA_RXCTRL(15u), 0x2000},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        rig_write(rig, pairs[i].alias, pairs[i].value);
        assert_int_equal(rig_read(rig, pairs[i].offset), pairs[i].value);
        rig_write(rig, pairs[i].offset, 0);
        assert_int_equal(rig_read(rig, pairs[i].alias), 0);
    }
    rig_write(rig, IXGBE_CTRL_ALIAS, IXGBE_CTRL_MASTER_DISABLE);
    assert_int_equal(rig_read(rig, IXGBE_CTRL), IXGBE_CTRL_MASTER_DISABLE);
}

static void access_sizes(void **state)
{
    struct rig *rig = *state;
    const struct emu_device_ops *ops = rig->dev->ops;

    rig_write(rig, IXGBE_MAXFRS, 0x12340000);
    assert_int_equal(ops->read(rig->dev, 0, IXGBE_MAXFRS + 2, 2), 0x1234);
    assert_int_equal(ops->read(rig->dev, 0, IXGBE_MAXFRS + 3, 1), 0x12);
    ops->write(rig->dev, 0, IXGBE_MAXFRS + 2, 2, 0xffff); /* ignored */
    assert_int_equal(rig_read(rig, IXGBE_MAXFRS), 0x12340000);
    ops->write(rig->dev, 0, IXGBE_RAL(5), 8, 0x8000aabb11223344);
    assert_int_equal(rig_read(rig, IXGBE_RAL(5)), 0x11223344);
    assert_int_equal(rig_read(rig, IXGBE_RAH(5)), 0x8000aabb);
    assert_true(ops->read(rig->dev, 0, IXGBE_RAL(5), 8) == 0x8000aabb11223344);
    assert_int_equal(rig_read(rig, IXGBE_BAR0_SIZE - 4), 0xffffffff);
    rig_write(rig, IXGBE_BAR0_SIZE - 4, 0);
}

static void msix_table(void **state)
{
    struct rig *rig = *state;
    const struct emu_device_ops *ops = rig->dev->ops;

    assert_int_equal(ops->read(rig->dev, 4, 16 * 63 + 12, 4), 1); /* masked */
    ops->write(rig->dev, 4, 16 * 5, 8, 0xfedcba98fee00003);
    assert_true(ops->read(rig->dev, 4, 16 * 5, 8) == 0xfedcba98fee00000);
    ops->write(rig->dev, 4, 16 * 5 + 12, 4, 0xfffffffe);
    assert_int_equal(ops->read(rig->dev, 4, 16 * 5 + 12, 4), 0);
    ops->write(rig->dev, 4, IXGBE_MSIX_PBA, 4, 0xffffffff);
    assert_int_equal(ops->read(rig->dev, 4, IXGBE_MSIX_PBA, 4), 0);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    assert_int_equal(ops->read(rig->dev, 4, 16 * 5 + 12, 4), 0);
    ops->reset(rig->dev);
    assert_int_equal(ops->read(rig->dev, 4, 16 * 5 + 12, 4), 1);
}

/* The layout that Linux expects: PM at 0x40, MSI-X at 0x70 with its size at 0x72, PCIe at 0xa0. */
static void configuration_space(void **state)
{
    struct rig *rig = *state;
    const struct emu_config *config = &rig->dev->config;

    assert_int_equal(emu_config_get(config, PCI_VENDOR_ID, 4), 0x10fb8086);
    assert_int_equal(emu_config_get(config, PCI_CLASS_REVISION, 4), 0x02000001);
    assert_int_equal(emu_config_get(config, PCI_BASE_ADDRESS_0, 4), 0xc);
    assert_int_equal(emu_config_get(config, PCI_BASE_ADDRESS_4, 4), 0xc);
    assert_int_equal(emu_config_get(config, PCI_CAPABILITY_LIST, 1), 0x40);
    assert_int_equal(emu_config_get(config, 0x40, 1), PCI_CAP_ID_PM);
    assert_int_equal(emu_config_get(config, 0x50, 1), PCI_CAP_ID_MSI);
    assert_int_equal(emu_config_get(config, 0x70, 1), PCI_CAP_ID_MSIX);
    assert_int_equal(emu_config_get(config, 0x72, 2) & PCI_MSIX_FLAGS_QSIZE, 63);
    assert_int_equal(emu_config_get(config, 0x74, 4), 4);
    assert_int_equal(emu_config_get(config, 0x78, 4), IXGBE_MSIX_PBA | 4);
    assert_int_equal(emu_config_get(config, 0xa0, 1), PCI_CAP_ID_EXP);
    assert_true(emu_config_get(config, 0xa4, 4) & PCI_EXP_DEVCAP_FLR);
}

static void receiver_starts_fresh(void **state)
{
    struct rig *rig = *state;

    rig_write(rig, IXGBE_RXCTRL, 1);
    rig_write(rig, IXGBE_RXCTRL, 1);
    assert_int_equal(rig->port->flushes, 1);
    rig_write(rig, IXGBE_RXCTRL, 0);
    assert_false(rig->dev->ops->active(rig->dev));
    rig_write(rig, IXGBE_RXCTRL, 1);
    assert_int_equal(rig->port->flushes, 2);
    assert_true(rig->dev->ops->active(rig->dev));
}

/* MDIO finds no PHY; the command bit clears itself. Flow director is initialised at once. */
static void self_clearing(void **state)
{
    struct rig *rig = *state;

    rig_write(rig, IXGBE_MSCA, IXGBE_MSCA_MDICMD | 1u << 16 | 3);
    assert_int_equal(rig_read(rig, IXGBE_MSCA), 1u << 16 | 3);
    rig_write(rig, IXGBE_MSCA, IXGBE_MSCA_MDICMD | 3u << 26 | 1u << 16 | 3);
    assert_int_equal(rig_read(rig, IXGBE_MSCA) & IXGBE_MSCA_MDICMD, 0);
    assert_int_equal(rig_read(rig, IXGBE_MSRWD) >> 16, 0xffff);
    rig_write(rig, IXGBE_FDIRCTRL, 1);
    assert_int_equal(rig_read(rig, IXGBE_FDIRCTRL), 1 | IXGBE_FDIRCTRL_INIT_DONE);
    rig_write(rig, IXGBE_FDIRCMD, 0x12345671);
    assert_int_equal(rig_read(rig, IXGBE_FDIRCMD), 0x12345670);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(after_reset, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(write_masks, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(reset_brings_defaults_back, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(link, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(master_disable, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(semaphores, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(second_addresses, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(access_sizes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(msix_table, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(configuration_space, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(receiver_starts_fresh, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(self_clearing, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe registers", tests, NULL, NULL);
}
