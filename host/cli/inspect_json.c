// SPDX-License-Identifier: ISC
#include "host/cli/inspect.h"

#include "host/cli/describe.h"
#include "host/tender/manifest.h"

/* All strings here are our own words or names of letters and digits: nothing to escape. */

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static void print_devices(FILE *out, const struct mft *mft)
{
    for (uint32_t i = 1; i < mft->entries; i++) {
        const struct mft_entry *entry = &mft->e[i];

        fprintf(out, "%s\n    {\"handle\": %u, \"name\": \"%s\", \"type\": \"%s\"",
                i > 1 ? "," : "", i, entry->name, manifest_type_name(entry->type));
        describe_entry_json(out, entry);
        fprintf(out, "}");
    }
}

static void print_map(FILE *out, const struct memory_map *map)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct map_row *row = &map->rows[i];

        fprintf(out,
                "%s\n    {\"start\": %llu, \"size\": %llu, \"at_most\": %s, \"access\": \"%s\", "
                "\"what\": \"%s\"}",
                i > 0 ? "," : "", (unsigned long long)row->start, (unsigned long long)row->size,
                truth(row->at_most), row->access, row->what);
    }
}

void inspect_json(FILE *out, const struct inspection *unikernel)
{
    const struct notes *notes = &unikernel->notes;
    const char *target = notes_target_name(notes->abi.abi_target);

    fprintf(out,
            "{\n  \"target\": \"%s\",\n  \"abi_version\": %u,\n  \"flags\": %u,\n"
            "  \"ring\": %d,\n  \"entry\": %llu,\n  \"devices\": [",
            target ? target : "unknown", notes->abi.abi_version, notes->flags,
            notes->flags & PENSTOCK_FLAG_RING3 ? 3 : 0,
            (unsigned long long)unikernel->elf.header.e_entry);
    print_devices(out, notes->mft);
    fprintf(out, "\n  ],\n  \"memory\": [");
    print_map(out, &unikernel->map);
    fprintf(out, "\n  ]\n}\n");
}
