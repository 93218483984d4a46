// SPDX-License-Identifier: ISC
#include "abi/elf_note.h"

struct guest_abi_note {
    struct note_header header;
    struct abi_note abi;
};

/* unikernel.ld takes it by name out of the library. */
extern const struct guest_abi_note guest_abi_note;

const struct guest_abi_note guest_abi_note
    __attribute__((section(SOLO5_NOTE_ABI_SECTION), used, aligned(4))) = {
        .header = {SOLO5_NOTE_NAMESZ, sizeof(struct abi_note), SOLO5_NOTE_ABI, SOLO5_NOTE_NAME},
        .abi = {.abi_target = ABI_TARGET_HVT, .abi_version = HVT_ABI_VERSION},
};
