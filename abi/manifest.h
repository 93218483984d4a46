// SPDX-License-Identifier: ISC
/*
 * The manifest: the devices a unikernel needs, as an ELF note carries it and as the tender hands it
 * to the guest. Layout of Solo5's mft_abi.h (version 1, 104-byte entries), with two entry types of
 * our own.
 */
#ifndef PENSTOCK_ABI_MANIFEST_H
#define PENSTOCK_ABI_MANIFEST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MFT_VERSION     1
#define MFT_NAME_SIZE   68 /* with the terminating NUL */
#define MFT_NAME_MAX    67 /* letters and digits */
#define MFT_MAX_ENTRIES 64 /* with the reserved entry 0, so 63 devices */

enum mft_type {
    MFT_BLOCK_BASIC = 1,
    MFT_NET_BASIC = 2,
    MFT_PCI_BASIC = 3,            /* Penstock: a PCI device of the unikernel's own */
    MFT_DMA_BASIC = 4,            /* Penstock: memory that all PCI devices of the unikernel share */
    MFT_RESERVED_FIRST = 1 << 30, /* entry 0 of every manifest: no name, no content */
};

struct mft_block_basic {
    uint64_t capacity;   /* bytes; set by the tender */
    uint16_t block_size; /* bytes; set by the tender */
};

struct mft_net_basic {
    uint8_t mac[6]; /* set by the tender */
    uint16_t mtu;   /* bytes, without the Ethernet header; set by the tender */
};

/* mft_pci_basic.flags */
#define MFT_PCI_MAP_BAR(i)  (1u << (i)) /* i = 0..5: map this BAR */
#define MFT_PCI_MAP_BARS    0x3fu
#define MFT_PCI_BUS_MASTER  (1u << 6) /* the device may do DMA */
#define MFT_PCI_FLAGS_KNOWN 0x7fu

struct mft_pci_basic {
    uint16_t vendor;
    uint16_t device;
    uint8_t class_code;
    uint8_t subclass;
    uint8_t progif;
    uint8_t flags;     /* MFT_PCI_* */
    uint64_t dma_size; /* bytes of this device's own DMA window, 0 = none */
};
static_assert(offsetof(struct mft_pci_basic, dma_size) == 8, "PCI_BASIC");
static_assert(sizeof(struct mft_pci_basic) == 16, "PCI_BASIC");

struct mft_dma_basic {
    uint64_t size; /* bytes */
};

struct mft_entry {
    char name[MFT_NAME_SIZE]; /* NUL-terminated, NUL-padded */
    uint32_t type;            /* enum mft_type */
    union {
        struct mft_block_basic block_basic;
        struct mft_net_basic net_basic;
        struct mft_pci_basic pci_basic;
        struct mft_dma_basic dma_basic;
        uint8_t bytes[16];
    } u;
    uint64_t backend; /* the tender's own in Solo5 (a descriptor number, a pointer); 0 in every copy
                         a guest sees here */
    bool attached;    /* false in a file; true once the tender has attached a device */
    uint8_t pad[7];
};
static_assert(offsetof(struct mft_entry, type) == 68, "mft_entry");
static_assert(offsetof(struct mft_entry, u) == 72, "mft_entry");
static_assert(offsetof(struct mft_entry, backend) == 88, "mft_entry");
static_assert(offsetof(struct mft_entry, attached) == 96, "mft_entry");
static_assert(sizeof(struct mft_entry) == 104, "mft_entry");

struct mft {
    uint32_t version; /* MFT_VERSION */
    uint32_t entries; /* 1..MFT_MAX_ENTRIES, entry 0 included */
    struct mft_entry e[];
};
static_assert(offsetof(struct mft, e) == 8, "mft");

#define MFT_SIZE(entries) (sizeof(struct mft) + (size_t)(entries) * sizeof(struct mft_entry))

#endif
