// SPDX-License-Identifier: ISC
/*
 * A tender's command line, as Solo5's tenders read theirs: [OPTIONS] [--] UNIKERNEL [ARGUMENTS].
 * Options stand before the unikernel; everything behind its name is the guest's.
 */
#ifndef PENSTOCK_TENDER_OPTIONS_H
#define PENSTOCK_TENDER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "host/tender/error.h"

/* One option. `prefix` ends in '=' or ':' if a value follows ("--mem=", "--pci:"), else the whole
 * word must match. */
struct tender_option {
    const char *prefix;
    const char *value; /* for the help text, e.g. "NAME=WHERE"; NULL: none */
    const char *help;
    int (*apply)(void *context, const char *value, struct tender_error *error);
    void *context; /* passed to apply */
};

/*
 * Splits argv: *first is the index of the unikernel's name (argc if there is none; the caller says
 * what that means). Does not apply anything, so that the manifest can be read before the options
 * that refer to it. -EINVAL: a word that no option's prefix matches.
 */
int tender_options_scan(int argc, char **argv, const struct tender_option *table, size_t count,
                        int *first, struct tender_error *error);

/* Applies the options argv[1..first), in order. */
int tender_options_apply(int first, char **argv, const struct tender_option *table, size_t count,
                         struct tender_error *error);

/* Whether `word` ("--help") stands among argv[1..first): for what must work before the other
 * options can be applied. */
bool tender_options_given(int first, char **argv, const char *word);

/* One line for each option. */
void tender_options_help(FILE *out, const struct tender_option *table, size_t count);

/* Joins argv[0..argc) by single spaces, as the guest's command line. -E2BIG if it does not fit in
 * size with its NUL. */
int tender_cmdline_join(int argc, char **argv, char *cmdline, size_t size,
                        struct tender_error *error);

#endif
