// SPDX-License-Identifier: ISC
#include "host/pci/pci_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make_path(char path[PATH_MAX], const char *format, va_list args)
{
    int length = vsnprintf(path, PATH_MAX, format, args);

    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* The bytes of a file, at most size; -EFBIG if there are more. */
static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t used = 0;

    for (;;) {
        char beyond;
        ssize_t n = used < size ? read(fd, text + used, size - used) : read(fd, &beyond, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return (ssize_t)used;
        if (used == size)
            return -EFBIG;
        used += (size_t)n;
    }
}

static int read_path(char *text, size_t size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t length;

    text[0] = 0;
    if (fd < 0)
        return -errno;
    length = read_all(fd, text, size - 1);
    close(fd);
    if (length >= 0 && memchr(text, 0, (size_t)length) != NULL)
        length = -EFBIG;
    if (length < 0) {
        text[0] = 0;
        return (int)length;
    }
    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length] = 0;
    return 0;
}

int pci_file_read(char *text, size_t size, const char *format, ...)
{
    char path[PATH_MAX];
    va_list args;
    int rc;

    va_start(args, format);
    rc = make_path(path, format, args);
    va_end(args);
    text[0] = 0;
    return rc ? rc : read_path(text, size, path);
}

int pci_file_number(uint64_t *value, uint64_t max, const char *format, ...)
{
    char path[PATH_MAX], text[32], *end;
    unsigned long long number;
    va_list args;
    int rc;

    va_start(args, format);
    rc = make_path(path, format, args);
    va_end(args);
    if (rc == 0)
        rc = read_path(text, sizeof(text), path);
    if (rc == -EFBIG)
        return -EINVAL;
    if (rc != 0)
        return rc;
    errno = 0;
    number = strtoull(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || number > max)
        return -EINVAL;
    *value = number;
    return 0;
}

int pci_file_link(char *name, size_t size, const char *format, ...)
{
    char path[PATH_MAX], target[PATH_MAX];
    const char *slash;
    va_list args;
    ssize_t length;
    int rc;

    va_start(args, format);
    rc = make_path(path, format, args);
    va_end(args);
    name[0] = 0;
    if (rc != 0)
        return rc;
    length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        return -errno;
    target[length] = 0;
    slash = strrchr(target, '/');
    slash = slash ? slash + 1 : target;
    if (strlen(slash) >= size)
        return -ENAMETOOLONG;
    strcpy(name, slash);
    return 0;
}
