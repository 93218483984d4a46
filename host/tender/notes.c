// SPDX-License-Identifier: ISC
#include "host/tender/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/tender/manifest.h"

#define ABI_DESC_MAX      32u
#define MANIFEST_DESC_MAX MANIFEST_NOTE_DESCSZ(MFT_MAX_ENTRIES)

const char *notes_target_name(uint32_t target)
{
    switch (target) {
    case ABI_TARGET_HVT:
        return "hvt";
    case ABI_TARGET_SPT:
        return "spt";
    case ABI_TARGET_VIRTIO:
        return "virtio";
    case ABI_TARGET_MUEN:
        return "muen";
    case ABI_TARGET_XEN:
        return "xen";
    }
    return NULL;
}

int notes_read_abi(const struct elf_file *elf, struct abi_note *abi, struct tender_error *error)
{
    void *desc;
    size_t size;
    int rc = elf_note(elf, SOLO5_NOTE_NAME, SOLO5_NOTE_ABI, ABI_DESC_MAX, &desc, &size, error);

    if (rc == -ENOENT)
        return tender_fail(error, -ENOEXEC, "%s: no ABI note: not a Solo5 or Penstock unikernel",
                           elf->path);
    if (rc < 0)
        return rc;
    if (size >= sizeof *abi)
        memcpy(abi, desc, sizeof *abi);
    else
        rc = tender_fail(error, -ENOEXEC, "%s: its ABI note is too short", elf->path);
    free(desc);
    return rc;
}

/* The manifest stands behind a few bytes that align it; take it to where it is aligned. */
int notes_read_manifest(const struct elf_file *elf, struct mft **mft, struct tender_error *error)
{
    void *desc;
    size_t size;
    int rc =
        elf_note(elf, SOLO5_NOTE_NAME, SOLO5_NOTE_MANIFEST, MANIFEST_DESC_MAX, &desc, &size, error);

    if (rc == -ENOENT)
        return tender_fail(error, -ENOEXEC,
                           "%s: no manifest note: not a Solo5 or Penstock unikernel", elf->path);
    if (rc < 0)
        return rc;
    if (size < MANIFEST_NOTE_PAD) {
        rc = tender_fail(error, -ENOEXEC, "%s: its manifest note is too short", elf->path);
    } else {
        size -= MANIFEST_NOTE_PAD;
        memmove(desc, (uint8_t *)desc + MANIFEST_NOTE_PAD, size);
        rc = manifest_check(desc, size, elf->path, error);
    }
    if (rc < 0)
        free(desc);
    else
        *mft = desc;
    return rc;
}

static int read_flags(const struct elf_file *elf, uint32_t *flags, struct tender_error *error)
{
    void *desc;
    size_t size;
    int rc =
        elf_note(elf, PENSTOCK_NOTE_NAME, PENSTOCK_NOTE_FLAGS, sizeof *flags, &desc, &size, error);

    if (rc == -ENOENT)
        return 0;
    if (rc < 0)
        return rc;
    if (size == sizeof *flags)
        memcpy(flags, desc, sizeof *flags);
    free(desc);
    if (size != sizeof *flags)
        return tender_fail(error, -ENOEXEC, "%s: its flags note is too short", elf->path);
    if ((*flags & ~PENSTOCK_FLAGS_KNOWN) != 0)
        return tender_fail(error, -ENOEXEC, "%s: unknown flags 0x%x: it needs a newer penstock",
                           elf->path, *flags & ~PENSTOCK_FLAGS_KNOWN);
    return 0;
}

int notes_read(const struct elf_file *elf, struct notes *notes, struct tender_error *error)
{
    int rc;

    *notes = (struct notes){.flags = 0};
    rc = notes_read_abi(elf, &notes->abi, error);
    if (rc == 0)
        rc = read_flags(elf, &notes->flags, error);
    if (rc == 0)
        rc = notes_read_manifest(elf, &notes->mft, error);
    return rc;
}

void notes_free(struct notes *notes)
{
    free(notes->mft);
    notes->mft = NULL;
}

int notes_check_abi(const struct elf_file *elf, const struct notes *notes, uint32_t target,
                    uint32_t version, struct tender_error *error)
{
    const char *name = notes_target_name(notes->abi.abi_target);

    if (notes->abi.abi_target != target)
        return tender_fail(
            error, -ENOEXEC, "%s: Executable is not for the solo5-%s target (it is for %s)",
            elf->path, notes_target_name(target), name != NULL ? name : "none we know");
    if (notes->abi.abi_version != version)
        return tender_fail(error, -ENOEXEC,
                           "%s: Executable requests unsupported ABI version %u (expected %u)",
                           elf->path, notes->abi.abi_version, version);
    return 0;
}
