// SPDX-License-Identifier: ISC
/* A console that remembers what was written, and in how many calls. */
#ifndef TESTS_FAKE_CONSOLE_H
#define TESTS_FAKE_CONSOLE_H

#include <stddef.h>

struct fake_console {
    char text[16384]; /* NUL-terminated */
    size_t length;
    unsigned writes;
};

extern struct fake_console fake_console;

void fake_console_clear(void);

#endif
