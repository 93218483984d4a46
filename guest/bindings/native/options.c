// SPDX-License-Identifier: ISC
#include <errno.h>
#include <stdio.h>

#include "guest/bindings/native/native.h"
#include "host/tender/option_sets.h"

#define MEGABYTES_MAX (1ull << 27) /* the lower half of the address space */
#define VERSION_TEXT  ", a unikernel of Penstock " PENSTOCK_VERSION " for native"

static int apply_mem(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;
    uint64_t megabytes;
    int rc = tender_parse_mem(value, MEGABYTES_MAX, &megabytes, error);

    if (rc == 0)
        n->heap_size = megabytes << 20;
    return rc;
}

#define OPTIONS (1 + TENDER_DEVICE_OPTIONS + TENDER_PHYSICAL_OPTIONS + TENDER_ANSWER_OPTIONS)

static void fill_table(struct tender_option table[OPTIONS])
{
    struct tender_option *row = table;

    *row++ = (struct tender_option){
        "--mem=", "N", "give the unikernel N MB of heap beside malloc()", apply_mem, &native};
    row = tender_device_options(row, &native.pci, &native.net, &native.block);
    row = tender_physical_options(row, &native.pci);
    tender_answer_options(row);
}

static void print_usage(FILE *out)
{
    struct tender_option table[OPTIONS];

    fill_table(table);
    fprintf(out,
            "usage: %s [OPTIONS] [--] [ARGS]\n"
            "A unikernel as a process; ARGS are its command line.\n",
            program_invocation_short_name);
    tender_options_help(out, table, OPTIONS);
}

void native_usage(void)
{
    print_usage(stderr);
}

bool native_options_answered(int argc, char **argv)
{
    struct tender_option table[OPTIONS];

    fill_table(table);
    return tender_options_answer(argc, argv, table, OPTIONS, print_usage, VERSION_TEXT);
}

int native_options_apply(int argc, char **argv, struct tender_error *error)
{
    struct tender_option table[OPTIONS];
    int first, rc;

    fill_table(table);
    rc = tender_options_scan(argc, argv, table, OPTIONS, &first, error);

    native.misused = rc < 0;
    if (rc < 0)
        return rc;
    rc = tender_options_apply(first, argv, table, OPTIONS, error);
    if (rc < 0)
        return rc;
    return tender_cmdline_join(argc - first, argv + first, native.cmdline, sizeof(native.cmdline),
                               error);
}
