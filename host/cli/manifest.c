// SPDX-License-Identifier: ISC
/* penstock manifest: manifest.json to C source. */
#include "host/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "host/cli/manifest_json.h"
#include "host/cli/manifest_source.h"

#define USAGE "manifest FILE.json [-o OUT]"

int cmd_manifest(int argc, char **argv)
{
    struct tender_error error;
    const char *out = "-", *in = NULL;
    struct mft *mft;
    int r;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            out = argv[++i];
        else if (!in && (argv[i][0] != '-' || argv[i][1] == '\0'))
            in = argv[i];
        else
            return cli_usage(USAGE);
    }
    if (!in)
        return cli_usage(USAGE);
    r = manifest_load(in, &mft, &error);
    if (r)
        return cli_refuse(&error);
    r = manifest_source_write(out, mft, &error);
    free(mft);
    return r ? cli_refuse(&error) : 0;
}
