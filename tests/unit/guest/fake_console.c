// SPDX-License-Identifier: ISC
#include "fake_console.h"

#include <assert.h>
#include <solo5.h>
#include <string.h>

struct fake_console fake_console;

void fake_console_clear(void)
{
    fake_console = (struct fake_console){0};
}

void solo5_console_write(const char *buf, size_t size)
{
    assert(size < sizeof(fake_console.text) - fake_console.length);
    memcpy(fake_console.text + fake_console.length, buf, size);
    fake_console.length += size;
    fake_console.writes++;
}
