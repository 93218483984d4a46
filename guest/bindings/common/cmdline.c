// SPDX-License-Identifier: ISC
#include "guest/bindings/common/cmdline.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *word;
    enum log_level level;
} options[] = {
    {"--solo5:quiet", LOG_QUIET}, {"--solo5:error", LOG_ERROR}, {"--solo5:warn", LOG_WARN},
    {"--solo5:info", LOG_INFO},   {"--solo5:debug", LOG_DEBUG},
};

static const char *skip_spaces(const char *s)
{
    while (*s == ' ')
        s++;
    return s;
}

static bool is_word(const char *s, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(s, word, length) == 0;
}

static bool apply(const char *word, size_t length, struct log *log)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (is_word(word, length, options[i].word)) {
            log->level = options[i].level;
            return true;
        }
    }
    return false;
}

const char *cmdline_options(const char *cmdline, struct log *log)
{
    const char *word = skip_spaces(cmdline);
    size_t length = strcspn(word, " ");

    if (!apply(word, length, log))
        return cmdline;
    do {
        word = skip_spaces(word + length);
        length = strcspn(word, " ");
    } while (apply(word, length, log));
    return word;
}
