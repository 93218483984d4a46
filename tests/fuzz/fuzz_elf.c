// SPDX-License-Identifier: ISC
/* An executable from anywhere: headers, notes, manifest, segments, and what inspect says
 * of it. */
#include "abi/hvt.h"
#include "host/cli/inspect.h"
#include "host/tender/elf_symbols.h"
#include "host/tender/manifest.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT (4u << 20) /* of the memory that it is loaded into */

static void check_segments(const struct elf_file *elf)
{
    uint64_t end = HVT_GUEST_MIN_BASE;

    for (unsigned i = 0; i < elf->segments_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];

        FUZZ_EXPECT(segment->start >= end && segment->start <= segment->addr);
        FUZZ_EXPECT(segment->size >= segment->file_size);
        FUZZ_EXPECT(segment->addr + segment->size <= segment->end);
        FUZZ_EXPECT((segment->flags & (PF_W | PF_X)) != (PF_W | PF_X));
        end = segment->end;
    }
    FUZZ_EXPECT(end <= LIMIT);
}

static void inspect(struct inspection *unikernel)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    FUZZ_EXPECT(out != NULL);
    FUZZ_EXPECT(memory_map_make(&unikernel->map, &unikernel->elf, unikernel->notes.mft) == 0);
    inspect_text(out, unikernel);
    inspect_json(out, unikernel);
    fclose(out);
    for (size_t i = 0; i < size; i++)
        FUZZ_EXPECT(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
    free(text);
    memory_map_free(&unikernel->map);
}

static void symbols(const struct elf_file *elf)
{
    struct elf_symbols symbols;
    char name[64];

    elf_symbols_read(elf, 1u << 20, &symbols);
    elf_symbols_name(&symbols, elf->header.e_entry, name, sizeof(name));
    elf_symbols_name(&symbols, UINT64_MAX, name, sizeof(name));
    elf_symbols_free(&symbols);
}

static void load(struct inspection *unikernel)
{
    struct tender_error error;
    static uint8_t *memory; /* of malloc: ASan knows where it ends */

    if (elf_plan(&unikernel->elf, HVT_GUEST_MIN_BASE, LIMIT, &error) < 0)
        return;
    check_segments(&unikernel->elf);
    if (memory == NULL)
        memory = malloc(LIMIT);
    FUZZ_EXPECT(memory != NULL);
    elf_load(&unikernel->elf, memory, &error);
    if (unikernel->notes.mft != NULL)
        inspect(unikernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inspection unikernel = {0};
    struct tender_error error;

    if (elf_open(&unikernel.elf, fuzz_file(data, size), &error) < 0)
        return 0;
    if (notes_read(&unikernel.elf, &unikernel.notes, &error) == 0) {
        const struct mft *mft = unikernel.notes.mft;

        FUZZ_EXPECT(mft->entries >= 1 && mft->entries <= MFT_MAX_ENTRIES);
        for (uint32_t i = 1; i < mft->entries; i++)
            FUZZ_EXPECT(manifest_type_name(mft->e[i].type) != NULL);
    }
    load(&unikernel);
    symbols(&unikernel.elf);
    notes_free(&unikernel.notes);
    elf_close(&unikernel.elf);
    return 0;
}
