// SPDX-License-Identifier: ISC
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd < 0 ? -errno : fd;
}

/* Removes a socket that a server left behind; -errno if it is none, or is in use. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    int fd, err;

    if (lstat(address->sun_path, &st) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    fd = new_socket();
    if (fd < 0)
        return fd;
    err = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    close(fd);
    if (err != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) == 0 ? 0 : -errno;
}

static int bind_path(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *addr = (const struct sockaddr *)address;
    int err;

    if (bind(fd, addr, sizeof(*address)) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -errno;
    err = remove_stale(address);
    if (!err && bind(fd, addr, sizeof(*address)) != 0)
        err = -errno;
    return err;
}

static int open_listener(struct emu_listener *listener, const struct sockaddr_un *address)
{
    int fd = new_socket(), err;
    struct stat st;

    if (fd < 0)
        return fd;
    err = bind_path(fd, address);
    if (!err && (listen(fd, 8) != 0 || lstat(address->sun_path, &st) != 0)) {
        err = -errno;
        unlink(address->sun_path);
    }
    if (err) {
        close(fd);
        return err;
    }
    listener->fd = fd;
    listener->dev = st.st_dev;
    listener->ino = st.st_ino;
    return 0;
}

int emu_listen(struct emu_listener *listener, const char *path, char *error, size_t error_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int err = -ENAMETOOLONG;

    *listener = (struct emu_listener){.fd = -1, .path = path};
    if (path[0] == '\0')
        err = -EINVAL;
    else if (strlen(path) < sizeof(address.sun_path)) {
        strcpy(address.sun_path, path);
        err = open_listener(listener, &address);
    }
    if (err)
        snprintf(error, error_size, "socket %s: %s", path,
                 err == -EEXIST       ? "exists and is not a socket"
                 : err == -EADDRINUSE ? "another program listens there"
                                      : strerror(-err));
    return err;
}

int emu_accept(const struct emu_listener *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

void emu_unlisten(struct emu_listener *listener)
{
    struct stat st;

    if (listener->fd < 0)
        return;
    if (lstat(listener->path, &st) == 0 && st.st_dev == listener->dev && st.st_ino == listener->ino)
        unlink(listener->path);
    close(listener->fd);
    listener->fd = -1;
}
