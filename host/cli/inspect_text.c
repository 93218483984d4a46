// SPDX-License-Identifier: ISC
#include "host/cli/inspect.h"

#include "host/cli/describe.h"

static void print_devices(FILE *out, const struct mft *mft)
{
    char text[DESCRIBE_MAX];

    fprintf(out, "\nDevices\n");
    if (mft->entries == 1)
        fprintf(out, "  none\n");
    for (uint32_t i = 1; i < mft->entries; i++) {
        describe_entry(&mft->e[i], text);
        fprintf(out, "  %2u  %-10s  %s\n", i, mft->e[i].name, text);
    }
}

static void print_segments(FILE *out, const struct elf_file *elf)
{
    fprintf(out, "\nSegments\n");
    for (unsigned i = 0; i < elf->segments_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];

        fprintf(out, "  0x%012llx  %s  %10llu bytes, %llu of them in the file\n",
                (unsigned long long)segment->addr, memory_map_access(segment->flags),
                (unsigned long long)segment->size, (unsigned long long)segment->file_size);
    }
}

static void print_map(FILE *out, const struct memory_map *map)
{
    char size[DESCRIBE_MAX];

    fprintf(out, "\nMemory map (virtual = guest physical = I/O virtual)\n"
                 "  first byte      last byte       access  size                 what\n");
    for (unsigned i = 0; i < map->count; i++) {
        const struct map_row *row = &map->rows[i];

        describe_size(row->size, size);
        fprintf(out, "  0x%012llx  0x%012llx  %-6s  %-7s %-12s %s\n",
                (unsigned long long)row->start, (unsigned long long)(row->start + row->size - 1),
                row->access, row->at_most ? "at most" : "", size, row->what);
    }
}

void inspect_text(FILE *out, const struct inspection *unikernel)
{
    const struct notes *notes = &unikernel->notes;
    const char *target = notes_target_name(notes->abi.abi_target);

    fprintf(out, "%s\n", unikernel->elf.path);
    fprintf(out, "  target  %s (%u), ABI version %u\n", target ? target : "unknown",
            notes->abi.abi_target, notes->abi.abi_version);
    fprintf(out, "  flags   0x%x: runs in ring %d\n", notes->flags,
            notes->flags & PENSTOCK_FLAG_RING3 ? 3 : 0);
    fprintf(out, "  entry   0x%llx\n", (unsigned long long)unikernel->elf.header.e_entry);
    print_devices(out, notes->mft);
    print_segments(out, &unikernel->elf);
    print_map(out, &unikernel->map);
}
