// SPDX-License-Identifier: ISC
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/bindings/native/native.h"

#define MIB_MAX (1ull << 27) /* the lower half of the address space */

static int apply_mem(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;
    unsigned long long mib;
    char *end;

    errno = 0;
    mib = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || mib == 0 ||
        mib > MIB_MAX)
        return tender_fail(error, -EINVAL, "Malformed argument to --mem: '%s' (megabytes)", value);
    n->heap_size = mib << 20;
    return 0;
}

static int apply_pci(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;

    return tender_pci_option(&n->pci, value, error);
}

static int apply_net(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;

    return tender_net_option(&n->net, value, error);
}

static int apply_net_mac(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;

    return tender_net_mac_option(&n->net, value, error);
}

static int apply_block(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;

    return tender_block_option(&n->block, value, error);
}

static int apply_sector_size(void *context, const char *value, struct tender_error *error)
{
    struct native *n = context;

    return tender_block_sector_size_option(&n->block, value, error);
}

/* --help and --version are answered before anything is applied. */
static int apply_nothing(void *context, const char *value, struct tender_error *error)
{
    (void)context;
    (void)value;
    (void)error;
    return 0;
}

static const struct tender_option table[] = {
    {"--mem=", "N", "give the unikernel N MB of heap beside malloc()", apply_mem, &native},
    {"--pci:", "NAME=WHERE", "PCI device NAME of the manifest: vfio-user:/path/socket", apply_pci,
     &native},
    {"--net:", "NAME=IFACE", "network device NAME: a TAP, or @FD for one that is open", apply_net,
     &native},
    {"--net-mac:", "NAME=MAC", "its MAC address (a random one)", apply_net_mac, &native},
    {"--block:", "NAME=PATH[:ro]", "block device NAME: a file or block device", apply_block,
     &native},
    {"--block-sector-size:", "NAME=N", "its block size in bytes (512)", apply_sector_size, &native},
    {"--help", NULL, "print this", apply_nothing, NULL},
    {"--version", NULL, "print the version", apply_nothing, NULL},
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

static void print_usage(FILE *out)
{
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
    struct tender_error error;
    int first;

    if (tender_options_scan(argc, argv, table, OPTIONS, &first, &error) < 0)
        return false;
    if (tender_options_given(first, argv, "--help"))
        print_usage(stdout);
    else if (tender_options_given(first, argv, "--version"))
        printf("%s, a unikernel of Penstock %s for native\n", program_invocation_short_name,
               PENSTOCK_VERSION);
    else
        return false;
    return true;
}

int native_options_apply(int argc, char **argv, struct tender_error *error)
{
    int first;
    int rc = tender_options_scan(argc, argv, table, OPTIONS, &first, error);

    native.misused = rc < 0;
    if (rc < 0)
        return rc;
    rc = tender_options_apply(first, argv, table, OPTIONS, error);
    if (rc < 0)
        return rc;
    return tender_cmdline_join(argc - first, argv + first, native.cmdline, sizeof(native.cmdline),
                               error);
}
