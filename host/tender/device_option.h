// SPDX-License-Identifier: ISC
/*
 * Options of the form --WHAT:NAME=VALUE, for devices that lie in an array.
 */
#ifndef PENSTOCK_TENDER_DEVICE_OPTION_H
#define PENSTOCK_TENDER_DEVICE_OPTION_H

#include <stddef.h>

#include "host/tender/error.h"

struct device_array {
    const void *first; /* each begins with its NUL-terminated name */
    unsigned count;
    size_t stride; /* bytes from one to the next */
};

/*
 * Finds the device that `text` (NAME=VALUE) is about: its index; *value is what stands behind the
 * equals sign, not empty. -EINVAL: not of that form, or no such device. `option` ("--net:") and
 * `form` ("NAME=IFACE") are for the message.
 */
int device_option(const struct device_array *devices, const char *option, const char *form,
                  const char *text, const char **value, struct tender_error *error);

#endif
