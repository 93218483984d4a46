// SPDX-License-Identifier: ISC
/*
 * ELF notes of a unikernel: which tender it is for, what devices it needs, how it wants to run.
 *
 * Each note stands in a PT_NOTE segment of its own; a tender reads the first note of each segment.
 * "Solo5" notes are laid out as Solo5 0.12 lays them out (elf_abi.h, mft_abi.h there); "Penstock"
 * notes are ours, and tenders that do not know them ignore them.
 */
#ifndef PENSTOCK_ABI_ELF_NOTE_H
#define PENSTOCK_ABI_ELF_NOTE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

/* Owner "Solo5": with its NUL 6 bytes, padded to 8. */
#define SOLO5_NOTE_NAME   "Solo5"
#define SOLO5_NOTE_NAMESZ 6

#define SOLO5_NOTE_ABI      0x31494241u /* "ABI1" */
#define SOLO5_NOTE_MANIFEST 0x3154464du /* "MFT1" */

#define SOLO5_NOTE_ABI_SECTION      ".note.solo5.abi"
#define SOLO5_NOTE_MANIFEST_SECTION ".note.solo5.manifest"

/* Every Solo5 executable names this interpreter, so that the host's kernel refuses to run it by
 * mistake. */
#define SOLO5_INTERP "/nonexistent/solo5/"

/* abi_target: 5 (Genode) is retired, its number stays taken. */
enum abi_target {
    ABI_TARGET_HVT = 1,
    ABI_TARGET_SPT = 2,
    ABI_TARGET_VIRTIO = 3,
    ABI_TARGET_MUEN = 4,
    ABI_TARGET_XEN = 6,
};

/* The version of the hvt and spt ABIs that Solo5 0.8.0 introduced and that we speak. */
#define HVT_ABI_VERSION 2
#define SPT_ABI_VERSION 2

struct abi_note {
    uint32_t abi_target;
    uint32_t abi_version;
    uint32_t reserved0;
    uint32_t reserved1;
};
static_assert(sizeof(struct abi_note) == 16, "Solo5 note ABI1");

/* An ELF note header with an owner of up to 8 bytes, as all of these have. */
struct note_header {
    uint32_t namesz;
    uint32_t descsz;
    uint32_t type;
    char name[8];
};
static_assert(sizeof(struct note_header) == 20, "ELF note header with an 8-byte name");

/* Descriptor of MFT1: 4 bytes of padding that bring the manifest to 8-byte alignment (20 + 4), then
 * the manifest. */
#define MANIFEST_NOTE_PAD             4
#define MANIFEST_NOTE_DESCSZ(entries) (MANIFEST_NOTE_PAD + MFT_SIZE(entries))

/*
 * The manifest note as `penstock manifest` makes it, under this name: a program that is its own
 * tender (native) finds its manifest there. header.descsz - MANIFEST_NOTE_PAD is the manifest's
 * size.
 */
struct manifest_note {
    struct note_header header;
    uint8_t pad[MANIFEST_NOTE_PAD];
    uint32_t version, entries; /* struct mft begins here */
};
static_assert(offsetof(struct manifest_note, version) == 24, "Solo5 note MFT1");
extern const struct manifest_note penstock_manifest_note;

/* Owner "Penstock": with its NUL 9 bytes, padded to 12. */
#define PENSTOCK_NOTE_NAME          "Penstock"
#define PENSTOCK_NOTE_NAMESZ        9
#define PENSTOCK_NOTE_FLAGS         0x31474c46u /* "FLG1" */
#define PENSTOCK_NOTE_FLAGS_SECTION ".note.penstock.flags"

/* Flag word of FLG1. */
#define PENSTOCK_FLAG_RING3 \
    (1u << 0) /* runs at CPL 3; the tender owns GDT, IDT, TSS and page tables */
#define PENSTOCK_FLAGS_KNOWN PENSTOCK_FLAG_RING3

struct penstock_note {
    uint32_t namesz;
    uint32_t descsz; /* 4 */
    uint32_t type;
    char name[12];
    uint32_t flags; /* PENSTOCK_FLAG_*; a tender refuses bits that it does not know */
};
static_assert(offsetof(struct penstock_note, flags) == 24, "Penstock note FLG1");
static_assert(sizeof(struct penstock_note) == 28, "Penstock note FLG1");

#endif
