// SPDX-License-Identifier: ISC
/* Drivers that go wrong, or mean to: the software 82599 stops the queue or drops the packet, and
 * serves the next one. */
#include "ixgbe_rig.h"

#define ADVANCED 0x02000402u
#define DATA     (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_IFCS)
#define EOP      IXGBE_TXD_CMD_EOP

static void inject(struct rig *rig)
{
    uint8_t frame[PORT_FRAME_MAX];

    rig_inject(rig, frame, rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 100}));
}

/* Both queues 0, as they should be but for the registers that the test spoils. */
static void start(struct rig *rig)
{
    rig_rx_start(rig, 0, ADVANCED);
    rig_tx_start(rig, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, DATA | EOP, 0);
    inject(rig);
}

static void works(struct rig *rig)
{
    unsigned out = rig->port->out_count;

    start(rig);
    rig->port->in_head = rig->port->in_tail;
    inject(rig);
    assert_int_equal(rig_poll(rig), 2);
    assert_int_equal(rig_rx_desc(rig, 0, 0)->wb.status & 3, 3);
    assert_int_equal(rig->port->out_count, out + 1);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
}

static void bad_rings(void **state)
{
    struct rig *rig = *state;
    static const struct {
        uint32_t offset, value;
    } spoilt[] = {
        {0x00, 0x00100000}, /* base: not mapped, with the high word below */
        {0x04, 0x00000007}, {0x04, 0xffffffff}, {0x08, 0}, /* length */
        {0x08, 64},         {0x08, 1000},       {0x08, 0x00100000},
        {0x08, 0xffffff80}, {0x10, RIG_RING}, /* head */
        {0x10, 0xffffffff}, {0x18, RIG_RING}, /* tail */
        {0x18, 0x80000000},
    };

    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
        start(rig);
        rig_write(rig, IXGBE_RXQ(0u) + spoilt[i].offset, spoilt[i].value);
        rig_write(rig, IXGBE_TXQ(0u) + spoilt[i].offset, spoilt[i].value);
        if (i == 0) {
            rig_write(rig, IXGBE_RDBAH(0u), 0);
            rig_write(rig, IXGBE_TDBAH(0u), 0);
        }
        assert_int_equal(rig_poll(rig), 0);
        assert_int_equal(rig_read(rig, IXGBE_RXDCTL(0u)) & IXGBE_RXDCTL_ENABLE, 0); /* visible */
        assert_int_equal(rig_read(rig, IXGBE_TXDCTL(0u)) & IXGBE_TXDCTL_ENABLE, 0);
        rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
        works(rig);
    }
}

/* The ring is fine at its beginning, and leaves what is mapped later on. */
static void ring_runs_out_of_memory(void **state)
{
    struct rig *rig = *state;
    const uint64_t base = RIG_IOVA + RIG_MEMORY - 32 * 16;
    union ixgbe_rx_desc *rx = rig_at(rig, base);
    union ixgbe_tx_desc *tx = rig_at(rig, base);

    rig_rx_start(rig, 0, ADVANCED);
    rig_write(rig, IXGBE_RDBAL(0u), (uint32_t)base);
    for (unsigned i = 0; i < 32; i++)
        rx[i].qword[0] = RIG_RX_BUFFER(i);
    for (unsigned i = 0; i < 40; i++)
        inject(rig);
    for (unsigned i = 0; i < 4; i++)
        rig_poll(rig);
    assert_int_equal(rig->dev->stats.rx_packets, 32);
    assert_int_equal(rig_read(rig, IXGBE_RXDCTL(0u)) & IXGBE_RXDCTL_ENABLE, 0);
    rig_tx_start(rig, 0);
    rig_write(rig, IXGBE_TDBAL(0u), (uint32_t)base);
    for (unsigned i = 0; i < 32; i++)
        tx[i].data = (struct ixgbe_tx_data){RIG_TX_BUFFER, 60 | DATA | EOP, 0};
    rig_write(rig, IXGBE_TDT(0u), 40);
    assert_int_equal(rig_poll(rig), 0);
    assert_int_equal(rig_read(rig, IXGBE_TXDCTL(0u)) & IXGBE_TXDCTL_ENABLE, 0);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    rig->port->in_head = rig->port->in_tail = 0;
    works(rig);
}

static void bad_receive_buffers(void **state)
{
    struct rig *rig = *state;

    rig_rx_start(rig, 0, ADVANCED);
    rig_rx_desc(rig, 0, 0)->qword[0] = 0;
    rig_rx_desc(rig, 0, 1)->qword[0] = UINT64_MAX;
    rig_rx_desc(rig, 0, 2)->qword[0] = RIG_IOVA + RIG_MEMORY - 50; /* runs out in the middle */
    for (unsigned i = 0; i < 4; i++)
        inject(rig);
    assert_int_equal(rig_poll(rig), 4); /* the data is lost, the descriptors come back */
    assert_int_equal(rig->dev->stats.rx_errors, 3);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(rig_rx_desc(rig, 0, i)->wb.status & 3, 3);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    works(rig);
}

static void bad_buffer_sizes(void **state)
{
    struct rig *rig = *state;

    for (uint32_t size = 0; size < 32; size++) {
        bool good = size >= 1 && size <= 16;

        rig_rx_start(rig, 0, IXGBE_SRRCTL_DESCTYPE_ADV | size);
        inject(rig);
        assert_int_equal(rig_poll(rig), good);
        assert_int_equal(!!(rig_read(rig, IXGBE_RXDCTL(0u)) & IXGBE_RXDCTL_ENABLE), good);
        rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    }
}

static void bad_transmit_buffers(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    rig_tx(rig, 0, 0, 60, DATA | EOP | IXGBE_TXD_CMD_RS, 0);
    rig_tx(rig, 0, UINT64_MAX - 10, 60, DATA | EOP, 0);
    rig_tx(rig, 0, RIG_IOVA + RIG_MEMORY - 50, 60, DATA | EOP, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 0, DATA | EOP, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 13, DATA | EOP, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 16385, DATA | EOP, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, EOP | IXGBE_TXD_CMD_IC | 59u << 16, 0); /* legacy: CSO */
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, EOP | IXGBE_TXD_CMD_IC, 60 << 8);       /* and CSS */
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, IXGBE_TXD_CMD_DEXT | 7u << 20 | EOP, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, DATA | EOP, 0);
    assert_int_equal(rig_poll(rig), 10);
    assert_int_equal(rig->dev->stats.tx_errors, 9);
    assert_int_equal(rig->port->out_count, 1);
    assert_true(rig_tx_desc(rig, 0, 0)->data.olinfo_status & IXGBE_TXD_STAT_DD);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    works(rig);
}

/* A packet without an end waits for it, up to what the hardware takes; a context within is an
 * error. */
static void endless_packet(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    for (unsigned i = 0; i < 39; i++)
        rig_tx(rig, 0, RIG_TX_BUFFER, 10, DATA, 0);
    assert_int_equal(rig_poll(rig), 0);
    assert_true(rig_read(rig, IXGBE_TXDCTL(0u)) & IXGBE_TXDCTL_ENABLE);
    rig_tx(rig, 0, RIG_TX_BUFFER, 10, DATA, 0);
    assert_int_equal(rig_poll(rig), 0);
    assert_false(rig_read(rig, IXGBE_TXDCTL(0u)) & IXGBE_TXDCTL_ENABLE);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    rig_tx_start(rig, 0);
    rig_tx(rig, 0, RIG_TX_BUFFER, 10, DATA, 0);
    rig_tx_context(rig, 0, (struct ixgbe_tx_context){0});
    rig_tx(rig, 0, RIG_TX_BUFFER, 60, DATA | EOP, 0);
    assert_int_equal(rig_poll(rig), 3);
    assert_int_equal(rig->dev->stats.tx_errors, 1);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    works(rig);
}

/* Each turn is bounded, whatever the tail says. */
static void endless_contexts(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    for (unsigned i = 0; i < RIG_RING; i++)
        rig_tx_desc(rig, 0, i)->context.type_tucmd = IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_CONTEXT;
    for (unsigned turn = 0; turn < 1000; turn++) {
        uint32_t head = rig_read(rig, IXGBE_TDH(0u));

        rig_write(rig, IXGBE_TDT(0u), (head + RIG_RING - 1) % RIG_RING);
        assert_int_equal(rig_poll(rig), RIG_RING - 1);
    }
    assert_int_equal(rig->port->out_count, 0);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    works(rig);
}

/* Memory goes away under a running queue. */
static void unmapped_in_between(void **state)
{
    struct rig *rig = *state;

    start(rig);
    assert_int_equal(rig_poll(rig), 2);
    assert_int_equal(emu_dma_unmap(&rig->dev->dma, RIG_IOVA, RIG_MEMORY), 1);
    rig_write(rig, IXGBE_TDT(0u), 2);
    inject(rig);
    assert_int_equal(rig_poll(rig), 0);
    assert_int_equal(rig_read(rig, IXGBE_RXDCTL(0u)) & IXGBE_RXDCTL_ENABLE, 0);
    assert_int_equal(rig_read(rig, IXGBE_TXDCTL(0u)) & IXGBE_TXDCTL_ENABLE, 0);
    assert_int_equal(emu_dma_map(&rig->dev->dma, rig->fd, 0, RIG_IOVA, RIG_MEMORY, 3), 0);
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    works(rig);
}

/* Rings that the device may only read, or only write. */
static void wrong_permission(void **state)
{
    struct rig *rig = *state;

    for (unsigned access = 1; access <= 2; access++) {
        emu_dma_unmap(&rig->dev->dma, RIG_IOVA, RIG_MEMORY);
        assert_int_equal(emu_dma_map(&rig->dev->dma, rig->fd, 0, RIG_IOVA, RIG_MEMORY, access), 0);
        start(rig);
        rig_poll(rig);
        assert_int_equal(rig_read(rig, IXGBE_RXDCTL(0u)) & IXGBE_RXDCTL_ENABLE, 0);
        assert_int_equal(!!(rig_read(rig, IXGBE_TXDCTL(0u)) & IXGBE_TXDCTL_ENABLE), access == 1);
        assert_int_equal(rig->port->out_count, 1);
        rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
        rig->port->in_head = rig->port->in_tail;
    }
}

/* ---- a driver that does anything ---- */

static uint64_t random_state = 42;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t random_address(void)
{
    uint64_t r = next_random();

    return r % 8 == 0 ? r >> 8 : RIG_IOVA + (r >> 8) % (RIG_MEMORY + 4096);
}

static void scribble(struct rig *rig)
{
    for (unsigned q = 0; q < 2; q++)
        for (unsigned i = 0; i < RIG_RING; i++) {
            rig_rx_desc(rig, q, i)->qword[0] = random_address();
            rig_tx_desc(rig, q, i)->qword[0] = random_address();
            rig_tx_desc(rig, q, i)->qword[1] =
                next_random() & (i % 2 ? ~0ull : 0xffffffff00000000) & ~(uint64_t)0xc000;
            rig_tx_desc(rig, q, i)->data.cmd_type_len |= DATA;
            if (next_random() % 4)
                rig_tx_desc(rig, q, i)->data.cmd_type_len |= EOP;
        }
}

static void random_driver(void **state)
{
    struct rig *rig = *state;

    for (unsigned round = 0; round < 300; round++) {
        scribble(rig);
        for (unsigned q = 0; q < 2; q++) {
            rig_rx_start(rig, q, IXGBE_SRRCTL_DESCTYPE_ADV | 1 | (next_random() & 0x12000000));
            rig_tx_start(rig, q);
            rig_write(rig, IXGBE_TDT(q), next_random() % RIG_RING);
            rig_write(rig, IXGBE_RDBAL(q), (uint32_t)RIG_RX_RING(q));
        }
        scribble(rig);
        rig_write(rig, IXGBE_FCTRL, IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE);
        for (unsigned i = 0; i < 200; i++) {
            uint32_t offset = (uint32_t)next_random() % IXGBE_REGS_SIZE & ~3u;

            if (next_random() % 4 == 0) /* near the queues more often */
                offset = (offset & 0x13c) | (next_random() & 1 ? 0x1000 : 0x6000);
            if (next_random() % 2)
                rig_write(rig, offset, (uint32_t)next_random());
            else
                rig_read(rig, offset);
            if (i % 16 == 0) {
                uint8_t frame[PORT_FRAME_MAX];
                uint32_t len = rig_build(frame, (struct rig_flow){.v6 = i & 16,
                                                                  .vlan = i & 32,
                                                                  .protocol = i & 64 ? 6 : 17,
                                                                  .payload = next_random() % 3000});

                frame[next_random() % len] ^= (uint8_t)next_random();
                rig->port->in_head = rig->port->in_tail = 0;
                rig_inject(rig, frame, len);
            }
            rig->port->accept = next_random() % 4 ? ~0u : 1;
            rig_poll(rig);
        }
        rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    }
    rig->port->accept = ~0u;
    rig->port->in_head = rig->port->in_tail = 0;
    works(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_rings, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(ring_runs_out_of_memory, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(bad_receive_buffers, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(bad_buffer_sizes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(bad_transmit_buffers, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(endless_packet, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(endless_contexts, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(unmapped_in_between, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(wrong_permission, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(random_driver, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe against its driver", tests, NULL, NULL);
}
