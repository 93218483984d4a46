// SPDX-License-Identifier: ISC
/*
 * Registers of the Intel 82599 in BAR 0, as far as its driver or its model needs them.
 * Source: Intel 82599 10 GbE Controller Datasheet; the number behind a register is its section,
 * with the leading 8.2.3 left out (".8.6" is section 8.2.3.8.6). All registers are 32 bits wide and
 * little endian. RC: reading clears. RO: read only. W1C: writing 1 clears. SC: the bit clears
 * itself.
 */
#ifndef PENSTOCK_ABI_HW_IXGBE_H
#define PENSTOCK_ABI_HW_IXGBE_H

#include "ixgbe_desc.h"

#define IXGBE_BIT(n)          (1u << (n))
#define IXGBE_BITS(high, low) ((~0u >> (31 - (high))) & (~0u << (low)))

/* PCI identity (9.3.3): 82599ES with SFI/SFP+ */
#define IXGBE_PCI_VENDOR    0x8086u
#define IXGBE_PCI_DEVICE    0x10fbu
#define IXGBE_PCI_CLASS     0x02u /* network */
#define IXGBE_PCI_SUBCLASS  0x00u /* Ethernet */
#define IXGBE_PCI_PROGIF    0x00u
#define IXGBE_BAR0_SIZE     0x80000u /* 8.1: 128 KiB of registers, then flash */
#define IXGBE_REGS_SIZE     0x20000u
#define IXGBE_MSIX_BAR      4u
#define IXGBE_MSIX_BAR_SIZE 0x4000u
#define IXGBE_MSIX_VECTORS  64u
#define IXGBE_MSIX_PBA      0x2000u
#define IXGBE_HW_QUEUES     128u /* receive queues, and as many transmit queues */
/* 8.2.3.9.7: validated lengths up to 128 KiB (8192 descriptors) */
#define IXGBE_RING_BYTES_MAX 0x20000u

/* ---- General, .1 ---- */
#define IXGBE_CTRL                0x00000 /* .1.1 */
#define IXGBE_CTRL_ALIAS          0x00004
#define IXGBE_CTRL_MASTER_DISABLE IXGBE_BIT(2)
#define IXGBE_CTRL_LRST           IXGBE_BIT(3) /* link reset, SC */
#define IXGBE_CTRL_RST            IXGBE_BIT(26) /* device reset, SC; wait 1 ms, then 10 ms (4.6.3.2) */

#define IXGBE_STATUS         0x00008 /* .1.2, RO */
#define IXGBE_STATUS_LAN_ID  IXGBE_BITS(3, 2)
#define IXGBE_STATUS_LINK_UP IXGBE_BIT(7)
/* 0 once no bus master request is pending (5.2.5.3.2) */
#define IXGBE_STATUS_MASTER_ENABLE IXGBE_BIT(19)

#define IXGBE_CTRL_EXT          0x00018 /* .1.3 */
#define IXGBE_CTRL_EXT_PFRSTD   IXGBE_BIT(14)
#define IXGBE_CTRL_EXT_NS_DIS   IXGBE_BIT(16)
#define IXGBE_CTRL_EXT_RO_DIS   IXGBE_BIT(17)
#define IXGBE_CTRL_EXT_EXT_VLAN IXGBE_BIT(26)
#define IXGBE_CTRL_EXT_DRV_LOAD IXGBE_BIT(28)

#define IXGBE_ESDP           0x00020 /* .1.4: software defined pins */
#define IXGBE_ESDP_SDP(n)    IXGBE_BIT(n)
#define IXGBE_I2CCTL         0x00028 /* .1.5: bit-banged I2C to the SFP+ module; 1 = line released */
#define IXGBE_I2CCTL_SCL_IN  IXGBE_BIT(0) /* RO */
#define IXGBE_I2CCTL_SCL_OUT IXGBE_BIT(1)
#define IXGBE_I2CCTL_SDA_IN  IXGBE_BIT(2) /* RO */
#define IXGBE_I2CCTL_SDA_OUT IXGBE_BIT(3)
#define IXGBE_FRTIMER        0x00048 /* free running timer, RO */
#define IXGBE_TCPTIMER       0x0004c
#define IXGBE_LEDCTL         0x00200 /* .1.6 */

/* ---- EEPROM and flash, .2 ---- */
#define IXGBE_EEC         0x10010 /* .2.1: bit-banged SPI */
#define IXGBE_EEC_SK      IXGBE_BIT(0)
#define IXGBE_EEC_CS      IXGBE_BIT(1) /* chip select pin: low selects */
#define IXGBE_EEC_DI      IXGBE_BIT(2) /* to the EEPROM */
#define IXGBE_EEC_DO      IXGBE_BIT(3) /* from the EEPROM, RO */
#define IXGBE_EEC_FWE     IXGBE_BITS(5, 4)
#define IXGBE_EEC_REQ     IXGBE_BIT(6)
#define IXGBE_EEC_GNT     IXGBE_BIT(7) /* RO */
#define IXGBE_EEC_PRES    IXGBE_BIT(8) /* RO */
#define IXGBE_EEC_AUTO_RD IXGBE_BIT(9) /* RO: what the EEPROM sets has been loaded */
#define IXGBE_EEC_ADDR16  IXGBE_BIT(10)
#define IXGBE_EEC_SIZE    IXGBE_BITS(14, 11) /* 2^(SIZE + 6) words */

#define IXGBE_EERD               0x10014 /* .2.2 */
#define IXGBE_EERD_START         IXGBE_BIT(0)
#define IXGBE_EERD_DONE          IXGBE_BIT(1)
#define IXGBE_EERD_ADDR          IXGBE_BITS(15, 2) /* in words */
#define IXGBE_EERD_DATA          IXGBE_BITS(31, 16)
#define IXGBE_FLA                0x1001c /* .2.3 */
#define IXGBE_EEMNGCTL           0x10110 /* .2.4 */
#define IXGBE_EEMNGCTL_CFG_DONE0 IXGBE_BIT(18)
#define IXGBE_EEMNGCTL_CFG_DONE1 IXGBE_BIT(19)
#define IXGBE_GRC                0x10200

/* ---- Flow control, .3 ---- */
#define IXGBE_FCTTV(n) (0x03200 + 4 * (n)) /* .3.2, n < 4 */
#define IXGBE_FCRTL(n) (0x03220 + 4 * (n)) /* .3.3, n < 8 */
/* .3.4, n < 8: RTH bits 18:5 in bytes, must always be set */
#define IXGBE_FCRTH(n)   (0x03260 + 4 * (n))
#define IXGBE_FCRTH_FCEN IXGBE_BIT(31)
#define IXGBE_FCRTV      0x032a0 /* .3.5 */
#define IXGBE_FCCFG      0x03d00 /* .3.7 */

/* ---- PCIe and semaphores, .4 ---- */
#define IXGBE_GCR                   0x11000 /* .4.1 */
#define IXGBE_GCR_EXT               0x11050 /* .4.12 */
#define IXGBE_GCR_EXT_BUFFERS_CLEAR IXGBE_BIT(30)
#define IXGBE_SWSM                  0x10140      /* .4.9 */
#define IXGBE_SWSM_SMBI             IXGBE_BIT(0) /* reads as it was, then is 1: who read 0 has it */
#define IXGBE_SWSM_SWESMBI          IXGBE_BIT(1) /* who writes 1 and reads 1 has it */
#define IXGBE_FWSM                  0x10148      /* .4.10 */
#define IXGBE_FWSM_FW_MODE          IXGBE_BITS(3, 1)
#define IXGBE_FWSM_EEP_RELOAD       IXGBE_BIT(6)
#define IXGBE_FWSM_FW_VALID         IXGBE_BIT(15)
#define IXGBE_FACTPS                0x10150 /* .4.7, RO */
#define IXGBE_SW_FW_SYNC            0x10160 /* .4.11, guarded by SWSM.SWESMBI */
/* EEPROM, PHY0, PHY1, MAC CSRs, flash; bits 9:5 the firmware's */
#define IXGBE_SW_FW_SYNC_SW   IXGBE_BITS(4, 0)
#define IXGBE_SW_FW_SYNC_PHY0 IXGBE_BIT(1)
#define IXGBE_SW_FW_SYNC_CSR  IXGBE_BIT(3)

/* ---- Interrupts, .5 ---- */
#define IXGBE_EICR 0x00800 /* .5.1: RC (unless GPIE says otherwise) and W1C */
#define IXGBE_EICS 0x00808 /* .5.2: writing 1 sets causes */
#define IXGBE_EIAC 0x00810 /* .5.5: causes that clear when their MSI-X message leaves */
/* .5.12, n <= 128 */
#define IXGBE_EITR(n) ((n) < 24 ? 0x00820 + 4 * (n) : 0x12300 - 4 * 24 + 4 * (n))
#define IXGBE_EIMS    0x00880 /* .5.3: writing 1 enables; reads as the mask */
#define IXGBE_EIMC    0x00888 /* .5.4: writing 1 disables */
#define IXGBE_EIAM    0x00890 /* .5.6: causes whose enable bit clears on interrupt or EICR read */
#define IXGBE_EITRSEL 0x00894
#define IXGBE_GPIE    0x00898 /* .5.18 */
/* .5.7, n < 2: queue causes 32n .. 32n+31; EICS[1..2] there */
#define IXGBE_EICS_EX(n) (0x00a90 + 4 * (n))
#define IXGBE_EIMS_EX(n) (0x00aa0 + 4 * (n)) /* .5.8 */
#define IXGBE_EIMC_EX(n) (0x00ab0 + 4 * (n)) /* .5.9 */
#define IXGBE_EIAM_EX(n) (0x00ad0 + 4 * (n)) /* .5.10 */
/* .5.16, n < 64: bytes rx 2n, tx 2n, rx 2n+1, tx 2n+1 */
#define IXGBE_IVAR(n)    (0x00900 + 4 * (n))
#define IXGBE_IVAR_MISC  0x00a00 /* .5.17: byte 0 TCP timer, byte 1 all other causes */
#define IXGBE_IVAR_VALID 0x80u   /* in each byte; bits 5:0 are the vector (3:0 without MSI-X) */
#define IXGBE_PBACL(n)   (0x110c0 + 4 * (n)) /* n < 8 */

#define IXGBE_EICR_RTX_QUEUE IXGBE_BITS(15, 0)
#define IXGBE_EICR_FLOW_DIR  IXGBE_BIT(16)
#define IXGBE_EICR_RX_MISS   IXGBE_BIT(17)
#define IXGBE_EICR_PCI       IXGBE_BIT(18)
#define IXGBE_EICR_MAILBOX   IXGBE_BIT(19)
#define IXGBE_EICR_LSC       IXGBE_BIT(20) /* link status change */
#define IXGBE_EICR_MNG       IXGBE_BIT(22)
#define IXGBE_EICR_ECC       IXGBE_BIT(28)
#define IXGBE_EICR_TCP_TIMER IXGBE_BIT(30)
#define IXGBE_EICR_OTHER     IXGBE_BIT(31)

#define IXGBE_GPIE_MULTIPLE_MSIX IXGBE_BIT(4)
#define IXGBE_GPIE_OCD           IXGBE_BIT(5)  /* reading EICR clears only its bits 29:16 */
#define IXGBE_GPIE_EIMEN         IXGBE_BIT(6)  /* EICS raises at once, past EITR */
#define IXGBE_GPIE_EIAME         IXGBE_BIT(30) /* apply EIAM when an MSI-X message leaves */
#define IXGBE_GPIE_PBA_SUPPORT   IXGBE_BIT(31)

#define IXGBE_EITR_INTERVAL IXGBE_BITS(11, 3) /* in 2 us */
#define IXGBE_EITR_CNT_WDIS IXGBE_BIT(31)     /* this write leaves the running counter alone */

/* ---- Receive filters and RSS, .7 ---- */
#define IXGBE_RXCSUM        0x05000       /* .7.5 */
#define IXGBE_RXCSUM_IPPCSE IXGBE_BIT(12) /* fragment checksum; needs PCSD = 0 */
#define IXGBE_RXCSUM_PCSD   IXGBE_BIT(13) /* RSS hash instead of the fragment checksum */
#define IXGBE_RFCTL         0x05008       /* .7.6 */
#define IXGBE_FCTRL         0x05080       /* .7.1 */
#define IXGBE_FCTRL_SBP     IXGBE_BIT(1)
#define IXGBE_FCTRL_MPE     IXGBE_BIT(8)
#define IXGBE_FCTRL_UPE     IXGBE_BIT(9)
#define IXGBE_FCTRL_BAM     IXGBE_BIT(10)
#define IXGBE_VLNCTRL       0x05088 /* .7.2 */
#define IXGBE_VLNCTRL_VET   IXGBE_BITS(15, 0)
#define IXGBE_VLNCTRL_CFI   IXGBE_BIT(28)
#define IXGBE_VLNCTRL_CFIEN IXGBE_BIT(29)
#define IXGBE_VLNCTRL_VFE   IXGBE_BIT(30)
#define IXGBE_MCSTCTRL      0x05090          /* .7.3 */
#define IXGBE_MCSTCTRL_MO   IXGBE_BITS(1, 0) /* bits of the address: 47:36, 46:35, 45:34, 43:32 */
#define IXGBE_MCSTCTRL_MFE  IXGBE_BIT(2)
#define IXGBE_ETQF(n)       (0x05128 + 4 * (n)) /* n < 8 */
#define IXGBE_MTA(n)        (0x05200 + 4 * (n)) /* .7.7, n < 128 */
#define IXGBE_VFTA(n)       (0x0a000 + 4 * (n)) /* .7.11, n < 128 */
/* .7.8, n < 128: bytes 0-3 of the address, byte 0 lowest */
#define IXGBE_RAL(n)           (0x0a200 + 8 * (n))
#define IXGBE_RAL_ALIAS(n)     (0x05400 + 8 * (n)) /* n < 16 */
#define IXGBE_RAH(n)           (0x0a204 + 8 * (n)) /* .7.9 */
#define IXGBE_RAH_AV           IXGBE_BIT(31)
#define IXGBE_MPSAR(n)         (0x0a600 + 4 * (n)) /* .7.10, n < 256 */
#define IXGBE_PSRTYPE(n)       (0x0ea00 + 4 * (n)) /* .7.4, n < 64 */
#define IXGBE_PSRTYPE_ALIAS(n) (0x05480 + 4 * (n)) /* n < 16 */
/* .7.15, n < 32: four entries of 4 bits, one per byte */
#define IXGBE_RETA(n)            (0x0eb00 + 4 * (n))
#define IXGBE_RETA_ALIAS(n)      (0x05c00 + 4 * (n))
#define IXGBE_RSSRK(n)           (0x0eb80 + 4 * (n)) /* .7.14, n < 10: byte 4n lowest */
#define IXGBE_RSSRK_ALIAS(n)     (0x05c80 + 4 * (n))
#define IXGBE_ETQS(n)            (0x0ec00 + 4 * (n)) /* n < 8 */
#define IXGBE_FTQF(n)            (0x0e600 + 4 * (n)) /* .7.19, n < 128 */
#define IXGBE_FTQF_ENABLE        IXGBE_BIT(31)
#define IXGBE_FDIRCTRL           0x0ee00 /* flow director */
#define IXGBE_FDIRCTRL_INIT_DONE IXGBE_BIT(3)
#define IXGBE_FDIRCMD            0x0ee2c
#define IXGBE_FDIRCMD_CMD        IXGBE_BITS(1, 0) /* SC */
#define IXGBE_MRQC               0x0ec80          /* .7.12 */
#define IXGBE_MRQC_ALIAS         0x05818
#define IXGBE_MRQC_MRQE          IXGBE_BITS(3, 0)
#define IXGBE_MRQC_MRQE_RSS      1u
#define IXGBE_MRQC_TCP_IPV4      IXGBE_BIT(16)
#define IXGBE_MRQC_IPV4          IXGBE_BIT(17)
#define IXGBE_MRQC_IPV6          IXGBE_BIT(20)
#define IXGBE_MRQC_TCP_IPV6      IXGBE_BIT(21)
#define IXGBE_MRQC_UDP_IPV4      IXGBE_BIT(22)
#define IXGBE_MRQC_UDP_IPV6      IXGBE_BIT(23)

/* ---- Receive DMA, .8; queue 0..127 ---- */
#define IXGBE_RXQ(q)                 ((q) < 64 ? 0x01000u + 0x40u * (q) : 0x0d000u - 0x40u * 64u + 0x40u * (q))
#define IXGBE_RDBAL(q)               (IXGBE_RXQ(q) + 0x00) /* .8.1, 128-byte aligned */
#define IXGBE_RDBAH(q)               (IXGBE_RXQ(q) + 0x04) /* .8.2 */
#define IXGBE_RDLEN(q)               (IXGBE_RXQ(q) + 0x08) /* .8.3, bytes, multiple of 128 */
#define IXGBE_RDLEN_MASK             IXGBE_BITS(19, 7)
#define IXGBE_DCA_RXCTRL(q)          (IXGBE_RXQ(q) + 0x0c) /* .11.1 */
#define IXGBE_DCA_RXCTRL_ALIAS(q)    (0x02200 + 4 * (q))   /* q < 16 */
#define IXGBE_DCA_RXCTRL_BIT12       IXGBE_BIT(12)         /* reserved; drivers clear it */
#define IXGBE_RDH(q)                 (IXGBE_RXQ(q) + 0x10) /* .8.4, RO */
#define IXGBE_SRRCTL(q)              (IXGBE_RXQ(q) + 0x14) /* .8.7 */
#define IXGBE_SRRCTL_ALIAS(q)        (0x02100 + 4 * (q))   /* q < 16 */
#define IXGBE_RDT(q)                 (IXGBE_RXQ(q) + 0x18) /* .8.5 */
#define IXGBE_RXDCTL(q)              (IXGBE_RXQ(q) + 0x28) /* .8.6 */
#define IXGBE_RSCCTL(q)              (IXGBE_RXQ(q) + 0x2c) /* .8.13 */
#define IXGBE_RXDCTL_ENABLE          IXGBE_BIT(25)
#define IXGBE_RXDCTL_VME             IXGBE_BIT(30)     /* strip the VLAN tag into the descriptor */
#define IXGBE_SRRCTL_BSIZEPACKET     IXGBE_BITS(4, 0)  /* in KiB, 1..16 */
#define IXGBE_SRRCTL_BSIZEHEADER     IXGBE_BITS(13, 8) /* in 64 bytes */
#define IXGBE_SRRCTL_DESCTYPE        IXGBE_BITS(27, 25)
#define IXGBE_SRRCTL_DESCTYPE_LEGACY (0u << 25)
#define IXGBE_SRRCTL_DESCTYPE_ADV    (1u << 25) /* advanced, one buffer */
#define IXGBE_SRRCTL_DROP_EN         IXGBE_BIT(28)
#define IXGBE_RQSMR(n)               (0x02300 + 4 * (n)) /* queue statistics mapping, n < 32 */
#define IXGBE_RDRXCTL                0x02f00             /* .8.8 */
#define IXGBE_RDRXCTL_CRCSTRIP       IXGBE_BIT(1)        /* same as HLREG0.RXCRCSTRP */
#define IXGBE_RDRXCTL_DMAIDONE       IXGBE_BIT(3)        /* RO */
#define IXGBE_RDRXCTL_RSCFRSTSIZE    IXGBE_BITS(21, 17)  /* write 0 */
#define IXGBE_RDRXCTL_RSCACKC        IXGBE_BIT(25)       /* write 1 */
#define IXGBE_RDRXCTL_FCOE_WRFIX     IXGBE_BIT(26)       /* write 1 */
#define IXGBE_RXCTRL                 0x03000             /* .8.10 */
#define IXGBE_RXCTRL_RXEN            IXGBE_BIT(0)
#define IXGBE_RXPBSIZE(n)            (0x03c00 + 4 * (n)) /* .8.9, n < 8: bits 19:10 in KiB */

/* ---- Transmit DMA, .9; queue 0..127 ---- */
#define IXGBE_TXQ(q)                 (0x06000u + 0x40u * (q))
#define IXGBE_TDBAL(q)               (IXGBE_TXQ(q) + 0x00) /* .9.5, 128-byte aligned */
#define IXGBE_TDBAH(q)               (IXGBE_TXQ(q) + 0x04) /* .9.6 */
#define IXGBE_TDLEN(q)               (IXGBE_TXQ(q) + 0x08) /* .9.7, bytes, multiple of 128 */
#define IXGBE_DCA_TXCTRL(q)          (IXGBE_TXQ(q) + 0x0c) /* .11.2 */
#define IXGBE_DCA_TXCTRL_DESC_WRO_EN IXGBE_BIT(11)
#define IXGBE_TDH(q)                 (IXGBE_TXQ(q) + 0x10) /* .9.8; written only while the queue is off */
#define IXGBE_TDT(q)                 (IXGBE_TXQ(q) + 0x18) /* .9.9 */
#define IXGBE_TXDCTL(q)              (IXGBE_TXQ(q) + 0x28) /* .9.10 */
#define IXGBE_TXDCTL_PTHRESH         IXGBE_BITS(6, 0)
#define IXGBE_TXDCTL_HTHRESH         IXGBE_BITS(14, 8)
#define IXGBE_TXDCTL_WTHRESH         IXGBE_BITS(22, 16) /* must be 0 with head write-back */
#define IXGBE_TXDCTL_ENABLE          IXGBE_BIT(25)
#define IXGBE_TXDCTL_SWFLSH          IXGBE_BIT(26) /* SC */
/* .9.11: bits 31:2 of the address of a u32 that follows TDH */
#define IXGBE_TDWBAL(q)         (IXGBE_TXQ(q) + 0x38)
#define IXGBE_TDWBAL_HEAD_WB_EN IXGBE_BIT(0)
#define IXGBE_TDWBAH(q)         (IXGBE_TXQ(q) + 0x3c) /* .9.12 */
#define IXGBE_RTTDCS            0x04900               /* .10.2 */
#define IXGBE_RTTDCS_ARBDIS     IXGBE_BIT(6)
#define IXGBE_RTTDQSEL          0x04904 /* .10.13: selects the queue of RTTDT1C and RTTBCNRC */
#define IXGBE_RTTDT1C           0x04908 /* .10.14 */
#define IXGBE_RTTBCNRC          0x04984 /* .10.16 */
#define IXGBE_TXPBTHRESH(n)     (0x04950 + 4 * (n)) /* .9.16, n < 8 */
#define IXGBE_DMATXCTL          0x04a80             /* .9.2 */
#define IXGBE_DMATXCTL_TE       IXGBE_BIT(0)
#define IXGBE_DMATXCTL_GDV      IXGBE_BIT(3)
/* .9.3: TCP flag masks of the first (11:0) and middle (27:16) TSO segments */
#define IXGBE_DTXTCPFLGL          0x04a88
#define IXGBE_DTXTCPFLGH          0x04a8c /* .9.4: of the last (11:0) */
#define IXGBE_DTXMXSZRQ           0x08100 /* .9.1 */
#define IXGBE_DTXMXSZRQ_MAX_BYTES IXGBE_BITS(11, 0)
#define IXGBE_MTQC                0x08120             /* .9.15 */
#define IXGBE_TQSM(n)             (0x08600 + 4 * (n)) /* queue statistics mapping, n < 32 */
#define IXGBE_TXPBSIZE(n)         (0x0cc00 + 4 * (n)) /* .9.13, n < 8 */

/* ---- Security blocks, .12 ---- */
#define IXGBE_SECTXCTRL           0x08800
#define IXGBE_SECTXCTRL_TX_DIS    IXGBE_BIT(1)
#define IXGBE_SECTXSTAT           0x08804 /* RO */
#define IXGBE_SECTXMINIFG         0x08810
#define IXGBE_SECRXCTRL           0x08d00 /* .12.5 */
#define IXGBE_SECRXCTRL_SECRX_DIS IXGBE_BIT(0)
#define IXGBE_SECRXCTRL_RX_DIS    IXGBE_BIT(1)
#define IXGBE_SECRXSTAT           0x08d04 /* .12.6, RO */
#define IXGBE_SECSTAT_READY       IXGBE_BIT(0)

/* ---- MAC, .22 ---- */
#define IXGBE_HLREG0                     0x04240 /* .22.8 */
#define IXGBE_HLREG0_TXCRCEN             IXGBE_BIT(0)
#define IXGBE_HLREG0_RXCRCSTRP           IXGBE_BIT(1)
#define IXGBE_HLREG0_JUMBOEN             IXGBE_BIT(2)
#define IXGBE_HLREG0_TXPADEN             IXGBE_BIT(10)
#define IXGBE_HLREG0_LPBK                IXGBE_BIT(15)
#define IXGBE_HLREG0_RXLNGTHERREN        IXGBE_BIT(27)
#define IXGBE_MSCA                       0x0425c /* .22.11: MDIO */
#define IXGBE_MSCA_ADDR                  IXGBE_BITS(15, 0)
#define IXGBE_MSCA_DEV                   IXGBE_BITS(20, 16)
#define IXGBE_MSCA_PHY                   IXGBE_BITS(25, 21)
#define IXGBE_MSCA_OP                    IXGBE_BITS(27, 26) /* clause 45: 0 address, 1 write, 3 read */
#define IXGBE_MSCA_MDICMD                IXGBE_BIT(30)      /* SC when done */
#define IXGBE_MSRWD                      0x04260            /* .22.12: read data in bits 31:16 */
#define IXGBE_MAXFRS                     0x04268 /* .22.13: bits 31:16 bytes with header and CRC */
#define IXGBE_MAXFRS_SHIFT               16
#define IXGBE_MFLCN                      0x04294 /* .22.34 */
#define IXGBE_MFLCN_DPF                  IXGBE_BIT(1)
#define IXGBE_MFLCN_RFCE                 IXGBE_BIT(3)
#define IXGBE_MACC                       0x04330
#define IXGBE_AUTOC                      0x042a0 /* .22.19 */
#define IXGBE_AUTOC_FLU                  IXGBE_BIT(0)
#define IXGBE_AUTOC_10G_PMA_PMD_PARALLEL IXGBE_BITS(8, 7)
#define IXGBE_AUTOC_1G_PMA_PMD           IXGBE_BIT(9)
#define IXGBE_AUTOC_RESTART_AN           IXGBE_BIT(12) /* SC */
#define IXGBE_AUTOC_LMS                  IXGBE_BITS(15, 13)
#define IXGBE_AUTOC_LMS_10G_SERIAL       (3u << 13)
#define IXGBE_LINKS                      0x042a4 /* .22.20, RO */
#define IXGBE_LINKS_UP                   IXGBE_BIT(30)
#define IXGBE_LINKS_SPEED                IXGBE_BITS(29, 28)
#define IXGBE_LINKS_SPEED_10G            (3u << 28)
#define IXGBE_LINKS_SPEED_1G             (2u << 28)
#define IXGBE_LINKS_SPEED_100M           (1u << 28)
#define IXGBE_AUTOC2                     0x042a8 /* .22.22 */
#define IXGBE_AUTOC2_10G_PMA_PMD_SERIAL  IXGBE_BITS(17, 16)
#define IXGBE_AUTOC2_10G_SFI             (2u << 16)
#define IXGBE_ANLP1                      0x042b0 /* .22.24, RO */
#define IXGBE_ANLP2                      0x042b4
#define IXGBE_MMNGC                      0x042d0
#define IXGBE_LINKS2                     0x04324 /* .22.21 */
#define IXGBE_CORECTL                    0x14f00 /* indirect access to the analog core */

/* ---- Virtualization, .27 ---- */
#define IXGBE_PFVFRE(n) (0x051e0 + 4 * (n)) /* n < 2 */
#define IXGBE_PFVFTE(n) (0x08110 + 4 * (n)) /* n < 2 */
#define IXGBE_PFVTCTL   0x051b0
#define IXGBE_VLVF(n)   (0x0f100 + 4 * (n)) /* .27.15, n < 64 */
#define IXGBE_VLVFB(n)  (0x0f200 + 4 * (n)) /* .27.16, n < 128 */
#define IXGBE_UTA(n)    (0x0f400 + 4 * (n)) /* .27.17, n < 128 */

#include "ixgbe_stats.h"

#endif
