// SPDX-License-Identifier: ISC
/*
 * What penstock-spt and its guest agree on: Solo5's spt ABI version 2 (spt_abi.h there), and our
 * extension block beside it. x86-64; numbers are little endian.
 *
 * The guest is a process of ring 3 and makes system calls itself, those that a seccomp filter lets
 * through: anything else kills it (SIGSYS). At entry: %rdi = address of the boot info, %rsi =
 * address of our extension block if %rdx is SPT_ENTRY_MAGIC (Solo5's tenders leave both undefined),
 * %rsp = mem_size - 8.
 */
#ifndef PENSTOCK_ABI_SPT_H
#define PENSTOCK_ABI_SPT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/hvt.h"
#include "abi/manifest.h"

/* ---- Solo5's part ---- */

#define SPT_GUEST_MIN_BASE 0x100000u /* lowest address of a segment */
#define SPT_HOST_MEM_BASE  0x10000u  /* lowest address of the guest's memory */
#define SPT_BOOT_INFO_BASE \
    0x11000u /* boot info, manifest, command line, extension block: read-only up to MIN_BASE */
#define SPT_CMDLINE_SIZE HVT_CMDLINE_SIZE
#define SPT_MEM_MAX      (1ull << 38) /* well below the default addresses of devices */

struct spt_boot_info {
    uint64_t mem_size;   /* memory ends at this address */
    uint64_t kernel_end; /* end of the executable's highest segment */
    uint64_t cmdline;    /* address of a NUL-terminated string */
    uint64_t mft;        /* address of a struct mft; `backend` of a device is its descriptor */
    int32_t epollfd;     /* level-triggered; data = handle, or SPT_TIMER_DATA */
    int32_t timerfd;     /* of CLOCK_MONOTONIC */
};
static_assert(sizeof(struct spt_boot_info) == 40, "spt_boot_info");

#define SPT_TIMER_DATA 0xfffffffeull

/* The console is descriptor 1. */
#define SPT_CONSOLE_FD 1

/* ---- Penstock's part ---- */

/* In %rdx at entry: %rsi is the address of an extension block. */
#define SPT_ENTRY_MAGIC 0x5450534b434f5453ull /* "STOCKSPT" */

#define SPT_EXT_MAGIC   0x5054534e45504b53ull /* "SKPENSTP" */
#define SPT_EXT_VERSION 1u

struct spt_ext {
    uint64_t magic;   /* SPT_EXT_MAGIC */
    uint32_t version; /* SPT_EXT_VERSION; a guest refuses a higher one */
    uint32_t size;    /* bytes */
    uint64_t devices; /* address of a struct hvt_ext, which says the same on every target */
    int32_t
        server_fd; /* write a struct spt_request, read its answer; -1: there are no PCI devices */
    uint32_t block_classes; /* for spt_block_piece */
    uint64_t irq_unmask; /* bit h: device h stays silent after an interrupt until SPT_IRQ_UNMASK */
    int32_t irq_fd[MFT_MAX_ENTRIES]; /* of PCI device h, an eventfd: read it to take the interrupt;
                                        -1 */
};
static_assert(sizeof(struct spt_ext) == 40 + 4 * MFT_MAX_ENTRIES, "spt_ext");

enum spt_request_kind {
    SPT_PCI_CONFIG_READ = 1,
    SPT_PCI_REGION_READ = 2,
    SPT_PCI_REGION_WRITE = 3,
    SPT_IRQ_UNMASK = 4,
};

/*
 * What a process cannot do for itself once it is locked up: the tender, which watches over it from
 * a process of its own, does it. One message each way, of exactly this size.
 */
struct spt_request {
    uint32_t kind; /* enum spt_request_kind */
    uint32_t bar;  /* 0..5 */
    uint64_t handle;
    uint64_t offset; /* bytes into configuration space or BAR, a multiple of size */
    uint64_t value;  /* in for a write, out for a read */
    uint32_t size;   /* 1, 2, 4, and 8 for a BAR */
    int32_t ret;     /* out: enum hvt_result */
};
static_assert(sizeof(struct spt_request) == 40, "spt_request");

/* ---- Block devices: pread64(2) and pwrite64(2) of whole blocks ---- */

/*
 * A seccomp filter compares numbers with constants and adds none, so "offset + length <= capacity"
 * is said in classes: class c is requests of up to SPT_BLOCK_CLASS(c) blocks, at offsets where the
 * longest of them still ends on the device. Class 0 is one block anywhere, as Solo5 has it. Four
 * classes for each of 63 devices fit into the 4096 instructions of a filter.
 */
#define SPT_BLOCK_CLASSES  4u
#define SPT_BLOCK_CLASS(c) ((2ull << 5 * (c)) - 1) /* 1, 63, 2047, 65535 */

/*
 * How many bytes of [offset, offset + size), which is whole blocks of the device, one call may
 * transfer; not 0 if size is not.
 */
static inline uint64_t spt_block_piece(unsigned classes, uint64_t block_size, uint64_t capacity,
                                       uint64_t offset, uint64_t size)
{
    for (unsigned c = classes; c-- > 1;) {
        uint64_t most = SPT_BLOCK_CLASS(c) * block_size;

        if (most <= capacity && offset <= capacity - most)
            return size < most ? size : most;
    }
    return size < block_size ? size : block_size;
}

#endif
