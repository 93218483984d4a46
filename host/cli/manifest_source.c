// SPDX-License-Identifier: ISC
#include "host/cli/manifest_source.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "abi/elf_note.h"
#include "host/cli/describe.h"

static void write_head(FILE *out, const struct mft *mft)
{
    fprintf(out,
            "/* Made by `penstock manifest`: the ELF note that says which devices this unikernel "
            "needs. */\n"
            "#include <stdint.h>\n\n"
            "struct entry {\n"
            "    char name[%d];\n"
            "    uint32_t type;\n"
            "    uint8_t content[16];\n"
            "    uint64_t backend;\n"
            "    uint64_t attached;\n"
            "};\n\n"
            "extern const struct penstock_manifest_note {\n"
            "    uint32_t namesz, descsz, type;\n"
            "    char owner[8];\n"
            "    uint32_t pad;\n"
            "    uint32_t version, entries;\n"
            "    struct entry e[%u];\n"
            "} penstock_manifest_note;\n\n"
            "_Static_assert(sizeof(struct entry) == %zu, \"entry\");\n"
            "_Static_assert(sizeof(struct penstock_manifest_note) == %zu, \"note\");\n\n",
            MFT_NAME_SIZE, mft->entries, sizeof(struct mft_entry),
            sizeof(struct note_header) + MANIFEST_NOTE_DESCSZ(mft->entries));
}

static void write_entry(FILE *out, const struct mft_entry *entry)
{
    char text[DESCRIBE_MAX];

    describe_entry(entry, text);
    fprintf(out, "        /* %s */\n        {.name = \"%s\", .type = 0x%x, .content = {", text,
            entry->name, entry->type);
    for (size_t i = 0; i < sizeof(entry->u.bytes); i++)
        fprintf(out, "%s%u", i ? ", " : "", entry->u.bytes[i]);
    fprintf(out, "}},\n");
}

void manifest_source(FILE *out, const struct mft *mft)
{
    write_head(out, mft);
    fprintf(out,
            "const struct penstock_manifest_note penstock_manifest_note\n"
            "    __attribute__((section(\"%s\"), aligned(8), used)) = {\n"
            "    .namesz = %d,\n    .descsz = %zu,\n    .type = 0x%x,\n    .owner = \"%s\",\n"
            "    .version = %u,\n    .entries = %u,\n    .e = {\n",
            SOLO5_NOTE_MANIFEST_SECTION, SOLO5_NOTE_NAMESZ, MANIFEST_NOTE_DESCSZ(mft->entries),
            SOLO5_NOTE_MANIFEST, SOLO5_NOTE_NAME, mft->version, mft->entries);
    for (uint32_t i = 0; i < mft->entries; i++)
        write_entry(out, &mft->e[i]);
    fprintf(out, "    },\n};\n");
}

int manifest_source_write(const char *path, const struct mft *mft, struct tender_error *error)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    bool failed;

    if (!out)
        return tender_fail(error, -errno, "%s: %s", path, strerror(errno));
    manifest_source(out, mft);
    failed = fflush(out) != 0 || ferror(out);
    if (out != stdout && fclose(out) != 0)
        failed = true;
    return failed ? tender_fail(error, -EIO, "%s: cannot be written", path) : 0;
}
