// SPDX-License-Identifier: ISC
/*
 * Strings of others in JSON.
 */
#ifndef PENSTOCK_CLI_JSON_H
#define PENSTOCK_CLI_JSON_H

#include <stdbool.h>
#include <stdio.h>

/* The string in quotes; a byte that is not UTF-8 becomes U+FFFD. */
void json_string(FILE *out, const char *text);

/* The same, or null for "". */
void json_string_or_null(FILE *out, const char *text);

/* The number, or null for a negative one. */
void json_number_or_null(FILE *out, long number);

const char *json_bool(bool value);

#endif
