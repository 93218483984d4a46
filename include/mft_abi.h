/* SPDX-License-Identifier: ISC */
/*
 * For the C source that Solo5's own solo5-elftool made of a manifest: it includes a header of this
 * name, having defined MFT_ENTRIES. (What ours makes includes nothing of this.) The note is
 * described in abi/elf_note.h and abi/manifest.h.
 */
#ifndef PENSTOCK_MFT_ABI_H
#define PENSTOCK_MFT_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MFT_VERSION 1

enum { MFT_DEV_BLOCK_BASIC = 1, MFT_DEV_NET_BASIC = 2, MFT_RESERVED_FIRST = 1 << 30 };

struct mft_entry {
    char name[68];
    uint32_t type;
    uint8_t content[16];
    uint64_t backend;
    bool attached;
};

#ifdef MFT_ENTRIES
struct mft {
    uint32_t version, entries;
    struct mft_entry e[MFT_ENTRIES];
};

struct penstock_manifest_note {
    uint32_t namesz, descsz, type;
    char owner[8];
    uint32_t pad;
    struct mft mft;
};

_Static_assert(sizeof(struct mft_entry) == 104, "an entry of the manifest");
_Static_assert(offsetof(struct penstock_manifest_note, mft) == 24,
               "the manifest's place in its note");

extern const struct penstock_manifest_note penstock_manifest_note;

/* What stands between the two is the manifest's initialiser. */
#define MFT1_NOTE_DECLARE_BEGIN                                                \
    const struct penstock_manifest_note penstock_manifest_note                 \
        __attribute__((section(".note.solo5.manifest"), aligned(8), used)) = { \
            6, 4 + sizeof(struct mft), 0x3154464d, "Solo5", 0,
#define MFT1_NOTE_DECLARE_END \
    }                         \
    ;
#endif

#endif
