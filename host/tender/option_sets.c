// SPDX-License-Identifier: ISC
#include "host/tender/option_sets.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static int apply_pci(void *context, const char *value, struct tender_error *error)
{
    return tender_pci_option(context, value, error);
}

static int apply_no_reset(void *context, const char *value, struct tender_error *error)
{
    return tender_pci_no_reset_option(context, value, error);
}

static int apply_iommu(void *context, const char *value, struct tender_error *error)
{
    return tender_pci_iommu_option(context, value, error);
}

static int apply_no_iommu(void *context, const char *value, struct tender_error *error)
{
    struct tender_pci *pci = context;

    (void)value;
    (void)error;
    pci->options.unsafe_no_iommu = true;
    return 0;
}

static int apply_net(void *context, const char *value, struct tender_error *error)
{
    return tender_net_option(context, value, error);
}

static int apply_net_mac(void *context, const char *value, struct tender_error *error)
{
    return tender_net_mac_option(context, value, error);
}

static int apply_block(void *context, const char *value, struct tender_error *error)
{
    return tender_block_option(context, value, error);
}

static int apply_sector_size(void *context, const char *value, struct tender_error *error)
{
    return tender_block_sector_size_option(context, value, error);
}

struct tender_option *tender_device_options(struct tender_option *row, struct tender_pci *pci,
                                            struct tender_net *net, struct tender_block *block)
{
    *row++ = (struct tender_option){"--pci:", "NAME=WHERE",
                                    "PCI device NAME of the manifest: 0000:03:00.0 or its folder "
                                    "in /sys (bound to vfio-pci), or vfio-user:/path/socket",
                                    apply_pci, pci};
    *row++ = (struct tender_option){"--pci-allow-no-reset:", "NAME",
                                    "take it although it cannot be reset", apply_no_reset, pci};
    *row++ = (struct tender_option){"--iommu=", "KIND",
                                    "how to reach the IOMMU: auto, type1, iommufd (auto)",
                                    apply_iommu, pci};
    *row++ = (struct tender_option){"--net:", "NAME=IFACE",
                                    "network device NAME: a TAP, or @FD for one that is open",
                                    apply_net, net};
    *row++ = (struct tender_option){"--net-mac:", "NAME=MAC", "its MAC address (a random one)",
                                    apply_net_mac, net};
    *row++ =
        (struct tender_option){"--block:", "NAME=PATH[:ro]",
                               "block device NAME: a file or block device", apply_block, block};
    *row++ = (struct tender_option){"--block-sector-size:", "NAME=N",
                                    "its block size in bytes (512)", apply_sector_size, block};
    return row;
}

struct tender_option *tender_physical_options(struct tender_option *row, struct tender_pci *pci)
{
    *row++ = (struct tender_option){"--unsafe-no-iommu", NULL,
                                    "allow --pci:NAME=sysfs:0000:03:00.0, a device that no IOMMU "
                                    "keeps from any memory",
                                    apply_no_iommu, pci};
    return row;
}

static int apply_user(void *context, const char *value, struct tender_error *error)
{
    return tender_user_option(context, value, error);
}

static int apply_chroot(void *context, const char *value, struct tender_error *error)
{
    return tender_chroot_option(context, value, error);
}

struct tender_option *tender_privilege_options(struct tender_option *row,
                                               struct tender_privileges *privileges)
{
    *row++ = (struct tender_option){"--user=", "NAME[:GROUP]",
                                    "become this user (or UID[:GID]) before the unikernel starts",
                                    apply_user, privileges};
    *row++ = (struct tender_option){"--chroot=", "DIR", "make DIR the root directory, the same",
                                    apply_chroot, privileges};
    return row;
}

static int apply_nothing(void *context, const char *value, struct tender_error *error)
{
    (void)context;
    (void)value;
    (void)error;
    return 0;
}

struct tender_option *tender_answer_options(struct tender_option *row)
{
    *row++ = (struct tender_option){"--help", NULL, "print this", apply_nothing, NULL};
    *row++ = (struct tender_option){"--version", NULL, "print the version", apply_nothing, NULL};
    return row;
}

int tender_parse_mem(const char *value, uint64_t max, uint64_t *megabytes,
                     struct tender_error *error)
{
    unsigned long long mb;
    char *end;

    errno = 0;
    mb = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || mb == 0)
        return tender_fail(error, -EINVAL, "Malformed argument to --mem: '%s' (megabytes)", value);
    if (mb > max)
        return tender_fail(error, -EINVAL,
                           "--mem=%s is more than the %llu MB that a guest can have", value,
                           (unsigned long long)max);
    *megabytes = mb;
    return 0;
}

int tender_kernel_scan(int argc, char **argv, const struct tender_option *table, size_t count,
                       int *first, struct tender_error *error)
{
    int rc = tender_options_scan(argc, argv, table, count, first, error);

    if (rc == 0 && *first == argc)
        rc = tender_fail(error, -EINVAL, "Missing KERNEL operand");
    return rc;
}

int tender_kernel_apply(int argc, char **argv, int first, const struct tender_option *table,
                        size_t count, char *cmdline, size_t size, struct tender_error *error)
{
    int rc = tender_options_apply(first, argv, table, count, error);

    if (rc < 0)
        return rc;
    return tender_cmdline_join(argc - first - 1, argv + first + 1, cmdline, size, error);
}

void tender_kernel_help(FILE *out, const char *where, const struct tender_option *table,
                        size_t count)
{
    fprintf(out,
            "usage: %s [OPTIONS] [--] KERNEL [ARGS]\n"
            "Runs the unikernel KERNEL in %s; ARGS are its command line.\n",
            program_invocation_short_name, where);
    tender_options_help(out, table, count);
}

bool tender_options_answer(int argc, char **argv, const struct tender_option *table, size_t count,
                           void (*usage)(FILE *out), const char *version)
{
    struct tender_error error;
    int first;

    if (tender_options_scan(argc, argv, table, count, &first, &error) < 0)
        return false;
    if (tender_options_given(first, argv, "--help"))
        usage(stdout);
    else if (tender_options_given(first, argv, "--version"))
        printf("%s%s\n", program_invocation_short_name, version);
    else
        return false;
    return true;
}
