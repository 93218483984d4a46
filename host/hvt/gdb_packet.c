// SPDX-License-Identifier: ISC
/* Packets of GDB's remote protocol, and the connection that they come over. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/hvt/hvt.h"

static int fail(struct hvt *hvt, const char *what)
{
    int rc = -errno;

    return tender_fail(&hvt->error, rc, "--gdb: %s port %u on 127.0.0.1: %s", what, hvt->gdb.port,
                       strerror(-rc));
}

static int listen_on(struct hvt *hvt, int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(hvt->gdb.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}};
    int rc;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
        return fail(hvt, "cannot listen on");
    fprintf(stderr, "%s: waiting for a debugger: target remote 127.0.0.1:%u\n",
            program_invocation_short_name, hvt->gdb.port);
    rc = events_wait(&hvt->events, fds, 1, EVENTS_NEVER, &hvt->error);
    if (rc < 0)
        return rc;
    hvt->gdb.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return hvt->gdb.fd < 0 ? fail(hvt, "no connection to") : 0;
}

int gdb_open(struct hvt *hvt)
{
    int fd, rc;

    if (!hvt->gdb.wanted)
        return 0;
    if (!hvt->ring3)
        return tender_fail(&hvt->error, -ENOTSUP,
                           "--gdb: not for a unikernel at ring 0 (built by Solo5's tools)");
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(hvt, "no socket for");
    rc = listen_on(hvt, fd);
    close(fd);
    if (rc < 0)
        return rc;
    /* What the debugger says while the guest runs ends KVM_RUN. */
    if (fcntl(hvt->gdb.fd, F_SETOWN, getpid()) < 0 ||
        fcntl(hvt->gdb.fd, F_SETSIG, EVENTS_KICK) < 0 ||
        fcntl(hvt->gdb.fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
        return fail(hvt, "cannot be woken up by");
    hvt->events.debugged = true;
    return 0;
}

bool gdb_wants_stop(const struct hvt *hvt)
{
    char c;

    return hvt->gdb.fd >= 0 && recv(hvt->gdb.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* One character, or an error. */
static int get(struct hvt *hvt)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = hvt->gdb.fd, .events = POLLIN}};
        unsigned char c;
        ssize_t n = recv(hvt->gdb.fd, &c, 1, MSG_DONTWAIT);
        int rc;

        if (n == 1)
            return c;
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return -EPIPE;
        rc = events_wait(&hvt->events, fds, 1, EVENTS_NEVER, &hvt->error);
        if (rc < 0)
            return rc;
    }
}

static int get_body(struct hvt *hvt)
{
    struct gdb *gdb = &hvt->gdb;

    gdb->length = 0;
    for (;;) {
        int c = get(hvt);

        if (c < 0 || c == '#')
            return c;
        if (gdb->length < GDB_PACKET_MAX)
            gdb->packet[gdb->length++] = (char)c;
    }
}

/* TCP has sums of its own: the packet's is read and believed. */
int gdb_receive(struct hvt *hvt)
{
    int c;

    do {
        c = get(hvt);
        if (c < 0)
            return c;
    } while (c != '$');
    c = get_body(hvt);
    for (int i = 0; c >= 0 && i < 2; i++)
        c = get(hvt);
    if (c < 0)
        return c;
    hvt->gdb.packet[hvt->gdb.length] = '\0';
    send(hvt->gdb.fd, "+", 1, MSG_NOSIGNAL);
    return 0;
}

void gdb_send(struct gdb *gdb, const char *text)
{
    char buffer[2 * GDB_PACKET_MAX + 8];
    unsigned char sum = 0;
    int length;

    for (const char *c = text; *c != '\0'; c++)
        sum = (unsigned char)(sum + (unsigned char)*c);
    length = snprintf(buffer, sizeof buffer, "$%s#%02x", text, sum);
    send(gdb->fd, buffer, (size_t)length, MSG_NOSIGNAL);
}

void gdb_to_hex(const void *data, size_t size, char *text)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    text[2 * size] = '\0';
}

size_t gdb_from_hex(const char *text, void *data, size_t size)
{
    uint8_t *bytes = data;
    unsigned value;
    size_t i = 0;

    while (i < size && text[2 * i] != '\0' && sscanf(text + 2 * i, "%2x", &value) == 1)
        bytes[i++] = (uint8_t)value;
    return i;
}
