// SPDX-License-Identifier: ISC
/*
 * penstock-spt's command line: that of Solo5's tender, and ours beside it.
 */
#ifndef PENSTOCK_SPT_OPTIONS_H
#define PENSTOCK_SPT_OPTIONS_H

#include "host/spt/spt.h"

/* Whether --help or --version was asked for; then it has been answered on stdout. */
bool spt_options_answered(int argc, char **argv);

/* How to call it, on stderr. */
void spt_usage(void);

/* Checks the options' form and sets *first to the unikernel's index in argv. */
int spt_options_scan(struct spt *spt, int argc, char **argv, int *first);

/* Applies the options; the manifest is known by now. */
int spt_options_apply(struct spt *spt, int argc, char **argv, int first);

/* "--mem=": megabytes. -EINVAL. */
int spt_parse_mem(const char *value, uint64_t *bytes, struct tender_error *error);

#endif
