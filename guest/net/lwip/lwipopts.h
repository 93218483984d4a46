// SPDX-License-Identifier: ISC
/*
 * How lwIP is built: without threads (the raw API), IPv4 only, for one busy network card.
 * Everything not named here has the default of lwip/opt.h.
 */
#ifndef PENSTOCK_LWIPOPTS_H
#define PENSTOCK_LWIPOPTS_H

/* ---- What there is ---- */
#define NO_SYS                1
#define SYS_LIGHTWEIGHT_PROT  0
#define LWIP_NETCONN          0
#define LWIP_SOCKET           0
#define LWIP_IPV6             0
#define LWIP_RAW              0
#define LWIP_UDP              1
#define LWIP_TCP              1
#define LWIP_STATS            0
#define LWIP_HOOK_FILENAME    "hooks.h"
#define LWIP_NETIF_HWADDRHINT 1 /* a connection remembers its place in the ARP table */

/* ---- Memory: pbufs from mem.c, which has the limit; everything else from fixed pools ---- */
#define MEM_ALIGNMENT            8
#define MEM_CUSTOM_ALLOCATOR     1
#define MEM_CUSTOM_MALLOC        net_mem_alloc
#define MEM_CUSTOM_CALLOC        net_mem_calloc
#define MEM_CUSTOM_FREE          net_mem_free
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_POOL_SIZE           0 /* received frames stay in the device's packets */
#define MEMP_NUM_PBUF            128
#define MEMP_NUM_FRAG_PBUF       128
#define MEMP_NUM_REASSDATA       16
#define MEMP_NUM_ARP_QUEUE       64
#define MEMP_NUM_UDP_PCB         16
#define MEMP_NUM_TCP_PCB \
    1024 /* NET_FLOWS_MAX that are served, and others that are opening or closing */
#define MEMP_NUM_TCP_PCB_LISTEN 16
#define MEMP_NUM_TCP_SEG        8192
#define MEMP_NUM_SYS_TIMEOUT    (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 8)

/* ---- ARP and IP ---- */
#define ARP_TABLE_SIZE     32
#define ARP_QUEUEING       1
#define IP_REASSEMBLY      1
#define IP_FRAG            1
#define IP_REASS_MAX_PBUFS 96 /* two datagrams of 64 KiB */
#define IP_DEFAULT_TTL     64

/* ---- Checksums: in software, except what a device has found right in a received frame (rx.c) ----
 */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM                  net_chksum
#define LWIP_CHKSUM_ALGORITHM        0

/*
 * ---- TCP ----
 * A send buffer of more than 256 KiB costs more than it brings: tcp_output walks all that is not
 * acknowledged.
 */
#define TCP_MSS                  1460
#define TCP_WND                  (512 * 1024)
#define LWIP_WND_SCALE           1
#define TCP_RCV_SCALE            7
#define TCP_SND_BUF              (256 * 1024)
#define TCP_SND_QUEUELEN         (4 * TCP_SND_BUF / TCP_MSS)
#define TCP_SNDLOWAT             (32 * 1024)
#define TCP_OVERSIZE             TCP_MSS
#define TCP_QUEUE_OOSEQ          1
#define TCP_OOSEQ_BYTES_LIMIT(p) net_ooseq_limit()
#define LWIP_TCP_SACK_OUT        1
#define LWIP_TCP_KEEPALIVE       1
#define TCP_LISTEN_BACKLOG       1

/*
 * The clock behind retransmission and delayed acknowledgements, ms. With the default of 250 the
 * shortest retransmission time-out is 1.5 s; with this one both are near Linux's (200 and 40 ms).
 */
#define TCP_TMR_INTERVAL 40

#endif
