// SPDX-License-Identifier: ISC
#include "host/cli/document.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libcyaml logged: its first complaint, and where that was. */
struct complaint {
    char what[256];
    char key[64];
    unsigned line; /* 0: not known */
};

static int read_stream(FILE *file, const char *path, char **text, size_t *size,
                       struct tender_error *error)
{
    char *buffer = malloc(DOCUMENT_MAX + 1);

    if (!buffer)
        return tender_fail(error, -ENOMEM, "%s: no memory to read it", path);
    *size = fread(buffer, 1, DOCUMENT_MAX + 1, file);
    *text = buffer;
    if (ferror(file))
        return tender_fail(error, -EIO, "%s: cannot be read", path);
    if (*size > DOCUMENT_MAX)
        return tender_fail(error, -EFBIG, "%s: larger than %u bytes", path, DOCUMENT_MAX);
    return 0;
}

static int read_file(const char *path, char **text, size_t *size, struct tender_error *error)
{
    FILE *file;
    int r;

    if (strcmp(path, "-") == 0)
        return read_stream(stdin, "standard input", text, size, error);
    file = fopen(path, "re");
    if (!file)
        return tender_fail(error, -errno, "%s: %s", path, strerror(errno));
    r = read_stream(file, path, text, size, error);
    fclose(file);
    return r;
}

/*
 * libcyaml's log of an error: the complaint, "Backtrace:", then one line for each level, innermost
 * first, such as "  in mapping field 'vendor' (line: 10, column: 3)".
 */
static void note_where(struct complaint *complaint, const char *text)
{
    const char *line = strstr(text, "(line: ");
    const char *key = strstr(text, "field '");

    if (!line || complaint->line != 0)
        return;
    complaint->line = (unsigned)strtoul(line + strlen("(line: "), NULL, 10);
    if (key)
        snprintf(complaint->key, sizeof(complaint->key), "%.*s",
                 (int)strcspn(key + strlen("field '"), "'"), key + strlen("field '"));
}

__attribute__((format(printf, 3, 0))) static void log_complaint(cyaml_log_t level, void *context,
                                                                const char *format, va_list args)
{
    struct complaint *complaint = context;
    char text[256];
    char *start = text;

    (void)level;
    vsnprintf(text, sizeof(text), format, args);
    if (strncmp(text, "Load: ", strlen("Load: ")) == 0)
        start += strlen("Load: ");
    start[strcspn(start, "\n")] = '\0';
    if (complaint->what[0] == '\0')
        snprintf(complaint->what, sizeof(complaint->what), "%s", start);
    else
        note_where(complaint, start);
}

static cyaml_config_t config_for(struct complaint *complaint)
{
    return (cyaml_config_t){
        .log_fn = complaint ? log_complaint : NULL,
        .log_ctx = complaint,
        .log_level = CYAML_LOG_WARNING,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

/* What libcyaml let pass and we do not; NULL: nothing. Its one warning is of documents that it did
 * not read. */
static const char *beyond_schema(const cyaml_data_t *data, const struct complaint *complaint)
{
    if (!data)
        return "there is nothing in it";
    return complaint->what[0] ? "there is more than one document in it" : NULL;
}

static int refuse(const char *path, cyaml_err_t r, const struct complaint *complaint,
                  struct tender_error *error)
{
    const char *what = complaint->what[0] ? complaint->what : cyaml_strerror(r);
    /* Where a key is missing, libcyaml names the one before. */
    const char *key = r == CYAML_ERR_MAPPING_FIELD_MISSING ? "" : complaint->key;
    char line[32] = "";

    if (complaint->line != 0)
        snprintf(line, sizeof(line), "line %u: ", complaint->line);
    return tender_fail(error, -EINVAL, "%s: %s%s%s%s", path, line, key, key[0] ? ": " : "", what);
}

static int parse(const char *path, const char *text, size_t size,
                 const cyaml_schema_value_t *schema, cyaml_data_t **data,
                 struct tender_error *error)
{
    struct complaint complaint = {.line = 0};
    cyaml_config_t config = config_for(&complaint);
    cyaml_err_t r = cyaml_load_data((const uint8_t *)text, size, &config, schema, data, NULL);
    const char *what;

    if (r != CYAML_OK)
        return refuse(path, r, &complaint, error);
    what = beyond_schema(*data, &complaint);
    if (!what)
        return 0;
    document_free(schema, *data);
    *data = NULL;
    return tender_fail(error, -EINVAL, "%s: %s", path, what);
}

int document_load(const char *path, const cyaml_schema_value_t *schema, cyaml_data_t **data,
                  struct tender_error *error)
{
    char *text = NULL;
    size_t size = 0;
    int r = read_file(path, &text, &size, error);

    *data = NULL;
    if (r == 0)
        r = parse(path, text, size, schema, data, error);
    free(text);
    return r;
}

void document_free(const cyaml_schema_value_t *schema, cyaml_data_t *data)
{
    cyaml_config_t config = config_for(NULL);

    if (data)
        cyaml_free(&config, schema, data, 0);
}
