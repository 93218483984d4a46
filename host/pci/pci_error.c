// SPDX-License-Identifier: ISC
#include "host/pci/pci_ops.h"

#include <stdarg.h>
#include <stdio.h>

int pci_fail(struct pci_error *error, int code, const char *format, ...)
{
    va_list args;

    if (error == NULL)
        return code;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return code;
}
