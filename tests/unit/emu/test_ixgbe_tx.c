// SPDX-License-Identifier: ISC
/* Transmit of the software 82599: descriptors to frames, completion, contexts, and a port that says
 * "later". */
#include "ixgbe_rig.h"

#define DATA (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_IFCS)
#define EOP  IXGBE_TXD_CMD_EOP
#define RS   IXGBE_TXD_CMD_RS

/* A frame of len bytes at RIG_TX_BUFFER + offset, that begins with `tag`. */
static uint64_t put(struct rig *rig, uint32_t offset, uint32_t len, uint8_t tag)
{
    uint8_t *to = rig_at(rig, RIG_TX_BUFFER + offset);

    for (uint32_t i = 0; i < len; i++)
        to[i] = (uint8_t)(tag + i * 3);
    return RIG_TX_BUFFER + offset;
}

static const struct rig_frame *sent(struct rig *rig, unsigned i)
{
    assert_in_range(i, 0, rig->port->out_count - 1);
    return &rig->port->out[i];
}

static bool is_done(struct rig *rig, unsigned queue, unsigned i)
{
    return rig_tx_desc(rig, queue, i)->data.olinfo_status & IXGBE_TXD_STAT_DD;
}

static void advanced(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    rig_tx(rig, 0, put(rig, 0, 60, 2), 60, DATA | EOP, 60u << 14);
    rig_tx(rig, 0, put(rig, 2048, 1514, 4), 1514, DATA | EOP | RS, 1514u << 14);
    assert_int_equal(rig_poll(rig), 2);
    assert_int_equal(rig->port->out_count, 2);
    assert_int_equal(sent(rig, 0)->len, 60);
    assert_memory_equal(sent(rig, 0)->data, rig_at(rig, RIG_TX_BUFFER), 60);
    assert_int_equal(sent(rig, 1)->len, 1514);
    assert_memory_equal(sent(rig, 1)->data, rig_at(rig, RIG_TX_BUFFER + 2048), 1514);
    assert_false(is_done(rig, 0, 0)); /* DD only where RS asks for it */
    assert_true(is_done(rig, 0, 1));
    assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), 2);
    assert_int_equal(rig_poll(rig), 0);
}

static void legacy(void **state)
{
    struct rig *rig = *state;
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER);
    union ixgbe_tx_desc *desc = rig_tx_desc(rig, 0, 0);
    uint32_t len = rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 33});

    rig_tx_start(rig, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, len, EOP | RS, 0);
    assert_int_equal(rig_poll(rig), 1);
    assert_memory_equal(sent(rig, 0)->data, frame, len);
    assert_int_equal(desc->legacy.status, 1);
    /* IC: a sum from CSS on, to CSO; VLE: a tag from the descriptor */
    memset(frame + 24, 0, 2);
    rig_tx(rig, 0, RIG_TX_BUFFER, 34, EOP | IXGBE_TXD_CMD_IC | IXGBE_TXD_CMD_VLE | 24u << 16,
           14u << 8 | 0xabcu << 16);
    assert_int_equal(rig_poll(rig), 1);
    assert_int_equal(sent(rig, 1)->len, 60);
    assert_memory_equal(sent(rig, 1)->data, frame, 12);
    assert_memory_equal(sent(rig, 1)->data + 12, "\x81\x00\x0a\xbc\x08\x00", 6);
    assert_memory_equal(sent(rig, 1)->data + 28, sent(rig, 0)->data + 24, 2);
}

static void pads_short_frames(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    memset(rig_at(rig, RIG_TX_BUFFER), 0xaa, 60);
    for (uint32_t len = 14; len < 60; len++)
        rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, 0);
    rig_poll(rig);
    assert_int_equal(rig->port->out_count, 46);
    for (unsigned i = 0; i < 46; i++) {
        assert_int_equal(sent(rig, i)->len, 60);
        for (unsigned k = 0; k < 60; k++)
            assert_int_equal(sent(rig, i)->data[k], k < 14 + i ? 0xaa : 0);
    }
}

static void several_buffers(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    put(rig, 0, 300, 7);
    rig_tx(rig, 0, RIG_TX_BUFFER, 1, DATA, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER + 1, 0, DATA, 0); /* empty ones are legal */
    assert_int_equal(rig_poll(rig), 0);            /* its end is not there yet */
    assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), 0);
    rig_tx(rig, 0, RIG_TX_BUFFER + 1, 199, DATA, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER + 200, 100, DATA | EOP | RS, 0);
    assert_int_equal(rig_poll(rig), 4);
    assert_int_equal(sent(rig, 0)->len, 300);
    assert_memory_equal(sent(rig, 0)->data, rig_at(rig, RIG_TX_BUFFER), 300);
    assert_true(is_done(rig, 0, 3));
    assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), 4);
}

static void vlan_insertion(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    put(rig, 0, 100, 2);
    rig_tx_context(rig, 0, (struct ixgbe_tx_context){.vlan_macip_lens = 0x0123u << 16 | 14 << 9});
    rig_tx_context(rig, 0,
                   (struct ixgbe_tx_context){.vlan_macip_lens = 0x0456u << 16 | 14 << 9,
                                             .mss_l4len_idx = 1 << 4});
    rig_tx(rig, 0, RIG_TX_BUFFER, 100, DATA | EOP | IXGBE_TXD_CMD_VLE, IXGBE_TXD_CC);
    rig_tx(rig, 0, RIG_TX_BUFFER, 100, DATA | EOP | IXGBE_TXD_CMD_VLE, IXGBE_TXD_CC | 1 << 4);
    rig_tx(rig, 0, RIG_TX_BUFFER, 100, DATA | EOP, 0);
    assert_int_equal(rig_poll(rig), 5);
    assert_int_equal(rig->port->out_count, 3);
    assert_int_equal(sent(rig, 0)->len, 104);
    assert_memory_equal(sent(rig, 0)->data + 12, "\x81\x00\x01\x23", 4);
    assert_memory_equal(sent(rig, 0)->data + 16, rig_at(rig, RIG_TX_BUFFER + 12), 88);
    assert_memory_equal(sent(rig, 1)->data + 12, "\x81\x00\x04\x56", 4);
    assert_int_equal(sent(rig, 2)->len, 100);
}

/* The port takes a few frames at a time: order, completions and contexts must not suffer. */
static void later(void **state)
{
    struct rig *rig = *state;
    unsigned tail = 0;

    rig_tx_start(rig, 0);
    for (uint8_t i = 0; i < 10; i++) {
        put(rig, 2048u * i, 100, i);
        rig_tx_context(rig, 0, (struct ixgbe_tx_context){.vlan_macip_lens = (uint32_t)i << 16});
        rig_tx(rig, 0, RIG_TX_BUFFER + 2048u * i, 100, DATA | EOP | RS | IXGBE_TXD_CMD_VLE, 0);
        rig_tx(rig, 0, RIG_TX_BUFFER + 2048u * i, 100, DATA | EOP | RS, 0);
        rig_tx(rig, 0, RIG_TX_BUFFER + 2048u * i, 100, DATA | EOP | RS | IXGBE_TXD_CMD_VLE, 0);
    }
    for (unsigned count = 0; count < 30; count++) {
        unsigned packet = count / 3;
        bool tagged = count % 3 != 1;

        rig->port->accept = 0;
        rig_poll(rig);
        assert_int_equal(rig->port->out_count, count);
        rig->port->accept = 1;
        rig_poll(rig);
        assert_int_equal(rig->port->out_count, count + 1);
        assert_int_equal(sent(rig, count)->data[0], packet);
        assert_int_equal(sent(rig, count)->len, tagged ? 104 : 100);
        if (tagged)
            assert_int_equal(sent(rig, count)->data[15], packet);
        tail = rig_read(rig, IXGBE_TDH(0u));
        for (unsigned i = 0; i < 40; i++)
            assert_int_equal(is_done(rig, 0, i), i < tail && i % 4 != 0);
    }
    assert_int_equal(tail, 40);
    assert_int_equal(rig_read(rig, IXGBE_GPTC), 30);
}

static void head_write_back(void **state)
{
    struct rig *rig = *state;
    const uint64_t at = RIG_TX_BUFFER + 0x8000;
    uint32_t *head = rig_at(rig, at);

    rig_tx_start(rig, 0);
    rig_write(rig, IXGBE_TDWBAL(0u), (uint32_t)at | IXGBE_TDWBAL_HEAD_WB_EN);
    rig_write(rig, IXGBE_TDWBAH(0u), at >> 32);
    rig_tx(rig, 0, put(rig, 0, 60, 2), 60, DATA | EOP, 0);
    rig_poll(rig);
    assert_int_equal(*head, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, DATA | EOP | RS, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, DATA | EOP, 0);
    rig_poll(rig);
    assert_int_equal(*head, 3);
    assert_false(is_done(rig, 0, 1)); /* instead of DD */
}

static void many_queues(void **state)
{
    struct rig *rig = *state;

    for (unsigned q = 0; q < 8; q++) {
        rig_tx_start(rig, q);
        rig_tx(rig, q, put(rig, 2048 * q, 60, (uint8_t)q), 60, DATA | EOP | RS, 0);
        rig_write(rig, IXGBE_TQSM(q / 4), 0x03020100);
    }
    assert_int_equal(rig_poll(rig), 8);
    for (unsigned q = 0; q < 8; q++) {
        assert_int_equal(sent(rig, q)->data[0], q);
        assert_true(is_done(rig, q, 0));
    }
    for (unsigned i = 0; i < 16; i++) { /* queues q and q + 4 share a set of counters */
        assert_int_equal(rig_read(rig, IXGBE_QBTC_L(i)), i < 4 ? 128 : 0);
        assert_int_equal(rig_read(rig, IXGBE_QPTC(i)), i < 4 ? 2 : 0);
        assert_int_equal(rig_read(rig, IXGBE_QPTC(i)), 0);
    }
}

static void queue_127(void **state)
{
    struct rig *rig = *state;
    union ixgbe_tx_desc *desc = rig_at(rig, RIG_TX_BUFFER + 0x10000);

    rig_write(rig, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE);
    rig_write(rig, IXGBE_TDBAL(127u), (uint32_t)(RIG_TX_BUFFER + 0x10000));
    rig_write(rig, IXGBE_TDBAH(127u), RIG_TX_BUFFER >> 32);
    rig_write(rig, IXGBE_TDLEN(127u), 128);
    rig_write(rig, IXGBE_TXDCTL(127u), IXGBE_TXDCTL_ENABLE);
    for (unsigned i = 0; i < 20; i++) { /* a ring of 8 descriptors goes round */
        desc[i % 8].data = (struct ixgbe_tx_data){put(rig, 0, 60, 2), 60 | DATA | EOP | RS, 0};
        rig_write(rig, IXGBE_TDT(127u), (i + 1) % 8);
        assert_int_equal(rig_poll(rig), 1);
        assert_true(desc[i % 8].data.olinfo_status & IXGBE_TXD_STAT_DD);
    }
    assert_int_equal(rig->port->out_count, 20);
}

static void disabled(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    rig_write(rig, IXGBE_DMATXCTL, 0);
    rig_tx(rig, 0, put(rig, 0, 60, 2), 60, DATA | EOP | RS, 0);
    assert_int_equal(rig_poll(rig), 0);
    rig_write(rig, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE);
    rig_write(rig, IXGBE_TXDCTL(0u), 0);
    assert_int_equal(rig_poll(rig), 0);
    rig_write(rig, IXGBE_TXDCTL(0u), IXGBE_TXDCTL_ENABLE);
    assert_int_equal(rig_poll(rig), 1);
}

static void statistics(void **state)
{
    struct rig *rig = *state;
    static const uint16_t sizes[] = {60, 61, 124, 252, 508, 1020, 1514};
    uint32_t octets = 0;

    rig_tx_start(rig, 0);
    for (unsigned i = 0; i < 7; i++) {
        memset(rig_at(rig, put(rig, 2048 * i, sizes[i], 2)), i == 0 ? 0xff : i == 1 ? 1 : 2, 6);
        rig_tx(rig, 0, RIG_TX_BUFFER + 2048 * i, sizes[i], DATA | EOP, 0);
        octets += sizes[i] + 4u;
    }
    assert_int_equal(rig_poll(rig), 7);
    assert_int_equal(rig_read(rig, IXGBE_GPTC), 7);
    assert_int_equal(rig_read(rig, IXGBE_TPT), 7);
    assert_int_equal(rig_read(rig, IXGBE_BPTC), 1);
    assert_int_equal(rig_read(rig, IXGBE_MPTC), 1);
    assert_int_equal(rig_read(rig, IXGBE_PTC64), 1);
    assert_int_equal(rig_read(rig, IXGBE_PTC127), 1);
    assert_int_equal(rig_read(rig, IXGBE_PTC1522), 2);
    assert_int_equal(rig_read(rig, IXGBE_GOTCL), octets);
    assert_int_equal(rig_read(rig, IXGBE_GOTCH), 0);
    assert_int_equal(rig_read(rig, IXGBE_TXDGPC), 7);
    assert_int_equal(rig_read(rig, IXGBE_GPTC), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(advanced, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(legacy, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(pads_short_frames, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(several_buffers, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(vlan_insertion, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(later, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(head_write_back, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(many_queues, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(queue_127, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(disabled, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(statistics, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe transmit", tests, NULL, NULL);
}
