// SPDX-License-Identifier: ISC
/*
 * penstock elftool, also installed as solo5-elftool: the commands, the output and the exit statuses
 * of Solo5 0.12's tool of that name, which other programs call and whose JSON they parse
 * (albatross, urunc). What Penstock's own entries say stands behind `type`, as in manifest.json:
 * the output of query-manifest can be given to gen-manifest again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/cli/describe.h"
#include "host/cli/manifest_json.h"
#include "host/cli/manifest_source.h"
#include "host/tender/elf.h"
#include "host/tender/manifest.h"
#include "host/tender/notes.h"

#define ABI_TARGET_GENODE 5 /* retired; old binaries still say it */

static int usage(void)
{
    fprintf(stderr, "usage: solo5-elftool COMMAND ...\n"
                    "solo5-elftool of penstock " PENSTOCK_VERSION "\n\n"
                    "COMMAND is:\n"
                    "    gen-manifest SOURCE OUTPUT:\n"
                    "        Make the C source of a manifest's ELF note from SOURCE (JSON).\n"
                    "    query-abi BINARY:\n"
                    "        Print the ABI target and version of BINARY as JSON.\n"
                    "    query-manifest BINARY:\n"
                    "        Print the manifest of BINARY as JSON.\n"
                    "\"-\" is standard input or output.\n");
    return 1;
}

static int gen_manifest(char **argv, struct tender_error *error)
{
    struct mft *mft;
    int rc = manifest_load(argv[0], &mft, error);

    if (rc < 0)
        return rc;
    rc = manifest_source_write(argv[1], mft, error);
    free(mft);
    return rc;
}

/* Names are of letters and digits (manifest_check): nothing to escape. */
static void print_manifest(const struct mft *mft)
{
    printf("{\n  \"type\": \"solo5.manifest\",\n  \"version\": %u,\n  \"devices\": [\n",
           mft->version);
    for (uint32_t i = 1; i < mft->entries; i++) {
        const struct mft_entry *entry = &mft->e[i];

        printf("    { \"name\": \"%s\", \"type\": \"%s\"", entry->name,
               manifest_type_name(entry->type));
        describe_entry_json(stdout, entry);
        printf(" }%s\n", i + 1 < mft->entries ? "," : "");
    }
    printf("  ]\n}\n");
}

static int query_manifest(char **argv, struct tender_error *error)
{
    struct elf_file elf;
    struct mft *mft;
    int rc = elf_open(&elf, argv[0], error);

    if (rc < 0)
        return rc;
    rc = notes_read_manifest(&elf, &mft, error);
    elf_close(&elf);
    if (rc < 0)
        return rc;
    print_manifest(mft);
    free(mft);
    return 0;
}

static const char *target_name(uint32_t target)
{
    const char *name = target == ABI_TARGET_GENODE ? "genode" : notes_target_name(target);

    return name ? name : "unknown";
}

static int query_abi(char **argv, struct tender_error *error)
{
    struct elf_file elf;
    struct abi_note abi;
    int rc = elf_open(&elf, argv[0], error);

    if (rc < 0)
        return rc;
    rc = notes_read_abi(&elf, &abi, error);
    elf_close(&elf);
    if (rc < 0)
        return rc;
    printf("{\n  \"type\": \"solo5.abi\",\n  \"target\": \"%s\",\n  \"version\": %u\n}\n",
           target_name(abi.abi_target), abi.abi_version);
    return 0;
}

static const struct command {
    const char *name;
    int arguments;
    int (*run)(char **argv, struct tender_error *error);
} commands[] = {
    {"gen-manifest", 2, gen_manifest},
    {"query-abi", 1, query_abi},
    {"query-manifest", 1, query_manifest},
};

static int run(const struct command *command, char **argv)
{
    struct tender_error error;

    if (command->run(argv, &error) < 0) {
        fprintf(stderr, "solo5-elftool: %s\n", error.text);
        return 1;
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "solo5-elftool: standard output: cannot be written\n");
        return 1;
    }
    return 0;
}

int cmd_elftool(int argc, char **argv)
{
    for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return argc == commands[i].arguments + 2 ? run(&commands[i], argv + 2) : usage();
    }
    return usage();
}
