// SPDX-License-Identifier: ISC
#include "host/tender/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *level, const char *format, va_list args)
{
    char text[768];

    vsnprintf(text, sizeof(text), format, args);
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, level, text);
}

void tender_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("warning", format, args);
    va_end(args);
}

void tender_debug(const char *format, ...)
{
    va_list args;

    if (getenv("PENSTOCK_DEBUG") == NULL)
        return;
    va_start(args, format);
    say("debug", format, args);
    va_end(args);
}
