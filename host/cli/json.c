// SPDX-License-Identifier: ISC
#include "host/cli/json.h"

/* How many bytes of a character of UTF-8 (RFC 3629, section 4) stand here; 0: none. */
static unsigned character(const unsigned char *at)
{
    unsigned more = at[0] < 0x80                    ? 0
                    : at[0] >= 0xc2 && at[0] < 0xe0 ? 1
                    : at[0] >= 0xe0 && at[0] < 0xf0 ? 2
                    : at[0] >= 0xf0 && at[0] < 0xf5 ? 3
                                                    : 4;

    if (more == 4 || (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    for (unsigned i = 1; i <= more; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return more + 1;
}

void json_string(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    fputc('"', out);
    while (*at) {
        unsigned length = character(at);

        if (length == 0)
            fputs("\\ufffd", out);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < 0x20)
            fprintf(out, "\\u%04x", *at);
        else
            fwrite(at, 1, length, out);
        at += length ? length : 1;
    }
    fputc('"', out);
}

void json_string_or_null(FILE *out, const char *text)
{
    if (text[0])
        json_string(out, text);
    else
        fputs("null", out);
}

void json_number_or_null(FILE *out, long number)
{
    if (number >= 0)
        fprintf(out, "%ld", number);
    else
        fputs("null", out);
}

const char *json_bool(bool value)
{
    return value ? "true" : "false";
}
