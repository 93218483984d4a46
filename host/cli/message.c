// SPDX-License-Identifier: ISC
#include "host/cli/cli.h"

#include <stdio.h>

int cli_refuse(const struct tender_error *error)
{
    fprintf(stderr, "penstock: %s\n", error->text);
    return 1;
}

int cli_usage(const char *usage)
{
    fprintf(stderr, "usage: penstock %s\n", usage);
    return 1;
}
