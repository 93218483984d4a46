// SPDX-License-Identifier: ISC
/*
 * Statistics registers of the Intel 82599: datasheet section 8.2.3.23. All clear on read unless
 * marked RO, stick at the highest value, and count octets with the CRC; a 36-bit pair is read low
 * word first, and reading the high word clears both.
 */
#ifndef PENSTOCK_ABI_HW_IXGBE_STATS_H
#define PENSTOCK_ABI_HW_IXGBE_STATS_H

/* receive errors */
#define IXGBE_CRCERRS 0x04000
#define IXGBE_ILLERRC 0x04004
#define IXGBE_ERRBC   0x04008
#define IXGBE_MSPDC   0x04010
/* missed for want of descriptors, by packet buffer, n < 8 */
#define IXGBE_MPC(n) (0x03fa0 + 4 * (n))
#define IXGBE_MLFC   0x04034
#define IXGBE_MRFC   0x04038
#define IXGBE_RLEC   0x04040 /* EtherType field is a length, and a wrong one */
#define IXGBE_RUC    0x040a4 /* undersize with a good CRC */
#define IXGBE_RFC    0x040a8
#define IXGBE_ROC    0x040ac /* oversize with a good CRC */
#define IXGBE_RJC    0x040b0
#define IXGBE_XEC    0x04120 /* checksum errors */
#define IXGBE_SSVPC  0x08780

/* flow control, n < 8 */
#define IXGBE_LXONTXC        0x03f60
#define IXGBE_LXOFFTXC       0x03f68
#define IXGBE_LXONRXCNT      0x041a4
#define IXGBE_LXOFFRXCNT     0x041a8
#define IXGBE_PXONTXC(n)     (0x03f00 + 4 * (n))
#define IXGBE_PXOFFTXCNT(n)  (0x03f20 + 4 * (n))
#define IXGBE_PXONRXCNT(n)   (0x04140 + 4 * (n))
#define IXGBE_PXOFFRXCNT(n)  (0x04160 + 4 * (n))
#define IXGBE_PXON2OFFCNT(n) (0x03240 + 4 * (n))

/* received, all sizes with CRC */
#define IXGBE_PRC64    0x0405c
#define IXGBE_PRC127   0x04060
#define IXGBE_PRC255   0x04064
#define IXGBE_PRC511   0x04068
#define IXGBE_PRC1023  0x0406c
#define IXGBE_PRC1522  0x04070
#define IXGBE_GPRC     0x04074
#define IXGBE_BPRC     0x04078
#define IXGBE_MPRC     0x0407c
#define IXGBE_GORCL    0x04088
#define IXGBE_GORCH    0x0408c
#define IXGBE_TORL     0x040c0 /* good or not */
#define IXGBE_TORH     0x040c4
#define IXGBE_TPR      0x040d0
#define IXGBE_RXNFGPC  0x041b0 /* good before the filters */
#define IXGBE_RXNFGBCL 0x041b4
#define IXGBE_RXNFGBCH 0x041b8
#define IXGBE_RXDGPC   0x02f50 /* good and handed to the host */
#define IXGBE_RXDGBCL  0x02f54
#define IXGBE_RXDGBCH  0x02f58

/* transmitted */
#define IXGBE_GPTC    0x04080
#define IXGBE_GOTCL   0x04090
#define IXGBE_GOTCH   0x04094
#define IXGBE_TPT     0x040d4
#define IXGBE_PTC64   0x040d8
#define IXGBE_PTC127  0x040dc
#define IXGBE_PTC255  0x040e0
#define IXGBE_PTC511  0x040e4
#define IXGBE_PTC1023 0x040e8
#define IXGBE_PTC1522 0x040ec
#define IXGBE_MPTC    0x040f0
#define IXGBE_BPTC    0x040f4
#define IXGBE_TXDGPC  0x087a0
#define IXGBE_TXDGBCL 0x087a4
#define IXGBE_TXDGBCH 0x087a8

/* per queue, mapped by RQSMR and TQSM; n < 16 */
#define IXGBE_QPRC(n)   (0x01030 + 0x40 * (n))
#define IXGBE_QBRC_L(n) (0x01034 + 0x40 * (n))
#define IXGBE_QBRC_H(n) (0x01038 + 0x40 * (n))
#define IXGBE_QPRDC(n)  (0x01430 + 0x40 * (n))
#define IXGBE_QPTC(n)   (0x08680 + 4 * (n))
#define IXGBE_QBTC_L(n) (0x08700 + 8 * (n))
#define IXGBE_QBTC_H(n) (0x08704 + 8 * (n))

#endif
