// SPDX-License-Identifier: ISC
#include "host/tender/options.h"

#include <errno.h>
#include <string.h>

static bool takes_value(const struct tender_option *option)
{
    size_t length = strlen(option->prefix);

    return length > 0 && (option->prefix[length - 1] == '=' || option->prefix[length - 1] == ':');
}

/* The option that `word` gives, or NULL; *value is what stands behind its prefix. */
static const struct tender_option *match(const char *word, const struct tender_option *table,
                                         size_t count, const char **value)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(table[i].prefix);

        if (takes_value(&table[i]) ? strncmp(word, table[i].prefix, length) == 0
                                   : strcmp(word, table[i].prefix) == 0) {
            *value = word + length;
            return &table[i];
        }
    }
    return NULL;
}

int tender_options_scan(int argc, char **argv, const struct tender_option *table, size_t count,
                        int *first, struct tender_error *error)
{
    const char *value;
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (match(argv[i], table, count, &value) == NULL)
            return tender_fail(error, -EINVAL, "Invalid option: `%s'", argv[i]);
    }
    *first = i < argc ? i : argc;
    return 0;
}

int tender_options_apply(int first, char **argv, const struct tender_option *table, size_t count,
                         struct tender_error *error)
{
    for (int i = 1; i < first && strcmp(argv[i], "--") != 0; i++) {
        const char *value;
        const struct tender_option *option = match(argv[i], table, count, &value);
        int rc;

        if (option == NULL)
            return tender_fail(error, -EINVAL, "Invalid option: `%s'", argv[i]);
        rc = option->apply(option->context, value, error);
        if (rc < 0)
            return rc;
    }
    return 0;
}

bool tender_options_given(int first, char **argv, const char *word)
{
    for (int i = 1; i < first && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

void tender_options_help(FILE *out, const struct tender_option *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = table[i].value != NULL ? table[i].value : "";
        int width = 26 - (int)strlen(table[i].prefix);

        fprintf(out, "  %s%-*s %s\n", table[i].prefix, width > 0 ? width : 0, value, table[i].help);
    }
}

int tender_cmdline_join(int argc, char **argv, char *cmdline, size_t size,
                        struct tender_error *error)
{
    size_t used = 0;

    for (int i = 0; i < argc; i++) {
        size_t length = strlen(argv[i]);

        /* A space or the NUL follows each argument. */
        if (length >= size - used)
            return tender_fail(error, -E2BIG, "Guest command line too long (max=%zu characters)",
                               size - 1);
        memcpy(cmdline + used, argv[i], length);
        used += length;
        cmdline[used++] = ' ';
    }
    cmdline[used > 0 ? used - 1 : 0] = '\0';
    return 0;
}
