// SPDX-License-Identifier: ISC
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "host/hvt/hvt.h"

/*
 * A write must not block where a signal could not end it: wait until there is room, and write what
 * then fits without blocking (pipe(7): PIPE_BUF bytes). A console that takes no more is no reason
 * to end.
 */
int hvt_console_write(struct hvt *hvt, const uint8_t *data, uint64_t size)
{
    while (size > 0) {
        struct pollfd fds[2] = {{.fd = STDOUT_FILENO, .events = POLLOUT}};
        int rc = events_wait(&hvt->events, fds, 1, EVENTS_NEVER, &hvt->error);
        ssize_t n;

        if (rc < 0)
            return rc;
        n = write(STDOUT_FILENO, data, size < PIPE_BUF ? size : PIPE_BUF);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return HVT_CONTINUE;
        data += n;
        size -= (uint64_t)n;
    }
    return HVT_CONTINUE;
}
