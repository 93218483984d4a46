// SPDX-License-Identifier: ISC
/*
 * The `penstock` command: one function for each subcommand. argv[0] is the subcommand's name; the
 * result is the process's exit status. Whatever a command refuses is one message on standard error
 * and status 1.
 */
#ifndef PENSTOCK_CLI_H
#define PENSTOCK_CLI_H

#include "host/tender/error.h"

int cmd_elftool(int argc, char **argv);
int cmd_emulate(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_manifest(int argc, char **argv);
int cmd_pci(int argc, char **argv);

/* Prints "penstock: MESSAGE" and returns 1, the exit status. */
int cli_refuse(const struct tender_error *error);

/* Prints how a subcommand is used and returns 1. */
int cli_usage(const char *usage);

#endif
