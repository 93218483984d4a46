// SPDX-License-Identifier: ISC
/*
 * What penstock-hvt and its guest agree on: Solo5's hvt ABI version 2 (hvt_abi.h there), and our
 * extension block and hypercalls beside it. x86-64; numbers are little endian.
 *
 * At entry: %rdi = address of the boot info, %rsi = address of our extension block or 0 (Solo5's
 * tenders leave it 0), %rsp = mem_size - 8. Guest virtual, guest physical and I/O virtual addresses
 * are one and the same number everywhere.
 */
#ifndef PENSTOCK_ABI_HVT_H
#define PENSTOCK_ABI_HVT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

/* ---- Solo5's part ---- */

#define HVT_GUEST_MIN_BASE 0x100000u /* lowest address of a segment */
#define HVT_BOOT_INFO_BASE \
    0x10000u /* boot info, manifest, command line, extension block: read-only up to MIN_BASE */
#define HVT_CMDLINE_SIZE 8192u        /* with the NUL; arguments joined by single spaces */
#define HVT_MEM_MAX      (4ull << 30) /* hypercall arguments lie below 4 GiB */
#define HVT_MEM_UNIT     (2ull << 20) /* --mem is a multiple of this */

struct hvt_boot_info {
    uint64_t mem_size;       /* bytes of RAM at address 0 */
    uint64_t kernel_end;     /* end of the executable's highest segment */
    uint64_t cpu_cycle_freq; /* Hz of the time stamp counter */
    uint64_t cmdline;        /* address of a NUL-terminated string */
    uint64_t mft;            /* address of a struct mft */
    uint32_t host_features;  /* since Solo5 0.11; we offer none: 0 */
    uint32_t guest_features;
    uint64_t net_ring;
};
static_assert(sizeof(struct hvt_boot_info) == 56, "hvt_boot_info");

/* A hypercall: outl of the argument's 32-bit address to port HVT_PORT(nr). */
#define HVT_PORT_BASE 0x500u
#define HVT_PORTS     0x100u /* the ones that a guest at ring 3 may use */
#define HVT_PORT(nr)  (HVT_PORT_BASE + (nr))

enum hvt_hypercall {
    HVT_WALLTIME = 1,
    HVT_PUTS = 2,
    HVT_POLL = 3,
    HVT_BLOCK_WRITE = 4,
    HVT_BLOCK_READ = 5,
    HVT_NET_WRITE = 6,
    HVT_NET_READ = 7,
    HVT_HALT = 8,
    /* Penstock's own, well above Solo5's. A tender that has no such call is told apart by the
       extension block. */
    HVT_SET_TLS_BASE = 0x40,
    HVT_PCI_CONFIG_READ = 0x41,
    HVT_PCI_REGION_READ = 0x42,
    HVT_PCI_REGION_WRITE = 0x43,
    HVT_BLOCK_FLUSH = 0x44,
    HVT_BLOCK_DISCARD = 0x45,
};

/* solo5_result_t of the calls below, by number. */
enum hvt_result { HVT_R_OK = 0, HVT_R_AGAIN = 1, HVT_R_EINVAL = 2, HVT_R_EUNSPEC = 3 };

struct hvt_walltime {
    uint64_t nsecs; /* out: since the epoch */
};
static_assert(sizeof(struct hvt_walltime) == 8, "hvt_walltime");

struct hvt_puts {
    uint64_t data; /* address */
    uint64_t len;  /* bytes */
};
static_assert(sizeof(struct hvt_puts) == 16, "hvt_puts");

struct hvt_poll {
    uint64_t timeout_nsecs; /* relative */
    uint64_t ready_set;     /* out: bit i = handle i */
    int32_t ret;            /* out: number of ready handles */
    uint32_t pad;
};
static_assert(sizeof(struct hvt_poll) == 24, "hvt_poll");

#define HVT_HALT_COOKIE_SIZE 512u

struct hvt_halt {
    uint64_t cookie;     /* address of HVT_HALT_COOKIE_SIZE bytes, or 0 */
    int32_t exit_status; /* 0..255 */
    uint32_t pad;
};
static_assert(sizeof(struct hvt_halt) == 16, "hvt_halt");

/* Offset and length are multiples of the block size; Solo5's guests ask for one block at a time. */
struct hvt_block_io {
    uint64_t handle;
    uint64_t offset; /* bytes */
    uint64_t data;   /* address */
    uint64_t len;    /* bytes */
    int32_t ret;     /* out: enum hvt_result */
    uint32_t pad;
};
static_assert(offsetof(struct hvt_block_io, ret) == 32, "hvt_block_io");
static_assert(sizeof(struct hvt_block_io) == 40, "hvt_block_io");

/* One Ethernet frame. */
struct hvt_net_io {
    uint64_t handle;
    uint64_t data; /* address */
    uint64_t len;  /* bytes; of HVT_NET_READ: in and out */
    int32_t ret;   /* out: enum hvt_result */
    uint32_t pad;
};
static_assert(offsetof(struct hvt_net_io, ret) == 24, "hvt_net_io");
static_assert(sizeof(struct hvt_net_io) == 32, "hvt_net_io");

/* ---- Penstock's part ---- */

/* Sets the base of %fs, which a guest at CPL 3 cannot do by itself everywhere. */
struct hvt_set_tls_base {
    uint64_t base;
};
static_assert(sizeof(struct hvt_set_tls_base) == 8, "hvt_set_tls_base");

struct hvt_pci_config_read {
    uint64_t handle;
    uint32_t offset; /* bytes into configuration space, a multiple of size */
    uint32_t size;   /* 1, 2, 4 */
    uint64_t value;  /* out */
    int32_t ret;     /* out: solo5_result_t */
    uint32_t pad;
};
static_assert(sizeof(struct hvt_pci_config_read) == 32, "hvt_pci_config_read");

/* One access to a BAR, for the parts of it that are not mapped; the tender makes it an access of
 * the same size. */
struct hvt_pci_region_access {
    uint64_t handle;
    uint64_t offset; /* bytes into the BAR, a multiple of size */
    uint64_t value;  /* in for a write, out for a read */
    uint32_t bar;    /* 0..5, one that the manifest asked for */
    uint32_t size;   /* 1, 2, 4, 8 */
    int32_t ret;     /* out: solo5_result_t */
    uint32_t pad;
};
static_assert(sizeof(struct hvt_pci_region_access) == 40, "hvt_pci_region_access");

struct hvt_block_flush {
    uint64_t handle;
    int32_t ret; /* out: enum hvt_result */
    uint32_t pad;
};
static_assert(sizeof(struct hvt_block_flush) == 16, "hvt_block_flush");

struct hvt_block_discard {
    uint64_t handle;
    uint64_t offset; /* bytes, a multiple of the block size */
    uint64_t len;    /* the same */
    int32_t ret;     /* out: enum hvt_result */
    uint32_t pad;
};
static_assert(sizeof(struct hvt_block_discard) == 32, "hvt_block_discard");

/* ---- The extension block ---- */

#define HVT_EXT_MAGIC      0x4b434f54534e4550ull /* "PENSTOCK" */
#define HVT_EXT_VERSION    1u
#define HVT_EXT_RANGES_MAX 8u

/* A part of a BAR that is mapped: a load or store there goes straight to the device. Page granular,
 * ascending. */
struct hvt_ext_range {
    uint64_t offset; /* bytes into the BAR */
    uint64_t size;
};

struct hvt_ext_bar {
    uint64_t addr; /* address of the BAR's first byte; 0 if the manifest did not ask for it or the
                      device has none */
    uint64_t size; /* bytes, as the device reports them */
    uint32_t ranges_count;
    uint32_t pad;
    struct hvt_ext_range ranges[HVT_EXT_RANGES_MAX];
};
static_assert(sizeof(struct hvt_ext_bar) == 152, "hvt_ext_bar");

struct hvt_ext_dma {
    uint64_t addr; /* 0 if there is none */
    uint64_t iova; /* what the device calls the same byte */
    uint64_t size; /* bytes */
};

/* What the device itself reported. */
struct hvt_ext_pci {
    uint32_t handle; /* index of its manifest entry */
    uint16_t vendor;
    uint16_t device;
    uint8_t class_code;
    uint8_t subclass;
    uint8_t progif;
    uint8_t bus_master;     /* 1 if it may do DMA */
    uint32_t irq_vectors;   /* each makes the handle ready in HVT_POLL */
    struct hvt_ext_dma dma; /* this device's own window */
    struct hvt_ext_bar bar[6];
};
static_assert(offsetof(struct hvt_ext_pci, dma) == 16, "hvt_ext_pci");
static_assert(sizeof(struct hvt_ext_pci) == 40 + 6 * 152, "hvt_ext_pci");

struct hvt_ext {
    uint64_t magic;   /* HVT_EXT_MAGIC */
    uint32_t version; /* HVT_EXT_VERSION; a guest refuses a higher one */
    uint32_t size;    /* bytes of the block, the table included */
    uint32_t pci_count;
    uint32_t pci_entry_size;  /* sizeof(struct hvt_ext_pci); a later version may append fields */
    struct hvt_ext_dma dma;   /* the region that all PCI devices share */
    uint64_t block_max_io;    /* bytes that one block request may have; 0: one block */
    uint64_t block_read_only; /* bit h: block device h cannot be written to */
    struct hvt_ext_pci pci[];
};
static_assert(offsetof(struct hvt_ext, dma) == 24, "hvt_ext");
static_assert(offsetof(struct hvt_ext, pci) == 64, "hvt_ext");

#define HVT_EXT_SIZE(n) (sizeof(struct hvt_ext) + (size_t)(n) * sizeof(struct hvt_ext_pci))

#endif
