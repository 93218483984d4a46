// SPDX-License-Identifier: ISC
/*
 * What every unikernel that a tender loads says of itself, beside its manifest and its target's
 * name (notes.c there).
 */
#include "abi/elf_note.h"

/* unikernel.ld takes these by name out of the library. */
extern const struct penstock_note guest_flags_note;
extern const char guest_interp[];

const struct penstock_note guest_flags_note
    __attribute__((section(PENSTOCK_NOTE_FLAGS_SECTION), used, aligned(4))) = {
        .namesz = PENSTOCK_NOTE_NAMESZ,
        .descsz = sizeof(uint32_t),
        .type = PENSTOCK_NOTE_FLAGS,
        .name = PENSTOCK_NOTE_NAME,
        .flags = PENSTOCK_FLAG_RING3,
};

const char guest_interp[] __attribute__((section(".interp"), used)) = SOLO5_INTERP;
