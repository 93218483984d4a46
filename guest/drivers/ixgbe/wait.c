// SPDX-License-Identifier: ISC
/* Waiting for the device, and saying what it did not do. */
#include "guest/drivers/ixgbe/driver.h"

#include <stdarg.h>
#include <stdio.h>

void ixgbe_say(const struct ixgbe *dev, const char *format, ...)
{
    char line[200];
    char text[160];
    int length;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    length = snprintf(line, sizeof line, "ixgbe %.32s: %s\n", dev->pci->name, text);
    solo5_console_write(line, (size_t)length);
}

int ixgbe_wait(const struct ixgbe *dev, uint32_t reg, uint32_t mask, uint32_t value,
               const char *what)
{
    int error = pci_wait32(dev->pci, 0, reg, mask, value, WAIT_NS);

    if (error < 0)
        ixgbe_say(dev, "%s: register 0x%05x is 0x%08x after %llu ms", what, reg,
                  ixgbe_read(dev, reg), WAIT_NS / 1000000);
    return error;
}

void ixgbe_delay(solo5_time_t ns)
{
    solo5_time_t start = solo5_clock_monotonic();

    while (solo5_clock_monotonic() - start < ns)
        ;
}
