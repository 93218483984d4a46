// SPDX-License-Identifier: ISC
/*
 * What a unikernel's ELF notes say (abi/elf_note.h).
 */
#ifndef PENSTOCK_TENDER_NOTES_H
#define PENSTOCK_TENDER_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "abi/elf_note.h"
#include "abi/manifest.h"
#include "host/tender/elf.h"
#include "host/tender/error.h"

struct notes {
    struct abi_note abi;
    uint32_t flags;  /* PENSTOCK_FLAG_*; 0 without such a note */
    struct mft *mft; /* checked; ours */
};

/* Reads and checks all of them. -ENOEXEC: no ABI or manifest note, or a malformed one; -EINVAL: the
 * manifest is wrong. */
int notes_read(const struct elf_file *elf, struct notes *notes, struct tender_error *error);

void notes_free(struct notes *notes);

/* One of them alone; *mft is the caller's (free it). -ENOEXEC, -EINVAL as above. */
int notes_read_abi(const struct elf_file *elf, struct abi_note *abi, struct tender_error *error);
int notes_read_manifest(const struct elf_file *elf, struct mft **mft, struct tender_error *error);

/* Refuses an executable for another target or another version of its ABI. -ENOEXEC. */
int notes_check_abi(const struct elf_file *elf, const struct notes *notes, uint32_t target,
                    uint32_t version, struct tender_error *error);

/* "hvt" for ABI_TARGET_HVT and so on; NULL: no such target. */
const char *notes_target_name(uint32_t target);

#endif
