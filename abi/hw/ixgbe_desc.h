// SPDX-License-Identifier: ISC
/*
 * Descriptors of the Intel 82599. Source: its datasheet, sections 7.1.5 and 7.1.6 (receive), 7.2.3
 * (transmit). All are 16 bytes, little endian, in rings that the driver allocates; the hardware
 * overwrites them when done.
 */
#ifndef PENSTOCK_ABI_HW_IXGBE_DESC_H
#define PENSTOCK_ABI_HW_IXGBE_DESC_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Receive ---- */

/* 7.1.5: legacy; the address is not changed by the write-back */
struct ixgbe_rx_legacy {
    uint64_t addr;
    uint16_t length;
    uint16_t fragment_csum;
    uint8_t status; /* IXGBE_RXD_STAT_*, low 8 bits */
    uint8_t errors; /* IXGBE_RXD_LEGACY_ERR_* */
    uint16_t vlan;
};

/* 7.1.6.1: advanced, as the driver writes it */
struct ixgbe_rx_read {
    uint64_t pkt_addr;
    uint64_t hdr_addr; /* bit 0 must be 0: it is the DD bit of the write-back's status */
};

/* 7.1.6.2: advanced, as the hardware writes it back */
struct ixgbe_rx_wb {
    uint32_t info; /* bits 3:0 RSS type, 16:4 packet type, 20:17 RSC count, 30:21 header length, 31
                      SPH */
    uint32_t rss;  /* RSS hash; or fragment checksum in 31:16 and IP identification in 15:0 */
    uint32_t status; /* IXGBE_RXD_STAT_* and IXGBE_RXD_ERR_* */
    uint16_t length; /* bytes in this buffer */
    uint16_t vlan;
};

union ixgbe_rx_desc {
    struct ixgbe_rx_read read;
    struct ixgbe_rx_wb wb;
    struct ixgbe_rx_legacy legacy;
    uint64_t qword[2];
};
static_assert(sizeof(struct ixgbe_rx_legacy) == 16, "ixgbe_rx_legacy");
static_assert(offsetof(struct ixgbe_rx_legacy, status) == 12, "ixgbe_rx_legacy.status");
static_assert(sizeof(struct ixgbe_rx_read) == 16, "ixgbe_rx_read");
static_assert(sizeof(struct ixgbe_rx_wb) == 16, "ixgbe_rx_wb");
static_assert(offsetof(struct ixgbe_rx_wb, status) == 8, "ixgbe_rx_wb.status");
static_assert(sizeof(union ixgbe_rx_desc) == 16, "ixgbe_rx_desc");

#define IXGBE_RXD_STAT_DD (1u << 0) /* descriptor done */
/* last buffer of the packet; the bits below are valid only there */
#define IXGBE_RXD_STAT_EOP       (1u << 1)
#define IXGBE_RXD_STAT_FLM       (1u << 2)
#define IXGBE_RXD_STAT_VP        (1u << 3)  /* had a VLAN tag, now in .vlan if stripped */
#define IXGBE_RXD_STAT_UDPCS     (1u << 4)  /* UDP checksum looked at */
#define IXGBE_RXD_STAT_L4CS      (1u << 5)  /* TCP, UDP or SCTP checksum looked at */
#define IXGBE_RXD_STAT_IPCS      (1u << 6)  /* IPv4 header checksum looked at */
#define IXGBE_RXD_STAT_PIF       (1u << 7)  /* not the exact match of a unicast address */
#define IXGBE_RXD_ERR_LE         (1u << 25) /* length error */
#define IXGBE_RXD_ERR_RXE        (1u << 29) /* MAC error */
#define IXGBE_RXD_ERR_L4E        (1u << 30) /* checksum wrong */
#define IXGBE_RXD_ERR_IPE        (1u << 31)
#define IXGBE_RXD_LEGACY_ERR_RXE (1u << 0)
#define IXGBE_RXD_LEGACY_ERR_L4E (1u << 6)
#define IXGBE_RXD_LEGACY_ERR_IPE (1u << 7)

/* packet type, as bits of .info (7.1.6.2) */
#define IXGBE_RXD_INFO_IPV4  (1u << 4)
#define IXGBE_RXD_INFO_IPV4E (1u << 5) /* with options */
#define IXGBE_RXD_INFO_IPV6  (1u << 6)
#define IXGBE_RXD_INFO_IPV6E (1u << 7) /* with extension headers */
#define IXGBE_RXD_INFO_TCP   (1u << 8)
#define IXGBE_RXD_INFO_UDP   (1u << 9)
#define IXGBE_RXD_INFO_SCTP  (1u << 10)

/* RSS type in bits 3:0 of .info */
enum ixgbe_rss_type {
    IXGBE_RSS_NONE = 0,
    IXGBE_RSS_TCP_IPV4 = 1,
    IXGBE_RSS_IPV4 = 2,
    IXGBE_RSS_TCP_IPV6 = 3,
    IXGBE_RSS_IPV6 = 5,
    IXGBE_RSS_UDP_IPV4 = 7,
    IXGBE_RSS_UDP_IPV6 = 8,
};

/* ---- Transmit ---- */

/* 7.2.3.2.2: legacy. Offsets of its bytes 8..15: length 0, CSO 2, CMD 3, STA 4, CSS 5, VLAN 6 */
struct ixgbe_tx_legacy {
    uint64_t addr;
    uint16_t length;
    uint8_t cso;    /* where to store the checksum */
    uint8_t cmd;    /* IXGBE_TXD_CMD_* >> 24 */
    uint8_t status; /* bit 0: DD */
    uint8_t css;    /* where to start summing */
    uint16_t vlan;
};

/* 7.2.3.2.4: advanced data */
struct ixgbe_tx_data {
    uint64_t addr;
    uint32_t
        cmd_type_len; /* bits 15:0 bytes in this buffer, IXGBE_TXD_DTYP_DATA, IXGBE_TXD_CMD_* */
    uint32_t olinfo_status; /* bit 0 DD, 6:4 context index, IXGBE_TXD_CC, IXGBE_TXD_POPTS_*, 31:14
                               PAYLEN */
};

/* 7.2.3.2.3: advanced context */
struct ixgbe_tx_context {
    uint32_t vlan_macip_lens; /* bits 8:0 IPLEN, 15:9 MACLEN, 31:16 VLAN tag */
    uint32_t seqnum_seed;     /* IPsec and FCoE; else 0 */
    uint32_t type_tucmd;      /* IXGBE_TXD_TUCMD_*, IXGBE_TXD_DTYP_CONTEXT, IXGBE_TXD_CMD_DEXT */
    uint32_t mss_l4len_idx;   /* bits 6:4 context index, 15:8 L4LEN, 31:16 MSS */
};

union ixgbe_tx_desc {
    struct ixgbe_tx_legacy legacy;
    struct ixgbe_tx_data data;
    struct ixgbe_tx_context context;
    uint64_t qword[2];
};
static_assert(sizeof(struct ixgbe_tx_legacy) == 16, "ixgbe_tx_legacy");
static_assert(offsetof(struct ixgbe_tx_legacy, status) == 12, "ixgbe_tx_legacy.status");
static_assert(sizeof(struct ixgbe_tx_data) == 16, "ixgbe_tx_data");
static_assert(offsetof(struct ixgbe_tx_data, olinfo_status) == 12, "ixgbe_tx_data.olinfo_status");
static_assert(sizeof(struct ixgbe_tx_context) == 16, "ixgbe_tx_context");
static_assert(sizeof(union ixgbe_tx_desc) == 16, "ixgbe_tx_desc");

#define IXGBE_TXD_LEN_MASK     0xffffu
#define IXGBE_TXD_DTYP_MASK    (0xfu << 20)
#define IXGBE_TXD_DTYP_CONTEXT (2u << 20)
#define IXGBE_TXD_DTYP_DATA    (3u << 20)
#define IXGBE_TXD_CMD_EOP      (1u << 24)
#define IXGBE_TXD_CMD_IFCS     (1u << 25) /* insert the FCS */
#define IXGBE_TXD_CMD_IC       (1u << 26) /* legacy: insert a checksum */
#define IXGBE_TXD_CMD_RS       (1u << 27) /* report status: DD */
#define IXGBE_TXD_CMD_DEXT     (1u << 29) /* advanced */
#define IXGBE_TXD_CMD_VLE      (1u << 30) /* insert the VLAN tag */
#define IXGBE_TXD_CMD_TSE      (1u << 31) /* segment TCP */
#define IXGBE_TXD_STAT_DD      (1u << 0)
#define IXGBE_TXD_IDX_SHIFT    4 /* context index, in olinfo_status and mss_l4len_idx: 0 or 1 */
#define IXGBE_TXD_CC           (1u << 7) /* the context counts (its MACLEN, IPLEN) */
#define IXGBE_TXD_POPTS_IXSM   (1u << 8) /* insert the IPv4 header checksum */
#define IXGBE_TXD_POPTS_TXSM   (1u << 9) /* insert the TCP, UDP or SCTP checksum */
/* without TSO the packet's bytes; with TSO the bytes behind all headers */
#define IXGBE_TXD_PAYLEN_SHIFT   14
#define IXGBE_TXD_IPLEN_MASK     0x1ffu
#define IXGBE_TXD_MACLEN_SHIFT   9
#define IXGBE_TXD_MACLEN_MASK    0x7fu
#define IXGBE_TXD_VLAN_SHIFT     16
#define IXGBE_TXD_TUCMD_IPV4     (1u << 10)
#define IXGBE_TXD_TUCMD_L4T      (3u << 11)
#define IXGBE_TXD_TUCMD_L4T_UDP  (0u << 11)
#define IXGBE_TXD_TUCMD_L4T_TCP  (1u << 11)
#define IXGBE_TXD_TUCMD_L4T_SCTP (2u << 11)
#define IXGBE_TXD_L4LEN_SHIFT    8
#define IXGBE_TXD_MSS_SHIFT      16

#endif
