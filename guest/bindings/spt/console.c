// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

#define PATIENCE 1000000000u /* ns with a reader that does not read; then the rest is dropped */

void solo5_console_write(const char *buf, size_t size)
{
    solo5_time_t start = 0;

    while (size > 0) {
        long written = sys_write(SPT_CONSOLE_FD, buf, size);

        if (written > 0) {
            buf += written;
            size -= (size_t)written;
            start = 0;
        } else if (written == -SYS_EAGAIN) {
            solo5_time_t now = spt_clock_read();

            start = start ? start : now;
            if (now - start > PATIENCE)
                return;
        } else if (written != -SYS_EINTR) {
            return;
        }
    }
}
