// SPDX-License-Identifier: ISC
/*
 * What a tender tells people when it refuses: one line, without the program's name, which the edge
 * puts in front.
 */
#ifndef PENSTOCK_TENDER_ERROR_H
#define PENSTOCK_TENDER_ERROR_H

struct tender_error {
    char text[768];
};

/* Formats the message and returns `code` (a negative errno), so that refusing is one statement. */
int tender_fail(struct tender_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
