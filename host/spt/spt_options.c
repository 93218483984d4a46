// SPDX-License-Identifier: ISC
#include "host/spt/spt_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "host/tender/options.h"

#define MEM_DEFAULT (512ull << 20)

int spt_parse_mem(const char *value, uint64_t *bytes, struct tender_error *error)
{
    unsigned long long mb;
    char *end;

    errno = 0;
    mb = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || mb == 0)
        return tender_fail(error, -EINVAL, "Malformed argument to --mem: '%s' (megabytes)", value);
    if (mb > SPT_MEM_MAX >> 20)
        return tender_fail(error, -EINVAL,
                           "--mem=%s is more than the %llu MB that a guest can have", value,
                           (unsigned long long)SPT_MEM_MAX >> 20);
    if (mb < 2)
        return tender_fail(error, -EINVAL, "--mem=%s is less than the 2 MB that a guest needs",
                           value);
    *bytes = mb << 20;
    return 0;
}

static int apply_mem(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return spt_parse_mem(value, &spt->mem_size, error);
}

static int apply_pci(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_pci_option(&spt->pci, value, error);
}

static int apply_net(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_net_option(&spt->net, value, error);
}

static int apply_net_mac(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_net_mac_option(&spt->net, value, error);
}

static int apply_block(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_block_option(&spt->block, value, error);
}

static int apply_sector_size(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_block_sector_size_option(&spt->block, value, error);
}

static int apply_user(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_user_option(&spt->privileges, value, error);
}

static int apply_chroot(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return tender_chroot_option(&spt->privileges, value, error);
}

static int apply_exec_heap(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    (void)value;
    (void)error;
    spt->exec_heap = true;
    return 0;
}

/* --help and --version are answered before anything is applied. */
static int apply_nothing(void *context, const char *value, struct tender_error *error)
{
    (void)context;
    (void)value;
    (void)error;
    return 0;
}

#define OPTIONS 11

static void fill_table(struct tender_option table[OPTIONS], struct spt *spt)
{
    const struct tender_option options[OPTIONS] = {
        {"--mem=", "N", "guest memory in MB (512)", apply_mem, spt},
        {"--pci:", "NAME=WHERE", "PCI device NAME of the manifest: vfio-user:/path/socket",
         apply_pci, spt},
        {"--net:", "NAME=IFACE", "network device NAME: a TAP, or @FD", apply_net, spt},
        {"--net-mac:", "NAME=MAC", "its address (random)", apply_net_mac, spt},
        {"--block:", "NAME=PATH[:ro]", "block device NAME: a file or block device", apply_block,
         spt},
        {"--block-sector-size:", "NAME=N", "its block size in bytes (512)", apply_sector_size, spt},
        {"--user=", "NAME[:GROUP]", "become this user (or UID[:GID]) before the unikernel starts",
         apply_user, spt},
        {"--chroot=", "DIR", "make DIR the root directory, the same", apply_chroot, spt},
        {"--x-exec-heap", NULL, "make heap and stack executable", apply_exec_heap, spt},
        {"--help", NULL, "print this", apply_nothing, spt},
        {"--version", NULL, "print the version", apply_nothing, spt}};

    for (unsigned i = 0; i < OPTIONS; i++)
        table[i] = options[i];
}

int spt_options_scan(struct spt *spt, int argc, char **argv, int *first)
{
    struct tender_option table[OPTIONS];
    int rc;

    fill_table(table, spt);
    rc = tender_options_scan(argc, argv, table, OPTIONS, first, &spt->error);
    if (rc == 0 && *first == argc)
        rc = tender_fail(&spt->error, -EINVAL, "Missing KERNEL operand");
    spt->misused = rc < 0;
    return rc;
}

int spt_options_apply(struct spt *spt, int argc, char **argv, int first)
{
    struct tender_option table[OPTIONS];
    int rc;

    spt->mem_size = MEM_DEFAULT;
    fill_table(table, spt);
    rc = tender_options_apply(first, argv, table, OPTIONS, &spt->error);
    if (rc == 0)
        rc = tender_cmdline_join(argc - first - 1, argv + first + 1, spt->cmdline,
                                 sizeof spt->cmdline, &spt->error);
    return rc;
}

static void print_usage(FILE *out)
{
    struct tender_option table[OPTIONS];

    fill_table(table, NULL);
    fprintf(out,
            "usage: %s [OPTIONS] [--] KERNEL [ARGS]\n"
            "Runs the unikernel KERNEL in a process behind seccomp; ARGS are its command line.\n",
            program_invocation_short_name);
    tender_options_help(out, table, OPTIONS);
}

void spt_usage(void)
{
    print_usage(stderr);
}

bool spt_options_answered(int argc, char **argv)
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
               PENSTOCK_VERSION, SPT_ABI_VERSION);
    else
        return false;
    return true;
}
