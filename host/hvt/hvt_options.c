// SPDX-License-Identifier: ISC
#include "host/hvt/hvt_options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "host/tender/log.h"
#include "host/tender/options.h"

#define MEM_DEFAULT (512ull << 20)

int hvt_parse_mem(const char *value, uint64_t *bytes, struct tender_error *error)
{
    unsigned long long mb;
    char *end;

    errno = 0;
    mb = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || mb == 0)
        return tender_fail(error, -EINVAL, "Malformed argument to --mem: '%s' (megabytes)", value);
    if (mb > HVT_MEM_MAX >> 20)
        return tender_fail(error, -EINVAL,
                           "--mem=%s is more than the %llu MB that a guest can have", value,
                           (unsigned long long)HVT_MEM_MAX >> 20);
    *bytes = (mb << 20) / HVT_MEM_UNIT * HVT_MEM_UNIT;
    if (*bytes == 0)
        return tender_fail(error, -EINVAL, "--mem=%s is less than the %llu MB that a guest needs",
                           value, (unsigned long long)HVT_MEM_UNIT >> 20);
    if (*bytes != mb << 20)
        tender_warn("adjusting memory to %" PRIu64 " bytes", *bytes);
    return 0;
}

static int apply_mem(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return hvt_parse_mem(value, &hvt->mem_size, error);
}

static int apply_pci(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_pci_option(&hvt->pci, value, error);
}

static int apply_net(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_net_option(&hvt->net, value, error);
}

static int apply_net_mac(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_net_mac_option(&hvt->net, value, error);
}

static int apply_block(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_block_option(&hvt->block, value, error);
}

static int apply_sector_size(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_block_sector_size_option(&hvt->block, value, error);
}

static int apply_stats(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    (void)value;
    (void)error;
    hvt->stats_at_end = true;
    return 0;
}

static int apply_dumpcore(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    if (value[0] == '\0')
        return tender_fail(error, -EINVAL, "Malformed argument to --dumpcore: '' (a directory)");
    hvt->core.folder = value;
    return 0;
}

static int apply_gdb(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    (void)value;
    (void)error;
    hvt->gdb.wanted = true;
    if (hvt->gdb.port == 0)
        hvt->gdb.port = GDB_PORT;
    return 0;
}

static int apply_gdb_port(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;
    unsigned long port;
    char *end;

    port = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || port == 0 || port > UINT16_MAX)
        return tender_fail(error, -EINVAL, "Malformed argument to --gdb-port: '%s'", value);
    hvt->gdb.port = (uint16_t)port;
    return 0;
}

static int apply_user(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_user_option(&hvt->privileges, value, error);
}

static int apply_chroot(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return tender_chroot_option(&hvt->privileges, value, error);
}

/* --help and --version are answered before anything is applied. */
static int apply_nothing(void *context, const char *value, struct tender_error *error)
{
    (void)context;
    (void)value;
    (void)error;
    return 0;
}

#define OPTIONS 14

static void fill_table(struct tender_option table[OPTIONS], struct hvt *hvt)
{
    const struct tender_option options[OPTIONS] = {
        {"--mem=", "N", "guest memory in MB (512)", apply_mem, hvt},
        {"--pci:", "NAME=WHERE", "PCI device NAME of the manifest: vfio-user:/path/socket",
         apply_pci, hvt},
        {"--net:", "NAME=IFACE", "network device NAME: a TAP, or @FD for one that is open",
         apply_net, hvt},
        {"--net-mac:", "NAME=MAC", "its MAC address (a random one)", apply_net_mac, hvt},
        {"--block:", "NAME=PATH[:ro]", "block device NAME: a file or block device", apply_block,
         hvt},
        {"--block-sector-size:", "NAME=N", "its block size in bytes (512)", apply_sector_size, hvt},
        {"--dumpcore=", "DIR", "write DIR/core.penstock-hvt.PID if the unikernel aborts or traps",
         apply_dumpcore, hvt},
        {"--gdb", NULL, "wait for a debugger before the unikernel starts", apply_gdb, hvt},
        {"--gdb-port=", "N", "where it waits, on 127.0.0.1 (1234)", apply_gdb_port, hvt},
        {"--user=", "NAME[:GROUP]", "become this user (or UID[:GID]) before the unikernel starts",
         apply_user, hvt},
        {"--chroot=", "DIR", "make DIR the root directory, the same", apply_chroot, hvt},
        {"--stats", NULL, "print VM exits at the end (at any time: SIGUSR1)", apply_stats, hvt},
        {"--help", NULL, "print this", apply_nothing, hvt},
        {"--version", NULL, "print the version", apply_nothing, hvt}};

    for (unsigned i = 0; i < OPTIONS; i++)
        table[i] = options[i];
}

int hvt_options_scan(struct hvt *hvt, int argc, char **argv, int *first)
{
    struct tender_option table[OPTIONS];
    int rc;

    fill_table(table, hvt);
    rc = tender_options_scan(argc, argv, table, OPTIONS, first, &hvt->error);
    if (rc == 0 && *first == argc)
        rc = tender_fail(&hvt->error, -EINVAL, "Missing KERNEL operand");
    hvt->misused = rc < 0;
    return rc;
}

int hvt_options_apply(struct hvt *hvt, int argc, char **argv, int first)
{
    struct tender_option table[OPTIONS];
    int rc;

    hvt->mem_size = MEM_DEFAULT;
    fill_table(table, hvt);
    rc = tender_options_apply(first, argv, table, OPTIONS, &hvt->error);
    if (rc == 0)
        rc = tender_cmdline_join(argc - first - 1, argv + first + 1, hvt->cmdline,
                                 sizeof hvt->cmdline, &hvt->error);
    return rc;
}

static void print_usage(FILE *out)
{
    struct tender_option table[OPTIONS];

    fill_table(table, NULL);
    fprintf(out,
            "usage: %s [OPTIONS] [--] KERNEL [ARGS]\n"
            "Runs the unikernel KERNEL in a virtual machine; ARGS are its command line.\n",
            program_invocation_short_name);
    tender_options_help(out, table, OPTIONS);
}

void hvt_usage(void)
{
    print_usage(stderr);
}

bool hvt_options_answered(int argc, char **argv)
{
    struct tender_option table[OPTIONS];
    struct tender_error error;
    int first;

    fill_table(table, NULL);
    if (tender_options_scan(argc, argv, table, OPTIONS, &first, &error) < 0)
        return false;
    if (tender_options_given(first, argv, "--help"))
        print_usage(stdout);
    else if (tender_options_given(first, argv, "--version"))
        printf("%s tender, version %s\nABI version %u\n", program_invocation_short_name,
               PENSTOCK_VERSION, HVT_ABI_VERSION);
    else
        return false;
    return true;
}
