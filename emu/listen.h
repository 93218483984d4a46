// SPDX-License-Identifier: ISC
/* A UNIX socket that clients find by its path. */
#ifndef PENSTOCK_EMU_LISTEN_H
#define PENSTOCK_EMU_LISTEN_H

#include <stddef.h>
#include <sys/stat.h>

struct emu_listener {
    int fd;
    const char *path; /* the caller's */
    dev_t dev;        /* of the file, so that only our own is removed */
    ino_t ino;
};

/*
 * Listens at path; a socket that nobody listens at any more is replaced. -EADDRINUSE somebody does;
 * -EEXIST something else lies there; or what the system says; and one line in error[].
 */
int emu_listen(struct emu_listener *listener, const char *path, char *error, size_t error_size);

/* The next client, non-blocking, or -errno. */
int emu_accept(const struct emu_listener *listener);

/* Removes the socket, if it is still ours. */
void emu_unlisten(struct emu_listener *listener);

#endif
