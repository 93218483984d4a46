// SPDX-License-Identifier: ISC
/* Receive of the software 82599: descriptors, buffers, splitting, tags, FCS, and what happens
 * without descriptors. */
#include "ixgbe_rig.h"

#define ADVANCED 0x02000402u /* 2 KiB buffers */

static const struct rig_flow udp = {.protocol = 17, .payload = 100};

/* Receives what waits, which is one frame of `count` descriptors from `first` on; returns its
 * length over all. */
static uint32_t received(struct rig *rig, unsigned first, unsigned count, uint8_t *to)
{
    uint32_t len = 0;

    assert_int_equal(rig_poll(rig), 1);
    for (unsigned i = first; i < first + count; i++) {
        const union ixgbe_rx_desc *desc = rig_rx_desc(rig, 0, i);
        bool last = i + 1 == first + count;

        assert_int_equal(desc->wb.status & (IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP),
                         IXGBE_RXD_STAT_DD | (last ? IXGBE_RXD_STAT_EOP : 0));
        memcpy(to + len, rig_at(rig, RIG_RX_BUFFER(i)), desc->wb.length);
        len += desc->wb.length;
    }
    assert_int_equal(rig_rx_desc(rig, 0, first + count)->wb.status, 0);
    assert_int_equal(rig_read(rig, IXGBE_RDH(0u)), first + count);
    return len;
}

static void advanced(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX], got[PORT_FRAME_MAX];
    const union ixgbe_rx_desc *desc = rig_rx_desc(rig, 0, 0);
    uint32_t len = rig_build(frame, udp);

    rig_rx_start(rig, 0, ADVANCED);
    assert_int_equal(rig_poll(rig), 0);
    rig_inject(rig, frame, len);
    assert_int_equal(received(rig, 0, 1, got), len);
    assert_memory_equal(got, frame, len);
    assert_int_equal(desc->wb.info, IXGBE_RXD_INFO_IPV4 | IXGBE_RXD_INFO_UDP);
    assert_int_equal(desc->wb.rss, 0);
    assert_int_equal(desc->wb.vlan, 0);
    assert_int_equal(desc->wb.status, IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP | IXGBE_RXD_STAT_IPCS |
                                          IXGBE_RXD_STAT_L4CS | IXGBE_RXD_STAT_UDPCS);
}

static void legacy(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX], got[PORT_FRAME_MAX];
    const union ixgbe_rx_desc *desc = rig_rx_desc(rig, 0, 0);
    uint32_t len = rig_build(frame, udp);

    rig_rx_start(rig, 0, IXGBE_SRRCTL_DESCTYPE_LEGACY | 2);
    frame[22] ^= 1; /* spoils the header's checksum */
    rig_inject(rig, frame, len);
    assert_int_equal(rig_poll(rig), 1);
    assert_true(desc->legacy.addr == RIG_RX_BUFFER(0)); /* stays */
    assert_int_equal(desc->legacy.length, len);
    assert_int_equal(desc->legacy.status, IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP |
                                              IXGBE_RXD_STAT_IPCS | IXGBE_RXD_STAT_L4CS |
                                              IXGBE_RXD_STAT_UDPCS);
    assert_int_equal(desc->legacy.errors, IXGBE_RXD_LEGACY_ERR_IPE);
    memcpy(got, rig_at(rig, RIG_RX_BUFFER(0)), len);
    assert_memory_equal(got, frame, len);
}

static void all_sizes(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX], got[PORT_FRAME_MAX];

    rig_rx_start(rig, 0, ADVANCED);
    for (uint32_t len = 60, i = 0; len <= 1514; len += len < 140 ? 1 : 53, i++) {
        uint8_t *buffer = rig_at(rig, RIG_RX_BUFFER(i % RIG_RING));

        for (uint32_t k = 0; k < len; k++)
            frame[k] = (uint8_t)(k + len);
        memcpy(frame, "\x02\0\0\0\0\1", 6);
        memcpy(frame + 12, "\x88\xb5", 2);
        memset(buffer, 0xee, RIG_BUFFER);
        rig_inject(rig, frame, len);
        assert_int_equal(rig_poll(rig), 1);
        assert_int_equal(rig_rx_desc(rig, 0, i % RIG_RING)->wb.length, len);
        memcpy(got, buffer, len);
        assert_memory_equal(got, frame, len);
        for (uint32_t k = len; k < RIG_BUFFER; k++)
            assert_int_equal(buffer[k], 0xee); /* not a byte more */
        rig_rx_desc(rig, 0, i % RIG_RING)->qword[0] = RIG_RX_BUFFER(i % RIG_RING);
        rig_write(rig, IXGBE_RDT(0u), i % RIG_RING);
    }
}

/* SRRCTL.BSIZEPACKET: 1 KiB buffers, EOP on the last only. */
static void split(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX], got[PORT_FRAME_MAX];
    uint32_t len;

    rig_write(rig, IXGBE_HLREG0, rig_read(rig, IXGBE_HLREG0) | IXGBE_HLREG0_JUMBOEN);
    rig_write(rig, IXGBE_MAXFRS, 9728u << IXGBE_MAXFRS_SHIFT);
    rig_rx_start(rig, 0, IXGBE_SRRCTL_DESCTYPE_ADV | 1);
    len = rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 1024 - 42});
    rig_inject(rig, frame, len);
    assert_int_equal(received(rig, 0, 1, got), 1024);
    len = rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 1025 - 42});
    rig_inject(rig, frame, len);
    assert_int_equal(received(rig, 1, 2, got), 1025);
    assert_memory_equal(got, frame, len);
    assert_int_equal(rig_rx_desc(rig, 0, 2)->wb.length, 1);
    len = rig_build(frame, (struct rig_flow){.protocol = 6, .payload = 9000 - 54});
    rig_inject(rig, frame, len);
    assert_int_equal(received(rig, 3, 9, got), 9000);
    assert_memory_equal(got, frame, len);
    assert_int_equal(rig_rx_desc(rig, 0, 11)->wb.info, IXGBE_RXD_INFO_IPV4 | IXGBE_RXD_INFO_TCP);
}

static void too_long(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];

    rig_rx_start(rig, 0, ADVANCED);
    rig_inject(rig, frame,
               rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 1514 - 42}));
    rig_inject(rig, frame,
               rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 1515 - 42}));
    rig_inject(
        rig, frame,
        rig_build(frame, (struct rig_flow){.vlan = true, .protocol = 17, .payload = 1518 - 46}));
    rig_inject(
        rig, frame,
        rig_build(frame, (struct rig_flow){.vlan = true, .protocol = 17, .payload = 1519 - 46}));
    assert_int_equal(rig_poll(rig), 2);
    assert_int_equal(rig_read(rig, IXGBE_ROC), 2);
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 2);
    assert_int_equal(rig_read(rig, IXGBE_TPR), 4);
    assert_int_equal(rig->dev->stats.rx_errors, 2);
}

/* A length field that does not tell the truth. */
static void length_errors(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[80] = {2, 0, 0, 0, 0, 1};

    rig_rx_start(rig, 0, ADVANCED);
    frame[13] = 46;
    rig_inject(rig, frame, 60); /* exact */
    frame[13] = 38;
    rig_inject(rig, frame, 60); /* padded: as spanning tree's are */
    frame[13] = 47;
    rig_inject(rig, frame, 60);
    frame[13] = 50;
    rig_inject(rig, frame, 80);
    frame[13] = 66;
    rig_inject(rig, frame, 80);
    assert_int_equal(rig_poll(rig), 3);
    assert_int_equal(rig_read(rig, IXGBE_RLEC), 2);
    rig_write(rig, IXGBE_HLREG0, rig_read(rig, IXGBE_HLREG0) & ~IXGBE_HLREG0_RXLNGTHERREN);
    frame[13] = 50;
    rig_inject(rig, frame, 80);
    assert_int_equal(rig_poll(rig), 1);
    rig_inject(rig, frame, 59);
    assert_int_equal(rig_poll(rig), 0);
    assert_int_equal(rig_read(rig, IXGBE_RUC), 1);
}

static void vlan_tags(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX], got[PORT_FRAME_MAX];
    uint32_t len = rig_build(frame, (struct rig_flow){.vlan = true, .protocol = 6, .payload = 99});

    rig_rx_start(rig, 0, ADVANCED);
    rig_inject(rig, frame, len);
    assert_int_equal(received(rig, 0, 1, got), len);
    assert_memory_equal(got, frame, len);
    assert_int_equal(rig_rx_desc(rig, 0, 0)->wb.status & IXGBE_RXD_STAT_VP, 0);
    assert_int_equal(rig_rx_desc(rig, 0, 0)->wb.vlan, 0);
    rig_write(rig, IXGBE_RXDCTL(0u), IXGBE_RXDCTL_ENABLE | IXGBE_RXDCTL_VME);
    rig_inject(rig, frame, len);
    assert_int_equal(received(rig, 1, 1, got), len - 4);
    assert_memory_equal(got, frame, 12);
    assert_memory_equal(got + 12, frame + 16, len - 16);
    assert_int_equal(rig_rx_desc(rig, 0, 1)->wb.vlan, 0x6123);
    assert_int_equal(rig_rx_desc(rig, 0, 1)->wb.status,
                     IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP | IXGBE_RXD_STAT_VP |
                         IXGBE_RXD_STAT_IPCS | IXGBE_RXD_STAT_L4CS);
}

static void frame_check_sequence(void **state)
{
    struct rig *rig = *state;
    uint8_t got[PORT_FRAME_MAX], frame[60] = {2, 0, 0, 0, 0, 1, [12] = 0x88, [13] = 0xb5};
    uint32_t crc = ~0u;

    rig_rx_start(rig, 0, ADVANCED);
    rig_write(rig, IXGBE_HLREG0, rig_read(rig, IXGBE_HLREG0) & ~IXGBE_HLREG0_RXCRCSTRP);
    rig_inject(rig, frame, 60);
    assert_int_equal(received(rig, 0, 1, got), 64);
    for (unsigned i = 0; i < 64; i++) /* over frame and FCS: the CRC's well-known residue */
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (((crc ^ got[i] >> bit) & 1) ? 0xedb88320 : 0);
    assert_int_equal(crc, 0xdebb20e3);
}

/* The tail is one behind: 63 frames fit, in an order that wraps. */
static void wraps(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    uint32_t len = rig_build(frame, udp);

    rig_rx_start(rig, 0, ADVANCED);
    for (unsigned round = 0; round < 3; round++) {
        uint32_t head = rig_read(rig, IXGBE_RDH(0u));

        for (unsigned i = 0; i < 63; i++)
            rig_inject(rig, frame, len);
        rig_poll(rig);
        rig_poll(rig);
        assert_int_equal(rig_read(rig, IXGBE_RDH(0u)), (head + 63) % 64);
        for (unsigned i = 0; i < 64; i++) {
            assert_int_equal(!!(rig_rx_desc(rig, 0, i)->wb.status & 1), i != (head + 63) % 64);
            rig_rx_desc(rig, 0, i)->qword[0] = RIG_RX_BUFFER(i);
            rig_rx_desc(rig, 0, i)->qword[1] = 0;
        }
        rig_write(rig, IXGBE_RDT(0u), (head + 62) % 64);
    }
}

/* Frames wait for descriptors for a while, and are missed then: MPC, and a cause of its own. */
static void missed(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    uint32_t len = rig_build(frame, udp);

    rig_rx_start(rig, 0, ADVANCED);
    rig_write(rig, IXGBE_RDT(0u), 2);
    for (unsigned i = 0; i < 4; i++)
        rig_inject(rig, frame, len);
    assert_int_equal(rig_poll(rig), 2);
    assert_int_equal(rig_poll(rig), 0);
    rig->now += 300000;
    assert_int_equal(rig_poll(rig), 0);
    rig_write(rig, IXGBE_RDT(0u), 3); /* in time for one */
    assert_int_equal(rig_poll(rig), 1);
    assert_int_equal(rig_poll(rig), 0);
    assert_int_equal(rig_read(rig, IXGBE_MPC(0)), 0);
    rig->now += 500000;
    assert_int_equal(rig_poll(rig), 0);
    assert_int_equal(rig->port->in_head, 4);
    assert_int_equal(rig_read(rig, IXGBE_MPC(0)), 1);
    assert_int_equal(rig_read(rig, IXGBE_MPC(0)), 0);
    assert_int_equal(rig_read(rig, IXGBE_EICR), IXGBE_EICR_RX_MISS);
    assert_int_equal(rig->dev->stats.rx_missed, 1);
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 3);
}

static void drop_enable(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    uint32_t len = rig_build(frame, udp);

    rig_rx_start(rig, 0, ADVANCED | IXGBE_SRRCTL_DROP_EN);
    rig_write(rig, IXGBE_RQSMR(0), 7); /* queue 0 counts in the eighth set */
    rig_write(rig, IXGBE_RDT(0u), 2);
    for (unsigned i = 0; i < 5; i++)
        rig_inject(rig, frame, len);
    while (rig->port->in_head < 5)
        rig_poll(rig);
    assert_int_equal(rig_read(rig, IXGBE_QPRDC(7)), 3);
    assert_int_equal(rig_read(rig, IXGBE_QPRC(7)), 2);
    assert_int_equal(rig_read(rig, IXGBE_QBRC_L(7)), 2 * len);
    assert_int_equal(rig_read(rig, IXGBE_MPC(0)), 0);
}

/* The driver sets the same queue up anew, without a reset. */
static void restart(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    uint32_t len = rig_build(frame, udp);

    rig_rx_start(rig, 0, ADVANCED);
    rig_inject(rig, frame, len);
    assert_int_equal(rig_poll(rig), 1);
    rig_write(rig, IXGBE_RXDCTL(0u), 0);
    rig_rx_start(rig, 0, ADVANCED); /* between two turns: the model sees it by the head */
    rig_inject(rig, frame, len);
    assert_int_equal(rig_poll(rig), 1);
    assert_int_equal(rig_rx_desc(rig, 0, 0)->wb.status & 1, 1);
    assert_int_equal(rig_rx_desc(rig, 0, 1)->wb.status & 1, 0);
    rig_write(rig, IXGBE_RXDCTL(0u), 0);
    rig_inject(rig, frame, len);
    assert_int_equal(rig_poll(rig), 0); /* a queue that is off gets nothing */
    assert_int_equal(rig_rx_desc(rig, 0, 1)->wb.status & 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(advanced, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(legacy, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(all_sizes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(split, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(too_long, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(length_errors, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(vlan_tags, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(frame_check_sequence, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(wraps, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(missed, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(drop_enable, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(restart, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe receive", tests, NULL, NULL);
}
