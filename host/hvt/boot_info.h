// SPDX-License-Identifier: ISC
/*
 * What a guest is told when it starts: boot info, its manifest, its command line, our extension
 * block (abi/hvt.h).
 */
#ifndef PENSTOCK_HVT_BOOT_INFO_H
#define PENSTOCK_HVT_BOOT_INFO_H

#include <stdint.h>

#include "abi/hvt.h"
#include "host/tender/module_block.h"
#include "host/tender/module_net.h"
#include "host/tender/module_pci.h"

struct boot_info {
    uint64_t mem_size;
    uint64_t kernel_end;
    uint64_t cycle_frequency; /* Hz */
    const char *cmdline;      /* shorter than HVT_CMDLINE_SIZE */
    const struct mft *mft;
    const struct tender_pci *pci;
    const struct tender_net *net;
    const struct tender_block *block;
};

/* Where it lies: guest addresses. */
struct boot_addresses {
    uint64_t boot_info; /* for %rdi */
    uint64_t extension; /* for %rsi */
};

/* Writes all of it to guest memory, whose address 0 is at ram, from HVT_BOOT_INFO_BASE on. */
struct boot_addresses boot_info_write(uint8_t *ram, const struct boot_info *info);

#endif
