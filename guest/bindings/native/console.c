// SPDX-License-Identifier: ISC
#include <errno.h>
#include <poll.h>
#include <solo5.h>
#include <stdio.h>
#include <unistd.h>

#define PATIENCE_MS 1000 /* with a reader that does not read; then the rest is dropped */

/* Behind what the program said with printf(). */
void solo5_console_write(const char *buf, size_t size)
{
    fflush(stdout);
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, buf, size);

        if (written > 0) {
            buf += written;
            size -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

            if (poll(&out, 1, PATIENCE_MS) == 0)
                return;
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}
