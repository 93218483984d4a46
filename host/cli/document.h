// SPDX-License-Identifier: ISC
/*
 * YAML documents (so JSON as well) that are checked against a schema while they are read. libcyaml
 * refuses unknown, missing and repeated keys and values of the wrong kind; we turn what it has to
 * say into one line.
 */
#ifndef PENSTOCK_CLI_DOCUMENT_H
#define PENSTOCK_CLI_DOCUMENT_H

#include <cyaml/cyaml.h>

#include "host/tender/error.h"

#define DOCUMENT_MAX (1u << 20) /* bytes */

/*
 * Reads the one document of a file; "-" is standard input. *data belongs to the caller:
 * document_free. -ENOENT ..., -EFBIG, -EINVAL: it is not what the schema says; the message names
 * the file, the line and the key.
 */
int document_load(const char *path, const cyaml_schema_value_t *schema, cyaml_data_t **data,
                  struct tender_error *error);

void document_free(const cyaml_schema_value_t *schema, cyaml_data_t *data);

#endif
