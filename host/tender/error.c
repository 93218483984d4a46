// SPDX-License-Identifier: ISC
#include "host/tender/error.h"

#include <stdarg.h>
#include <stdio.h>

int tender_fail(struct tender_error *error, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return code;
}
