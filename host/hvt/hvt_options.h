// SPDX-License-Identifier: ISC
/*
 * penstock-hvt's command line.
 */
#ifndef PENSTOCK_HVT_HVT_OPTIONS_H
#define PENSTOCK_HVT_HVT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/hvt/hvt.h"

/* Finds the unikernel's name: argv[*first]. -EINVAL: a word that is no option, or no unikernel. */
int hvt_options_scan(struct hvt *hvt, int argc, char **argv, int *first);

/* Applies the options before it, and joins the words behind it. hvt->pci knows the manifest. */
int hvt_options_apply(struct hvt *hvt, int argc, char **argv, int first);

/* Whether --help or --version was asked for; then it has been answered on stdout. */
bool hvt_options_answered(int argc, char **argv);

/* The value of --mem=: MB to bytes, rounded down to what a guest can have. -EINVAL. */
int hvt_parse_mem(const char *value, uint64_t *bytes, struct tender_error *error);

/* How to call it, on stderr. */
void hvt_usage(void);

#endif
