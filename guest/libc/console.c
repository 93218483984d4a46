// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <errno.h>
#include <limits.h>
#include <solo5.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_console(long fd)
{
    return fd == STDOUT_FILENO || fd == STDERR_FILENO;
}

long libc_write(const long *a)
{
    if (!is_console(a[0]))
        return -EBADF;
    solo5_console_write((const char *)a[1], (size_t)a[2]);
    return a[2];
}

/* A line that stdio has in two pieces goes out as one: each console write leaves the unikernel. */
struct gather {
    char bytes[2048];
    size_t length;
};

static void gather_flush(struct gather *gather)
{
    solo5_console_write(gather->bytes, gather->length);
    gather->length = 0;
}

static void gather_put(struct gather *gather, const char *bytes, size_t size)
{
    if (size > sizeof(gather->bytes) - gather->length)
        gather_flush(gather);
    if (size > sizeof(gather->bytes)) {
        solo5_console_write(bytes, size);
        return;
    }
    memcpy(gather->bytes + gather->length, bytes, size);
    gather->length += size;
}

long libc_writev(const long *a)
{
    const struct iovec *iov = (const void *)a[1];
    struct gather gather;
    size_t total = 0;

    if (!is_console(a[0]))
        return -EBADF;
    if (a[2] < 0 || a[2] > IOV_MAX)
        return -EINVAL;
    gather.length = 0;
    for (long i = 0; i < a[2]; i++) {
        gather_put(&gather, iov[i].iov_base, iov[i].iov_len);
        total += iov[i].iov_len;
    }
    gather_flush(&gather);
    return (long)total;
}

/* The console is a terminal of unknown size: that makes stdio write stdout line by line. */
long libc_ioctl(const long *a)
{
    if (!is_console(a[0]))
        return -EBADF;
    if (a[1] != TIOCGWINSZ)
        return -ENOTTY;
    *(struct winsize *)a[2] = (struct winsize){0};
    return 0;
}
