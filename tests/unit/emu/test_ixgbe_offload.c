// SPDX-License-Identifier: ISC
/* Transmit offloads of the software 82599: checksums and segmentation, and requests for them that
 * make no sense. */
#include "ixgbe_rig.h"

#define DATA (IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_IFCS)
#define EOP  IXGBE_TXD_CMD_EOP
#define SUMS (IXGBE_TXD_POPTS_IXSM | IXGBE_TXD_POPTS_TXSM)

static uint32_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* What a driver leaves in the checksum field: the pseudo header's sum, without the length for
 * segmentation. */
static void put_pseudo_sum(uint8_t *frame, uint8_t protocol, uint32_t len)
{
    const uint8_t *ip = frame + rig_l3(frame);
    uint8_t *at = frame + rig_l4(frame) + (protocol == 6 ? 16 : 6);
    uint32_t sum = protocol + len;

    for (unsigned i = ip[0] >> 4 == 4 ? 12 : 8; i < (ip[0] >> 4 == 4 ? 20 : 40); i += 2)
        sum += (uint32_t)ip[i] << 8 | ip[i + 1];
    sum = fold(sum);
    at[0] = (uint8_t)(sum >> 8);
    at[1] = (uint8_t)sum;
}

/* The context for a frame; l4_len and mss are 0 without segmentation. */
static struct ixgbe_tx_context context_of(const uint8_t *frame, uint8_t protocol, uint32_t l4_len,
                                          uint32_t mss)
{
    unsigned l3 = rig_l3(frame), l4 = rig_l4(frame);

    return (struct ixgbe_tx_context){
        .vlan_macip_lens = l3 << 9 | (l4 - l3),
        .type_tucmd = protocol == 6 ? IXGBE_TXD_TUCMD_L4T_TCP : IXGBE_TXD_TUCMD_L4T_UDP,
        .mss_l4len_idx = l4_len << 8 | mss << 16,
    };
}

static void insertion(void **state)
{
    struct rig *rig = *state;
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER);

    rig_tx_start(rig, 0);
    for (unsigned kind = 0; kind < 8; kind++) {
        struct rig_flow flow = {.v6 = kind & 1, .vlan = kind & 2, .protocol = kind & 4 ? 6 : 17};

        for (flow.payload = 20; flow.payload < 60; flow.payload++) {
            uint32_t len = rig_build(frame, flow), l4 = rig_l4(frame);
            uint8_t expected[PORT_FRAME_MAX];
            unsigned n = rig->port->out_count;

            memcpy(expected, frame, len);
            put_pseudo_sum(frame, flow.protocol, len - l4);
            if (!flow.v6)
                memset(frame + rig_l3(frame) + 10, 0x55, 2); /* to be overwritten */
            rig_tx_context(rig, 0, context_of(frame, flow.protocol, 0, 0));
            rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, SUMS | IXGBE_TXD_CC | len << 14);
            assert_int_equal(rig_poll(rig), 2);
            assert_int_equal(rig->port->out_count, n + 1);
            assert_int_equal(rig->port->out[n % RIG_FRAMES].len, len);
            assert_memory_equal(rig->port->out[n % RIG_FRAMES].data, expected, len);
        }
    }
}

/* Each alone, and what RFC 768 says of a UDP checksum that comes out as 0. */
static void one_of_them(void **state)
{
    struct rig *rig = *state;
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER), *udp = frame + 34;
    uint32_t len = rig_build(frame, (struct rig_flow){.protocol = 17, .payload = 60}), sum = 0;

    rig_tx_start(rig, 0);
    memset(frame + 24, 0, 2);
    memset(udp + 6, 0, 2);
    rig_tx_context(rig, 0, context_of(frame, 17, 0, 0));
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, IXGBE_TXD_POPTS_IXSM);
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, IXGBE_TXD_POPTS_TXSM);
    assert_int_equal(rig_poll(rig), 3);
    assert_memory_not_equal(rig->port->out[0].data + 24, "\0\0", 2);
    assert_memory_equal(rig->port->out[0].data + 40, "\0\0", 2);
    assert_memory_equal(rig->port->out[1].data + 24, "\0\0", 2);
    assert_memory_not_equal(rig->port->out[1].data + 40, "\0\0", 2);
    for (unsigned i = 0; i < 68; i += 2) /* make everything sum up to 0xffff */
        sum += (uint32_t)udp[i] << 8 | udp[i + 1];
    sum = 0xffff - fold(sum);
    udp[6] = (uint8_t)(sum >> 8);
    udp[7] = (uint8_t)sum;
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, IXGBE_TXD_POPTS_TXSM);
    assert_int_equal(rig_poll(rig), 1);
    assert_memory_equal(rig->port->out[2].data + 40, "\xff\xff", 2);
}

static uint32_t crc32c(const uint8_t *data, uint32_t len)
{
    uint32_t crc = ~0u;

    for (uint32_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (((crc ^ data[i] >> bit) & 1) ? 0x82f63b78 : 0);
    return ~crc;
}

static void sctp(void **state)
{
    struct rig *rig = *state;
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER), *l4;
    uint32_t len = rig_build(frame, (struct rig_flow){.protocol = 132, .payload = 50}), crc;

    rig_tx_start(rig, 0);
    rig_tx_context(rig, 0,
                   (struct ixgbe_tx_context){.vlan_macip_lens = 14 << 9 | 20,
                                             .type_tucmd = IXGBE_TXD_TUCMD_L4T_SCTP});
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, IXGBE_TXD_POPTS_TXSM);
    assert_int_equal(rig_poll(rig), 2);
    l4 = rig->port->out[0].data + 34;
    memcpy(&crc, l4 + 8, 4);
    memset(l4 + 8, 0, 4);
    assert_int_equal(crc, crc32c(l4, len - 34));
    assert_int_equal(crc32c((const uint8_t *)"123456789", 9), 0xe3069283); /* its check value */
}

/* ---- segmentation ---- */

#define PAYLOAD 5000u
#define MSS     1460u

/* Puts a packet for segmentation at RIG_TX_BUFFER; returns its length. */
static uint32_t prepare(struct rig *rig, struct rig_flow flow, uint32_t mss)
{
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER), *l4;
    uint32_t len = rig_build(frame, flow);

    l4 = frame + rig_l4(frame);
    if (flow.protocol == 6) {
        memcpy(l4 + 4, "\xff\xff\xf8\x00", 4); /* the sequence number is about to wrap */
        l4[13] = 0x19;                         /* ACK, PSH, FIN */
    }
    put_pseudo_sum(frame, flow.protocol, 0);
    rig_tx_context(rig, 0, context_of(frame, flow.protocol, flow.protocol == 6 ? 20 : 8, mss));
    return len;
}

static void send_segmented(struct rig *rig, uint32_t len, uint32_t payload)
{
    uint32_t half = len / 2;
    uint32_t options = SUMS | IXGBE_TXD_CC | payload << IXGBE_TXD_PAYLEN_SHIFT;

    rig_tx(rig, 0, RIG_TX_BUFFER, half, DATA | IXGBE_TXD_CMD_TSE, options);
    rig_tx(rig, 0, RIG_TX_BUFFER + half, len - half,
           DATA | EOP | IXGBE_TXD_CMD_RS | IXGBE_TXD_CMD_TSE, options);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Segment i of the packet at RIG_TX_BUFFER. */
static void check_segment(struct rig *rig, struct rig_flow flow, unsigned i)
{
    const uint8_t *packet = rig_at(rig, RIG_TX_BUFFER);
    const struct rig_frame *frame = &rig->port->out[i];
    unsigned l4 = rig_l4(packet), header = flow.protocol == 6 ? 20 : 8;
    uint32_t at = i * MSS, part = flow.payload - at < MSS ? flow.payload - at : MSS;
    bool last = at + part == flow.payload;

    assert_int_equal(frame->len, l4 + header + part);
    assert_memory_equal(frame->data + l4 + header, packet + l4 + header + at, part);
    assert_true(rig_sums_right(frame->data));
    if (!flow.v6)
        assert_int_equal(get32(frame->data + rig_l3(packet) + 2) & 0xffff, 0x1234 + i);
    if (flow.protocol == 6) {
        assert_int_equal(get32(frame->data + l4 + 4), 0xfffff800 + at);
        assert_int_equal(frame->data[l4 + 13], last ? 0x19 : 0x10);
    } else {
        assert_int_equal(get32(frame->data + l4 + 4) >> 16, 8 + part);
    }
}

static void segmentation(void **state)
{
    struct rig *rig = *state;

    rig_tx_start(rig, 0);
    for (unsigned kind = 0; kind < 8; kind++) {
        struct rig_flow flow = {
            .v6 = kind & 1, .vlan = kind & 2, .protocol = kind & 4 ? 6 : 17, .payload = PAYLOAD};

        rig->port->out_count = 0;
        send_segmented(rig, prepare(rig, flow, MSS), PAYLOAD);
        assert_int_equal(rig_poll(rig), 3);
        assert_int_equal(rig->port->out_count, 4);
        for (unsigned i = 0; i < 4; i++)
            check_segment(rig, flow, i);
    }
}

/* One segment; and the port refuses in the middle of a packet. */
static void segmentation_in_pieces(void **state)
{
    struct rig *rig = *state;
    struct rig_flow flow = {.protocol = 6, .payload = MSS};

    rig_tx_start(rig, 0);
    send_segmented(rig, prepare(rig, flow, MSS), flow.payload);
    assert_int_equal(rig_poll(rig), 3);
    assert_int_equal(rig->port->out_count, 1);
    check_segment(rig, flow, 0);
    flow.payload = PAYLOAD;
    rig->port->out_count = 0;
    send_segmented(rig, prepare(rig, flow, MSS), flow.payload);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), i == 0 ? 3 : 4); /* the context is done */
        rig->port->accept = 1;
        rig_poll(rig);
        assert_int_equal(rig->port->out_count, i + 1);
        check_segment(rig, flow, i);
    }
    assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), 6);
}

/* More segments than one turn has room for. */
static void many_segments(void **state)
{
    struct rig *rig = *state;
    struct rig_flow flow = {.protocol = 6, .payload = 12000};
    const uint8_t *packet = rig_at(rig, RIG_TX_BUFFER);
    unsigned turns = 0;

    rig_tx_start(rig, 0);
    send_segmented(rig, prepare(rig, flow, 40), flow.payload);
    while (rig->port->out_count < 300 && turns < 10) {
        rig_poll(rig);
        turns++;
    }
    assert_int_equal(turns, 5);
    for (unsigned i = 0; i < 300; i++) {
        const struct rig_frame *frame = &rig->port->out[i];

        assert_int_equal(frame->len, 94);
        assert_memory_equal(frame->data + 54, packet + 54 + 40 * i, 40);
        assert_true(rig_sums_right(frame->data));
    }
    assert_int_equal(rig_poll(rig), 0);
    assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), 3);
}

/* ---- what makes no sense is dropped and counted, and the queue goes on ---- */

static void refused(struct rig *rig, struct ixgbe_tx_context context, uint32_t len, uint32_t cmd,
                    uint32_t options)
{
    uint64_t errors = rig->dev->stats.tx_errors;
    unsigned out = rig->port->out_count;

    rig_tx_context(rig, 0, context);
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP | IXGBE_TXD_CMD_RS | cmd, options);
    assert_int_equal(rig_poll(rig), 2);
    assert_int_equal(rig->dev->stats.tx_errors, errors + 1);
    assert_int_equal(rig->port->out_count, out);
    assert_int_equal(rig_read(rig, IXGBE_TDH(0u)), rig_read(rig, IXGBE_TDT(0u)));
}

static void nonsense(void **state)
{
    struct rig *rig = *state;
    uint8_t *frame = rig_at(rig, RIG_TX_BUFFER);
    const uint32_t len = rig_build(frame, (struct rig_flow){.protocol = 6, .payload = 500});
    const uint32_t tse = IXGBE_TXD_CMD_TSE, payload = 500u << 14;
    struct ixgbe_tx_context good = context_of(frame, 6, 20, 100), bad;

    rig_tx_start(rig, 0);
    refused(rig, (struct ixgbe_tx_context){0}, len, 0, SUMS);
    refused(rig, (struct ixgbe_tx_context){.vlan_macip_lens = 127 << 9 | 511}, len, 0, SUMS);
    refused(rig, (struct ixgbe_tx_context){.vlan_macip_lens = 14 << 9 | 19}, len, 0, SUMS);
    refused(rig, (struct ixgbe_tx_context){.vlan_macip_lens = 14 << 9 | 20, .type_tucmd = 3 << 11},
            len, 0, SUMS);
    refused(rig, context_of(frame, 6, 0, 0), 34 + 19, 0, SUMS); /* no room for a TCP header */
    refused(rig, good, len, tse, payload + (1u << 14));
    refused(rig, good, len, tse, 0);
    refused(rig, good, 40, tse, payload);
    bad = good;
    bad.mss_l4len_idx &= 0xffff; /* MSS 0 */
    refused(rig, bad, len, tse, payload);
    bad.mss_l4len_idx |= 16384u << 16;
    refused(rig, bad, len, tse, payload);
    bad = good;
    bad.mss_l4len_idx = 19 << 8 | 100 << 16; /* L4LEN */
    refused(rig, bad, len, tse, payload + (1u << 14));
    bad = good;
    bad.vlan_macip_lens = 14 << 9 | 8; /* IPLEN */
    refused(rig, bad, len, tse, payload + (12u << 14));
    bad.vlan_macip_lens = 20; /* MACLEN */
    refused(rig, bad, len, tse, payload + (14u << 14));
    bad = good;
    bad.type_tucmd = IXGBE_TXD_TUCMD_L4T_SCTP;
    refused(rig, bad, len, tse, payload);
    frame[14] = 0x65; /* as IPv6 the header would be longer */
    refused(rig, good, len, tse, payload);
    frame[14] = 0x45;
    rig_tx(rig, 0, RIG_TX_BUFFER, len, DATA | EOP, 0);
    assert_int_equal(rig_poll(rig), 1);
    assert_int_equal(rig->port->out_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(insertion, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(one_of_them, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(sctp, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(segmentation, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(segmentation_in_pieces, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(many_segments, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nonsense, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe offloads", tests, NULL, NULL);
}
