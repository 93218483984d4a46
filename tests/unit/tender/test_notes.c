// SPDX-License-Identifier: ISC
/* ELF notes and manifests from outside: what is taken, and each way they are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/tender/manifest.h"
#include "host/tender/notes.h"
#include "tests/unit/tender/elf_image.h"

static int read_notes(const struct elf_image *image, struct notes *notes,
                      struct tender_error *error)
{
    struct elf_file elf;
    int fd, rc = elf_open(&elf, elf_image_file(image, sizeof *image, &fd), error);

    assert_int_equal(rc, 0);
    rc = notes_read(&elf, notes, error);
    if (rc == 0)
        rc = notes_check_abi(&elf, notes, ABI_TARGET_HVT, HVT_ABI_VERSION, error);
    if (rc < 0)
        notes_free(notes);
    elf_close(&elf);
    close(fd);
    return rc;
}

static void takes_good_ones(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct notes notes;

    (void)state;
    elf_image_init(&image);
    assert_int_equal(read_notes(&image, &notes, &error), 0);
    assert_int_equal(notes.abi.abi_target, ABI_TARGET_HVT);
    assert_int_equal(notes.flags, PENSTOCK_FLAG_RING3);
    assert_int_equal(notes.mft->entries, 3);
    assert_string_equal(notes.mft->e[1].name, "nic0");
    assert_int_equal(notes.mft->e[1].u.pci_basic.vendor, 0x8086);
    assert_int_equal(notes.mft->e[2].u.dma_basic.size, 4 << 20);
    notes_free(&notes);
}

static void needs_no_flags(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct notes notes;

    (void)state;
    elf_image_init(&image);
    image.program[PH_FLAGS].p_type = PT_NULL;
    assert_int_equal(read_notes(&image, &notes, &error), 0);
    assert_int_equal(notes.flags, 0);
    notes_free(&notes);
}

/* As many devices as there can be. */
static void takes_63_devices(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct notes notes;

    (void)state;
    elf_image_init(&image);
    for (unsigned i = 1; i < MFT_MAX_ENTRIES; i++) {
        image.manifest.e[i] = (struct mft_entry){.type = MFT_NET_BASIC};
        image.manifest.e[i].name[0] = (char)('A' + i / 10);
        image.manifest.e[i].name[1] = (char)('0' + i % 10);
    }
    memset(image.manifest.e[63].name, 'x', MFT_NAME_MAX);
    image.manifest.entries = MFT_MAX_ENTRIES;
    elf_image_resize_manifest(&image);
    assert_int_equal(read_notes(&image, &notes, &error), 0);
    assert_int_equal(notes.mft->entries, MFT_MAX_ENTRIES);
    notes_free(&notes);
}

struct fault {
    const char *message;
    void (*spoil)(struct elf_image *image);
};

#define SPOIL(name, statement)                \
    static void name(struct elf_image *image) \
    {                                         \
        statement;                            \
    }

SPOIL(no_abi, image->abi.header.type = 1)
SPOIL(no_abi_owner, image->abi.header.name[0] = 's')
SPOIL(long_owner, image->abi.header.namesz = UINT32_MAX)
SPOIL(short_abi, image->abi.header.descsz = 12)
SPOIL(empty_abi, image->abi.header.descsz = 0)
SPOIL(large_abi, image->abi.header.descsz = 33)
SPOIL(abi_beyond_segment, image->program[PH_ABI].p_filesz -= 1)
SPOIL(note_without_header, image->program[PH_FLAGS].p_filesz = 11)
SPOIL(note_behind_end, image->program[PH_ABI].p_offset = sizeof *image - 4)
SPOIL(note_far_away, image->program[PH_ABI].p_offset = UINT64_MAX - 4)
SPOIL(other_target, image->abi.desc.abi_target = ABI_TARGET_SPT)
SPOIL(unknown_target, image->abi.desc.abi_target = 77)
SPOIL(other_version, image->abi.desc.abi_version = 1)
SPOIL(new_flags, image->flags.flags |= 0x10)
SPOIL(short_flags, image->flags.descsz = 2)
SPOIL(no_manifest, image->program[PH_MANIFEST].p_type = PT_NULL)
SPOIL(tiny_manifest, image->manifest.header.descsz = 2)
SPOIL(headless_manifest, image->manifest.header.descsz = MANIFEST_NOTE_PAD + 7)
SPOIL(short_manifest, image->manifest.header.descsz -= 1)
SPOIL(long_manifest,
      (image->manifest.header.descsz += 1, image->program[PH_MANIFEST].p_filesz += 1))
SPOIL(huge_manifest, image->manifest.header.descsz = 6669)
SPOIL(manifest_version, image->manifest.version = 2)
SPOIL(no_entries, image->manifest.entries = 0)
SPOIL(many_entries, image->manifest.entries = 65)
SPOIL(absurd_entries, image->manifest.entries = UINT32_MAX)
SPOIL(more_entries, image->manifest.entries = 4)
SPOIL(first_is_named, image->manifest.e[0].name[0] = 'x')
SPOIL(first_is_device, image->manifest.e[0].type = MFT_NET_BASIC)
SPOIL(endless_name, memset(image->manifest.e[1].name, 'x', MFT_NAME_SIZE))
SPOIL(no_name, image->manifest.e[1].name[0] = '\0')
SPOIL(bad_name, image->manifest.e[1].name[1] = '-')
SPOIL(foreign_name, image->manifest.e[1].name[1] = (char)0xe9)
SPOIL(same_name, strcpy(image->manifest.e[2].name, "nic0"))
SPOIL(unknown_type, image->manifest.e[1].type = 5)
SPOIL(reserved_type, image->manifest.e[1].type = MFT_RESERVED_FIRST)
SPOIL(unknown_pci_flags, image->manifest.e[1].u.pci_basic.flags = 0x80)
SPOIL(attached, memset(&image->manifest.e[1].attached, 1, 1))
SPOIL(strangely_attached, memset(&image->manifest.e[2].attached, 0x80, 1))

static const struct fault faults[] = {
    {"no ABI note", no_abi},
    {"no ABI note", no_abi_owner},
    {"no ABI note", long_owner},
    {"ABI note is too short", short_abi},
    {"empty or too large", empty_abi},
    {"empty or too large", large_abi},
    {"larger than its segment", abi_beyond_segment},
    {"shorter than its header", note_without_header},
    {"the file ends before the end of a note", note_behind_end},
    {"lies outside of the file", note_far_away},
    {"Executable is not for the solo5-hvt target (it is for spt)", other_target},
    {"it is for none we know", unknown_target},
    {"unsupported ABI version 1", other_version},
    {"unknown flags 0x10", new_flags},
    {"flags note is too short", short_flags},
    {"no manifest note", no_manifest},
    {"manifest note is too short", tiny_manifest},
    {"manifest: too short", headless_manifest},
    {"bytes, but 3 entries take", short_manifest},
    {"bytes, but 3 entries take", long_manifest},
    {"empty or too large", huge_manifest},
    {"version 2, expected 1", manifest_version},
    {"0 entries, expected 1 to 64", no_entries},
    {"65 entries", many_entries},
    {"4294967295 entries", absurd_entries},
    {"bytes, but 4 entries take", more_entries},
    {"entry 0 is not the reserved one", first_is_named},
    {"entry 0 is not the reserved one", first_is_device},
    {"name of entry 1 is not terminated", endless_name},
    {"not made of letters and digits", no_name},
    {"not made of letters and digits", bad_name},
    {"not made of letters and digits", foreign_name},
    {"two devices are called 'nic0'", same_name},
    {"device 'nic0' is of unknown type 5", unknown_type},
    {"of unknown type 1073741824", reserved_type},
    {"unknown flags 0x80", unknown_pci_flags},
    {"entry 1 claims to be attached", attached},
    {"entry 2 claims to be attached", strangely_attached},
};

static void refuses_bad_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct elf_image image;
        struct tender_error error = {""};
        struct notes notes;

        elf_image_init(&image);
        faults[i].spoil(&image);
        if (read_notes(&image, &notes, &error) == 0 ||
            strstr(error.text, faults[i].message) == NULL)
            fail_msg("expected '%s', got '%s'", faults[i].message, error.text);
    }
}

static void has_words_for_types(void **state)
{
    (void)state;
    assert_string_equal(manifest_type_name(MFT_BLOCK_BASIC), "BLOCK_BASIC");
    assert_null(manifest_type_name(0));
    assert_string_equal(notes_target_name(ABI_TARGET_XEN), "xen");
    assert_null(notes_target_name(5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_good_ones),     cmocka_unit_test(needs_no_flags),
        cmocka_unit_test(takes_63_devices),    cmocka_unit_test(refuses_bad_ones),
        cmocka_unit_test(has_words_for_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
