// SPDX-License-Identifier: ISC
#include "host/tender/device_option.h"

#include <errno.h>
#include <string.h>

int device_option(const struct device_array *devices, const char *option, const char *form,
                  const char *text, const char **value, struct tender_error *error)
{
    const char *equals = strchr(text, '=');
    size_t length;

    if (equals == NULL || equals == text || equals[1] == '\0')
        return tender_fail(error, -EINVAL, "Malformed argument to %s '%s' (%s%s)", option, text,
                           option, form);
    length = (size_t)(equals - text);
    *value = equals + 1;
    for (unsigned i = 0; i < devices->count; i++) {
        const char *name = (const char *)devices->first + i * devices->stride;

        if (strlen(name) == length && memcmp(name, text, length) == 0)
            return (int)i;
    }
    return tender_fail(error, -EINVAL, "%s%s: Resource not declared in manifest: '%.*s'", option,
                       text, (int)length, text);
}
