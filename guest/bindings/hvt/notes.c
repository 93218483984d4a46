// SPDX-License-Identifier: ISC
/*
 * What every unikernel for hvt says of itself; its manifest is a note beside these.
 */
#include "abi/elf_note.h"

struct hvt_abi_note {
    struct note_header header;
    struct abi_note abi;
};

/* hvt.ld takes these by name out of the library. */
extern const struct hvt_abi_note hvt_abi_note;
extern const struct penstock_note hvt_flags_note;
extern const char hvt_interp[];

const struct hvt_abi_note hvt_abi_note
    __attribute__((section(SOLO5_NOTE_ABI_SECTION), used, aligned(4))) = {
        .header = {SOLO5_NOTE_NAMESZ, sizeof(struct abi_note), SOLO5_NOTE_ABI, SOLO5_NOTE_NAME},
        .abi = {.abi_target = ABI_TARGET_HVT, .abi_version = HVT_ABI_VERSION},
};

const struct penstock_note hvt_flags_note
    __attribute__((section(PENSTOCK_NOTE_FLAGS_SECTION), used, aligned(4))) = {
        .namesz = PENSTOCK_NOTE_NAMESZ,
        .descsz = sizeof(uint32_t),
        .type = PENSTOCK_NOTE_FLAGS,
        .name = PENSTOCK_NOTE_NAME,
        .flags = PENSTOCK_FLAG_RING3,
};

const char hvt_interp[] __attribute__((section(".interp"), used)) = SOLO5_INTERP;
