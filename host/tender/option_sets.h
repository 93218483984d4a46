// SPDX-License-Identifier: ISC
/*
 * The options that tenders have in common, as rows for their tables (options.h). Each function
 * writes its rows at `row` and returns the place behind them. The objects may be NULL where the
 * table is only for the help text.
 */
#ifndef PENSTOCK_TENDER_OPTION_SETS_H
#define PENSTOCK_TENDER_OPTION_SETS_H

#include <stdint.h>
#include <stdio.h>

#include "host/tender/module_block.h"
#include "host/tender/module_net.h"
#include "host/tender/module_pci.h"
#include "host/tender/options.h"
#include "host/tender/privileges.h"

/* --pci:, --pci-allow-no-reset:, --iommu=, --net:, --net-mac:, --block:, --block-sector-size: */
#define TENDER_DEVICE_OPTIONS 7
struct tender_option *tender_device_options(struct tender_option *row, struct tender_pci *pci,
                                            struct tender_net *net, struct tender_block *block);

/* --unsafe-no-iommu: for a process that is the unikernel itself (pci->may_be_physical). */
#define TENDER_PHYSICAL_OPTIONS 1
struct tender_option *tender_physical_options(struct tender_option *row, struct tender_pci *pci);

/* --user=, --chroot= */
#define TENDER_PRIVILEGE_OPTIONS 2
struct tender_option *tender_privilege_options(struct tender_option *row,
                                               struct tender_privileges *privileges);

/* --help, --version: nothing to apply, see tender_options_answer. */
#define TENDER_ANSWER_OPTIONS 2
struct tender_option *tender_answer_options(struct tender_option *row);

/* The value of --mem=: 1..max megabytes. -EINVAL, with the message that Solo5's scripts know. */
int tender_parse_mem(const char *value, uint64_t max, uint64_t *megabytes,
                     struct tender_error *error);

/*
 * A tender that loads a unikernel: [OPTIONS] [--] KERNEL [ARGS]. tender_options_scan that wants a
 * KERNEL (-EINVAL: there is none), and, once its manifest is known, tender_options_apply of what
 * stands before argv[first] and ARGS joined into cmdline[size].
 */
int tender_kernel_scan(int argc, char **argv, const struct tender_option *table, size_t count,
                       int *first, struct tender_error *error);
int tender_kernel_apply(int argc, char **argv, int first, const struct tender_option *table,
                        size_t count, char *cmdline, size_t size, struct tender_error *error);

/* Its help; `where` is what it runs the unikernel in. */
void tender_kernel_help(FILE *out, const char *where, const struct tender_option *table,
                        size_t count);

/* What --version prints behind the program's name; abi: a literal number. */
#define TENDER_VERSION_TEXT(abi) \
    " tender, version " PENSTOCK_VERSION "\nABI version " TENDER_TEXT(abi)
#define TENDER_TEXT(number) #number

/*
 * If the command line is right and asks for it, prints the help (what `usage` prints, then the
 * table) or `version`. False: it does not ask.
 */
bool tender_options_answer(int argc, char **argv, const struct tender_option *table, size_t count,
                           void (*usage)(FILE *out), const char *version);

#endif
