// SPDX-License-Identifier: ISC
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "host/pci/vfio_user.h"

#define RETRY_MS 10 /* between attempts to connect to a server whose backlog is full */

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * VFIO_USER_SEND_FDS)];
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct vfio_user_deadline vfio_user_deadline_in(int ms)
{
    return (struct vfio_user_deadline){.ms = now_ms() + ms};
}

/* Until the socket is ready for `events`, or has an error that the next call will tell. */
static int wait_for(int fd, short events, struct vfio_user_deadline deadline)
{
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = events};
        int64_t left = deadline.ms - now_ms();
        int rc = poll(&poller, 1, left > 0 ? (int)left : 0);

        if (rc > 0)
            return 0;
        if (rc == 0 && left <= 0)
            return -ETIMEDOUT;
        if (rc < 0 && errno != EINTR)
            return -errno;
    }
}

static const char *connect_failure(int code)
{
    switch (code) {
    case -ENOENT:
        return "there is no such socket; has its server been started?";
    case -ECONNREFUSED:
        return "nobody listens on this socket; has its server ended?";
    case -EPROTOTYPE:
        return "this is another kind of socket than vfio-user's";
    case -ETIMEDOUT:
        return "the server does not accept the connection; does it serve another client?";
    default:
        return strerror(-code);
    }
}

int vfio_user_connect(const char *path, struct vfio_user_deadline deadline, int *fd,
                      const char **why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int rc;

    if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path)) {
        *why = path[0] == '\0' ? "the socket's path is empty" : "the socket's path is too long";
        return -EINVAL;
    }
    strcpy(address.sun_path, path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0) {
        *why = strerror(errno);
        return -errno;
    }
    /* A connection to a full backlog fails with EAGAIN, and there is nothing to poll for. */
    while ((rc = connect(*fd, (struct sockaddr *)&address, sizeof(address))) < 0 &&
           (errno == EAGAIN || errno == EINTR) && now_ms() < deadline.ms)
        poll(NULL, 0, RETRY_MS);
    if (rc == 0)
        return 0;
    rc = errno == EAGAIN || errno == EINTR ? -ETIMEDOUT : -errno;
    *why = connect_failure(rc);
    close(*fd);
    *fd = -1;
    return rc;
}

void vfio_user_fds_close(struct vfio_user_fds *fds)
{
    for (unsigned i = 0; i < fds->count; i++) {
        if (fds->fd[i] >= 0)
            close(fds->fd[i]);
    }
    fds->count = 0;
}

/* Takes the descriptors out of a received message; those that `fds` has no room for are closed. */
static void take_fds(struct msghdr *message, struct vfio_user_fds *fds)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        size_t count;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (fds != NULL && fds->count < VFIO_USER_FDS_MAX)
                fds->fd[fds->count++] = fd;
            else
                close(fd);
        }
    }
}

int vfio_user_recv(int fd, void *buffer, size_t size, struct vfio_user_fds *fds,
                   struct vfio_user_deadline deadline)
{
    size_t done = 0;

    while (done < size) {
        union control control;
        struct iovec part = {.iov_base = (char *)buffer + done, .iov_len = size - done};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

        if (got > 0) {
            take_fds(&message, fds);
            done += (size_t)got;
        } else if (got == 0) {
            return -EPIPE;
        } else if (errno == EAGAIN) {
            int rc = wait_for(fd, POLLIN, deadline);

            if (rc < 0)
                return rc;
        } else if (errno != EINTR) {
            return errno == ECONNRESET ? -EPIPE : -errno;
        }
    }
    return 0;
}

static void attach_fds(struct msghdr *message, union control *control, const int *fds,
                       unsigned count)
{
    struct cmsghdr *c;

    memset(control, 0, sizeof(*control));
    message->msg_control = control->bytes;
    message->msg_controllen = CMSG_SPACE(sizeof(int) * count);
    c = CMSG_FIRSTHDR(message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
}

/* Steps over what was sent: `sent` bytes from the front of the parts. */
static void advance(struct msghdr *message, size_t sent)
{
    while (message->msg_iovlen > 0 && sent >= message->msg_iov[0].iov_len) {
        sent -= message->msg_iov[0].iov_len;
        message->msg_iov++;
        message->msg_iovlen--;
    }
    if (message->msg_iovlen > 0) {
        message->msg_iov[0].iov_base = (char *)message->msg_iov[0].iov_base + sent;
        message->msg_iov[0].iov_len -= sent;
    }
    /* Descriptors travel with the first byte. */
    message->msg_control = NULL;
    message->msg_controllen = 0;
}

/* iovec has no const; sendmsg only reads. */
static struct iovec part_of(const void *data, size_t size)
{
    union {
        const void *in;
        void *out;
    } pointer = {.in = data};

    return (struct iovec){.iov_base = pointer.out, .iov_len = size};
}

int vfio_user_send(int fd, const struct vfio_user_header *header,
                   const struct vfio_user_request *request, struct vfio_user_deadline deadline)
{
    struct iovec parts[3] = {part_of(header, sizeof(*header)),
                             part_of(request->payload, request->size),
                             part_of(request->data, request->data_size)};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    union control control;

    if (request->fds_count > 0)
        attach_fds(&message, &control, request->fds, request->fds_count);
    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent >= 0) {
            advance(&message, (size_t)sent);
        } else if (errno == EAGAIN) {
            int rc = wait_for(fd, POLLOUT, deadline);

            if (rc < 0)
                return rc;
        } else if (errno != EINTR) {
            return errno == ECONNRESET ? -EPIPE : -errno;
        }
    }
    return 0;
}
