// SPDX-License-Identifier: ISC
/* penstock inspect: what a unikernel asks for. */
#include "host/cli/inspect.h"

#include <errno.h>
#include <string.h>

#include "abi/hvt.h"
#include "host/cli/cli.h"

#define USAGE "inspect BINARY [--json]"

static int read_unikernel(const char *path, struct inspection *unikernel,
                          struct tender_error *error)
{
    int r = elf_open(&unikernel->elf, path, error);

    if (r == 0)
        r = notes_read(&unikernel->elf, &unikernel->notes, error);
    if (r == 0)
        r = elf_plan(&unikernel->elf, HVT_GUEST_MIN_BASE, HVT_MEM_MAX, error);
    if (r == 0 && memory_map_make(&unikernel->map, &unikernel->elf, unikernel->notes.mft) != 0)
        r = tender_fail(error, -ENOMEM, "%s: no memory for its memory map", path);
    return r;
}

int cmd_inspect(int argc, char **argv)
{
    struct inspection unikernel = {.elf.fd = -1};
    struct tender_error error;
    const char *path = NULL;
    bool json = false;
    int r;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (!path && argv[i][0] != '-')
            path = argv[i];
        else
            return cli_usage(USAGE);
    }
    if (!path)
        return cli_usage(USAGE);
    r = read_unikernel(path, &unikernel, &error);
    if (r == 0)
        (json ? inspect_json : inspect_text)(stdout, &unikernel);
    memory_map_free(&unikernel.map);
    notes_free(&unikernel.notes);
    elf_close(&unikernel.elf);
    return r ? cli_refuse(&error) : 0;
}
