// SPDX-License-Identifier: ISC
/* What the software 82599 makes of a received frame: filters, packet types, checksums, RSS; and the
 * statistics. */
#include "ixgbe_rig.h"

#define ADVANCED 0x02000402u
#define SUMS     (IXGBE_RXD_STAT_IPCS | IXGBE_RXD_STAT_L4CS | IXGBE_RXD_STAT_UDPCS)
#define ERRORS   (IXGBE_RXD_ERR_IPE | IXGBE_RXD_ERR_L4E)

/* Receives one frame and gives its descriptor back at once; NULL: it was filtered. */
static const struct ixgbe_rx_wb *receive(struct rig *rig, const uint8_t *frame, uint32_t len)
{
    static struct ixgbe_rx_wb wb;
    uint32_t head = rig_read(rig, IXGBE_RDH(0u));

    if (!(rig_read(rig, IXGBE_RXCTRL) & 1))
        rig_rx_start(rig, 0, ADVANCED);
    rig_inject(rig, frame, len);
    if (rig_poll(rig) == 0)
        return NULL;
    wb = rig_rx_desc(rig, 0, head)->wb;
    rig_rx_desc(rig, 0, head)->qword[0] = RIG_RX_BUFFER(head);
    rig_write(rig, IXGBE_RDT(0u), head);
    return &wb;
}

static bool accepts(struct rig *rig, const char *mac)
{
    uint8_t frame[60] = {[12] = 0x88, [13] = 0xb5};

    memcpy(frame, mac, 6);
    return receive(rig, frame, 60);
}

static void unicast(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[60] = {2, 0, 0, 0, 0, 1, [12] = 0x88, [13] = 0xb5};

    assert_true(accepts(rig, "\x02\0\0\0\0\1"));
    assert_false(accepts(rig, "\x02\0\0\0\0\2"));
    rig_write(rig, IXGBE_RAL(127), 0x00000002);
    rig_write(rig, IXGBE_RAH(127), 0x0200);
    assert_false(accepts(rig, "\x02\0\0\0\0\2")); /* not valid yet */
    rig_write(rig, IXGBE_RAH(127), 0x0200 | IXGBE_RAH_AV);
    assert_true(accepts(rig, "\x02\0\0\0\0\2"));
    assert_false(accepts(rig, "\x02\0\0\0\0\3"));
    assert_int_equal(receive(rig, frame, 60)->status & IXGBE_RXD_STAT_PIF, 0);
    rig_write(rig, IXGBE_FCTRL, IXGBE_FCTRL_UPE);
    assert_true(accepts(rig, "\x02\0\0\0\0\3"));
    assert_false(accepts(rig, "\x01\0\x5e\0\0\1"));
    frame[5] = 3;
    assert_int_equal(receive(rig, frame, 60)->status & IXGBE_RXD_STAT_PIF, IXGBE_RXD_STAT_PIF);
}

static void broadcast(void **state)
{
    struct rig *rig = *state;

    assert_false(accepts(rig, "\xff\xff\xff\xff\xff\xff"));
    rig_write(rig, IXGBE_FCTRL, IXGBE_FCTRL_BAM);
    assert_true(accepts(rig, "\xff\xff\xff\xff\xff\xff"));
    assert_false(accepts(rig, "\xff\xff\xff\xff\xff\xfd"));
    rig_write(rig, IXGBE_FCTRL, IXGBE_FCTRL_MPE);
    assert_true(accepts(rig, "\xff\xff\xff\xff\xff\xff"));
    assert_true(accepts(rig, "\x01\0\x5e\0\0\1"));
    assert_false(accepts(rig, "\x02\0\0\0\0\x33"));
}

/* 12 bits of the address, which ones MCSTCTRL.MO says, choose a bit of the table. */
static void multicast(void **state)
{
    struct rig *rig = *state;
    static const uint8_t mac[6] = {0x01, 0x00, 0x5e, 0x12, 0xa5, 0xc3};
    uint64_t bits = 0;

    for (unsigned i = 6; i-- > 0;)
        bits = bits << 8 | mac[i];
    for (uint32_t offset = 0; offset < 4; offset++) {
        uint32_t hash = (uint32_t)(bits >> (36 - offset)) & 0xfff;

        rig_write(rig, IXGBE_MCSTCTRL, offset);
        rig_write(rig, IXGBE_MTA(hash / 32), 1u << hash % 32);
        assert_false(accepts(rig, (const char *)mac)); /* the table is off */
        rig_write(rig, IXGBE_MCSTCTRL, offset | IXGBE_MCSTCTRL_MFE);
        assert_true(accepts(rig, (const char *)mac));
        assert_false(accepts(rig, "\x02\0\x5e\x12\xa5\xc3")); /* the table is for groups */
        rig_write(rig, IXGBE_MTA(hash / 32), ~(1u << hash % 32));
        assert_false(accepts(rig, (const char *)mac));
        rig_write(rig, IXGBE_MTA(hash / 32), 0);
    }
}

static void vlan_filter(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    uint32_t len = rig_build(frame, (struct rig_flow){.vlan = true, .protocol = 17, .payload = 40});

    assert_non_null(receive(rig, frame, len));
    rig_write(rig, IXGBE_VLNCTRL, 0x8100 | IXGBE_VLNCTRL_VFE);
    assert_null(receive(rig, frame, len));
    rig_write(rig, IXGBE_VFTA(0x123 / 32), 1u << 0x123 % 32);
    assert_non_null(receive(rig, frame, len));
    frame[15] = 0x24;
    assert_null(receive(rig, frame, len));
    assert_true(accepts(rig, "\x02\0\0\0\0\1")); /* without a tag there is nothing to filter */
}

static void checksums(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];

    for (unsigned kind = 0; kind < 8; kind++) {
        struct rig_flow flow = {.v6 = kind & 1, .vlan = kind & 2, .protocol = kind & 4 ? 6 : 17};
        uint32_t ip = kind & 1 ? 0 : IXGBE_RXD_STAT_IPCS;
        uint32_t sums = ip | IXGBE_RXD_STAT_L4CS | (kind & 4 ? 0 : IXGBE_RXD_STAT_UDPCS);

        for (flow.payload = 0; flow.payload < 70; flow.payload++) { /* odd lengths, too */
            uint32_t len = rig_build(frame, flow);

            assert_int_equal(receive(rig, frame, len)->status & (SUMS | ERRORS), sums);
            frame[rig_l4(frame) + 1] ^= 0x10;
            assert_int_equal(receive(rig, frame, len)->status & (SUMS | ERRORS),
                             sums | IXGBE_RXD_ERR_L4E);
            frame[rig_l4(frame) + 1] ^= 0x10;
            frame[rig_l3(frame) + 8] ^= 1; /* TTL; or a byte of an IPv6 address */
            assert_int_equal(receive(rig, frame, len)->status & (SUMS | ERRORS),
                             sums | (kind & 1 ? IXGBE_RXD_ERR_L4E : IXGBE_RXD_ERR_IPE));
            rig->port->in_head = rig->port->in_tail = 0;
        }
    }
    assert_int_equal(rig_read(rig, IXGBE_XEC), 8 * 70 * 2);
}

static void nothing_to_check(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    const struct rig_flow flow = {.protocol = 17, .payload = 64};
    uint32_t len = rig_build(frame, flow);
    const struct ixgbe_rx_wb *wb;

    memset(frame + rig_l4(frame) + 6, 0, 2); /* UDP without a checksum */
    wb = receive(rig, frame, len);
    assert_int_equal(wb->status & (SUMS | ERRORS), IXGBE_RXD_STAT_IPCS);
    assert_int_equal(wb->info, IXGBE_RXD_INFO_IPV4 | IXGBE_RXD_INFO_UDP);
    rig_build(frame, flow);
    frame[20] |= 0x20; /* a fragment: its header is checked, what is in it is not UDP */
    wb = receive(rig, frame, len);
    assert_int_equal(wb->status & SUMS, IXGBE_RXD_STAT_IPCS);
    assert_int_equal(wb->info, IXGBE_RXD_INFO_IPV4);
    rig_build(frame, flow);
    frame[16] = 0x7f; /* longer than the frame */
    wb = receive(rig, frame, len);
    assert_int_equal(wb->status & (SUMS | ERRORS), 0);
    assert_int_equal(wb->info, 0);
    rig_build(frame, flow);
    frame[14] = 0x44; /* a header that is too short */
    assert_int_equal(receive(rig, frame, len)->info, 0);
    frame[14] = 0x4f; /* with options up to the end of a short packet */
    memcpy(frame + 16, "\0\x3c", 2);
    assert_int_equal(receive(rig, frame, len)->info, IXGBE_RXD_INFO_IPV4 | IXGBE_RXD_INFO_IPV4E);
}

static void ipv6_extensions(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX], plain[PORT_FRAME_MAX];
    uint32_t len = rig_build(plain, (struct rig_flow){.v6 = true, .protocol = 17, .payload = 51});
    const struct ixgbe_rx_wb *wb;

    memcpy(frame, plain, 54);
    memcpy(frame + 54, "\x3c\0\1\4\0\0\0\0\x11\0\1\4\0\0\0\0", 16); /* hop by hop, destination */
    memcpy(frame + 70, plain + 54, len - 54);
    frame[20] = 0;
    frame[19] = (uint8_t)(frame[19] + 16);
    wb = receive(rig, frame, len + 16);
    assert_int_equal(wb->info, IXGBE_RXD_INFO_IPV6 | IXGBE_RXD_INFO_IPV6E | IXGBE_RXD_INFO_UDP);
    assert_int_equal(wb->status & (SUMS | ERRORS), IXGBE_RXD_STAT_L4CS | IXGBE_RXD_STAT_UDPCS);
    frame[62] = 44; /* nothing behind a fragment header is looked at */
    frame[54] = 44;
    wb = receive(rig, frame, len + 16);
    assert_int_equal(wb->info, IXGBE_RXD_INFO_IPV6 | IXGBE_RXD_INFO_IPV6E);
    frame[20] = 0;
    memset(frame + 54, 0, len + 16 - 54); /* hop by hop without end */
    assert_int_equal(receive(rig, frame, len + 16)->info,
                     IXGBE_RXD_INFO_IPV6 | IXGBE_RXD_INFO_IPV6E);
    frame[55] = 255;
    assert_int_equal(receive(rig, frame, len + 16)->info,
                     IXGBE_RXD_INFO_IPV6 | IXGBE_RXD_INFO_IPV6E);
}

/* ---- RSS ---- */

/* The verification suite of Microsoft's "Receive Side Scaling" specification. */
static const uint8_t rss_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                                    0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                                    0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                                    0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
static const struct vector {
    bool v6;
    uint8_t source[16], destination[16];
    uint16_t source_port, destination_port;
    uint32_t addresses, tcp; /* the hashes */
} vectors[] = {
    {false, {66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
    {false, {199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
    {false, {24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
    {false, {38, 27, 205, 30}, {209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
    {false, {153, 39, 163, 191}, {202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2},
    {true,
     {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 7},
     {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, [15] = 1},
     2794,
     1766,
     0x2cc18cd5,
     0x40207d3d},
    {true,
     {0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab},
     {0xff, 0x02, [15] = 1},
     14230,
     4739,
     0x0f0c461c,
     0xdde51bbf},
    {true,
     {0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0, 3, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
     {0xfe, 0x80, [8] = 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
     44251,
     38024,
     0x4b61e985,
     0x02d1feef},
};

static void set_up_rss(struct rig *rig, uint32_t fields)
{
    for (unsigned i = 0; i < 10; i++)
        rig_write(rig, IXGBE_RSSRK(i),
                  rss_key[4 * i] | (uint32_t)rss_key[4 * i + 1] << 8 |
                      (uint32_t)rss_key[4 * i + 2] << 16 | (uint32_t)rss_key[4 * i + 3] << 24);
    rig_write(rig, IXGBE_MRQC, IXGBE_MRQC_MRQE_RSS | fields);
    rig_write(rig, IXGBE_RXCSUM, IXGBE_RXCSUM_PCSD);
}

static uint32_t vector_frame(uint8_t *frame, const struct vector *v, uint8_t protocol)
{
    uint32_t len =
        rig_build(frame, (struct rig_flow){.v6 = v->v6, .protocol = protocol, .payload = 30});
    uint8_t *ip = frame + 14, *l4 = frame + rig_l4(frame);

    memcpy(ip + (v->v6 ? 8 : 12), v->source, v->v6 ? 16 : 4);
    memcpy(ip + (v->v6 ? 24 : 16), v->destination, v->v6 ? 16 : 4);
    l4[0] = (uint8_t)(v->source_port >> 8);
    l4[1] = (uint8_t)v->source_port;
    l4[2] = (uint8_t)(v->destination_port >> 8);
    l4[3] = (uint8_t)v->destination_port;
    return len;
}

static void check_hash(struct rig *rig, const struct vector *v, uint8_t protocol, uint32_t hash,
                       enum ixgbe_rss_type type)
{
    uint8_t frame[PORT_FRAME_MAX];
    const struct ixgbe_rx_wb *wb = receive(rig, frame, vector_frame(frame, v, protocol));

    assert_int_equal(wb->rss, hash);
    assert_int_equal(wb->info & 15, type);
}

static void toeplitz(void **state)
{
    struct rig *rig = *state;
    const size_t count = sizeof(vectors) / sizeof(vectors[0]);

    set_up_rss(rig, IXGBE_MRQC_IPV4 | IXGBE_MRQC_TCP_IPV4 | IXGBE_MRQC_IPV6 | IXGBE_MRQC_TCP_IPV6);
    for (const struct vector *v = vectors; v < vectors + count; v++) {
        check_hash(rig, v, 6, v->tcp, v->v6 ? IXGBE_RSS_TCP_IPV6 : IXGBE_RSS_TCP_IPV4);
        check_hash(rig, v, 17, v->addresses, v->v6 ? IXGBE_RSS_IPV6 : IXGBE_RSS_IPV4);
    }
    set_up_rss(rig, IXGBE_MRQC_UDP_IPV4 | IXGBE_MRQC_UDP_IPV6);
    for (const struct vector *v = vectors; v < vectors + count; v++) {
        check_hash(rig, v, 17, v->tcp, v->v6 ? IXGBE_RSS_UDP_IPV6 : IXGBE_RSS_UDP_IPV4);
        check_hash(rig, v, 6, 0, IXGBE_RSS_NONE);
    }
    rig_write(rig, IXGBE_RXCSUM, 0); /* the hash is not asked for */
    check_hash(rig, vectors, 17, 0, IXGBE_RSS_NONE);
}

static void redirection(void **state)
{
    struct rig *rig = *state;
    uint8_t frame[PORT_FRAME_MAX];
    uint32_t len = vector_frame(frame, vectors, 6);
    unsigned entry = vectors[0].tcp & 127;

    set_up_rss(rig, IXGBE_MRQC_TCP_IPV4);
    for (unsigned q = 0; q < 16; q++)
        rig_rx_start(rig, q, ADVANCED);
    for (unsigned q = 0; q < 16; q++) {
        rig_write(rig, IXGBE_RETA(entry / 4), q << entry % 4 * 8);
        rig_inject(rig, frame, len);
        rig_inject(rig, frame, 60); /* cut off: no IP packet, so queue 0 */
        assert_int_equal(rig_poll(rig), 2);
        assert_int_equal(rig_read(rig, IXGBE_RDH(q)), q == 0 ? 2 : 1);
    }
    assert_int_equal(rig_read(rig, IXGBE_RDH(0u)), 17);
}

/* ---- statistics ---- */

static void statistics(void **state)
{
    struct rig *rig = *state;
    static const uint16_t sizes[] = {60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514};
    static const uint8_t per_size[6] = {1, 2, 2, 2, 2, 2};
    uint8_t frame[PORT_FRAME_MAX] = {0};
    uint32_t octets = 0;

    rig_write(rig, IXGBE_FCTRL, IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE);
    memcpy(frame + 12, "\x88\xb5", 2);
    for (unsigned i = 0; i < 11; i++) {
        memcpy(frame,
               i == 0  ? "\xff\xff\xff\xff\xff\xff"
               : i < 3 ? "\1\0\0\0\0\1"
                       : "\2\0\0\0\0\1",
               6);
        receive(rig, frame, sizes[i]);
        octets += sizes[i] + 4u;
    }
    assert_false(accepts(rig, "\x02\0\0\0\0\2"));
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(rig_read(rig, IXGBE_PRC64 + 4 * i), per_size[i]);
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 11);
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 0);
    assert_int_equal(rig_read(rig, IXGBE_BPRC), 1);
    assert_int_equal(rig_read(rig, IXGBE_MPRC), 2);
    assert_int_equal(rig_read(rig, IXGBE_TPR), 12);
    assert_int_equal(rig_read(rig, IXGBE_RXNFGPC), 12);
    assert_int_equal(rig_read(rig, IXGBE_RXDGPC), 11);
    assert_int_equal(rig_read(rig, IXGBE_GORCL), octets);
    assert_int_equal(rig_read(rig, IXGBE_GORCH), 0);
    assert_int_equal(rig_read(rig, IXGBE_TORL), octets + 64);
    assert_int_equal(rig_read(rig, IXGBE_GORCL), 0);
}

/* 36 bits in two registers, of which nothing gets lost in between; 32 bits stick at the top. */
static void wide_counters(void **state)
{
    struct rig *rig = *state;

    rig->nic->count[C_GORC] = 0x5fffffffff;
    assert_int_equal(rig_read(rig, IXGBE_GORCL), 0xffffffff);
    assert_int_equal(rig_read(rig, IXGBE_GORCH), 0xf);
    rig->nic->count[C_GORC] = 0x912345678;
    assert_int_equal(rig_read(rig, IXGBE_GORCL), 0x12345678);
    rig->nic->count[C_GORC] += 100;
    assert_int_equal(rig_read(rig, IXGBE_GORCH), 9);
    assert_int_equal(rig_read(rig, IXGBE_GORCL), 100);
    assert_int_equal(rig_read(rig, IXGBE_GORCH), 0);
    rig->nic->count[C_GPRC] = 0x100000000;
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 0xffffffff);
    assert_int_equal(rig_read(rig, IXGBE_GPRC), 0);
    rig->nic->count[C_GPTC] = 7;
    rig_write(rig, IXGBE_GPTC, 1); /* read only */
    assert_int_equal(rig_read(rig, IXGBE_GPTC), 7);
    rig->nic->count[C_GPTC] = 7;
    rig_write(rig, IXGBE_CTRL, IXGBE_CTRL_RST);
    assert_int_equal(rig_read(rig, IXGBE_GPTC), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unicast, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(broadcast, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(multicast, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(vlan_filter, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(checksums, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nothing_to_check, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(ipv6_extensions, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(toeplitz, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(redirection, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(statistics, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(wide_counters, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests_name("ixgbe classification", tests, NULL, NULL);
}
