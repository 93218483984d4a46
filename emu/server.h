// SPDX-License-Identifier: ISC
/*
 * Serves software devices over vfio-user, each at a socket of its own, to one client at a time: a
 * second one is told EBUSY. When a client goes, however it goes, its memory is unmapped and the
 * device reset before the next is served.
 */
#ifndef PENSTOCK_EMU_SERVER_H
#define PENSTOCK_EMU_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "device.h"

struct emu_server;

struct emu_server_config {
    int cpu;       /* the data thread runs there; -1: anywhere */
    int signal_fd; /* a signalfd: SIGINT and SIGTERM end emu_server_run, SIGUSR1 prints the counters
                    */
    bool stats;    /* print the counters at the end */
    unsigned stats_seconds; /* ... and this often; 0: not */
    FILE *out;              /* where to */
};

/* 0 or -errno. */
int emu_server_create(const struct emu_server_config *config, struct emu_server **server);

/*
 * Listens at path for dev, whose owner the server becomes. The path is copied. -ENOSPC too many
 * devices, or what emu_listen says, and a line in error[]; the device stays the caller's then.
 */
int emu_server_add(struct emu_server *server, struct emu_device *dev, const char *path, char *error,
                   size_t error_size);

/* Prints "ready: PATH" for each device and serves until a signal says to end. 0 or -errno. */
int emu_server_run(struct emu_server *server);

/* Disconnects clients, removes the sockets, destroys the devices. NULL is fine. */
void emu_server_destroy(struct emu_server *server);

#endif
