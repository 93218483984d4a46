// SPDX-License-Identifier: ISC
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX (sizeof(struct vfio_user_header) + EMU_PAYLOAD_MAX)

struct emu_session *emu_session_create(int fd, struct emu_device *dev, struct emu_lock *lock,
                                       bool refused)
{
    struct emu_session *session = calloc(1, sizeof(*session));

    if (session) {
        *session = (struct emu_session){.fd = fd,
                                        .dev = dev,
                                        .lock = lock,
                                        .refused = refused,
                                        .deadline = emu_now() + EMU_SESSION_PATIENCE,
                                        .in = malloc(MESSAGE_MAX),
                                        .out = malloc(MESSAGE_MAX)};
        if (session->in && session->out)
            return session;
        emu_session_destroy(session);
    } else {
        close(fd);
    }
    return NULL;
}

static void close_fds(struct emu_session *session)
{
    for (unsigned i = 0; i < session->fds_count; i++)
        if (session->fds[i] >= 0)
            close(session->fds[i]);
    session->fds_count = 0;
}

void emu_session_destroy(struct emu_session *session)
{
    if (!session)
        return;
    close_fds(session);
    close(session->fd);
    free(session->in);
    free(session->out);
    free(session);
}

/* Keeps the descriptors of a received piece; false if the kernel had to leave some out. */
static bool keep_fds(struct emu_session *session, struct msghdr *msg)
{
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
        const uint8_t *data = CMSG_DATA(cmsg);
        size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, data + i * sizeof(int), sizeof(fd));
            if (session->fds_count < EMU_MSG_FDS_MAX)
                session->fds[session->fds_count++] = fd;
            else
                close(fd);
        }
    }
    return !(msg->msg_flags & MSG_CTRUNC);
}

/* Reads on until there are `want` bytes of the message: 1 they are there, 0 not yet, -errno. */
static int fill(struct emu_session *session, size_t want)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(EMU_MSG_FDS_MAX * sizeof(int))];

    while (session->got < want) {
        struct iovec iov = {session->in + session->got, want - session->got};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(session->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        if (!keep_fds(session, &msg))
            return -EPROTO;
        if (n == 0)
            return -EPIPE;
        if (session->got == 0 && session->deadline == 0)
            session->deadline = emu_now() + EMU_SESSION_PATIENCE;
        session->got += (size_t)n;
    }
    return 1;
}

/* Sends all of it, waiting for room at most EMU_SESSION_PATIENCE. */
static int send_all(int socket_fd, const uint8_t *from, size_t size, int fd)
{
    uint64_t deadline = emu_now() + EMU_SESSION_PATIENCE;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};

    while (size > 0) {
        struct iovec iov = {(void *)(uintptr_t)from, size};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
        struct pollfd room = {.fd = socket_fd, .events = POLLOUT};
        ssize_t n;

        if (fd >= 0) {
            msg.msg_control = control;
            msg.msg_controllen = sizeof(control);
            *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
                                                    .cmsg_level = SOL_SOCKET,
                                                    .cmsg_type = SCM_RIGHTS};
            memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
        }
        n = sendmsg(socket_fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            from += n;
            size -= (size_t)n;
            fd = -1;
        } else if (errno != EINTR && errno != EAGAIN) {
            return -errno;
        } else if (emu_now() > deadline) {
            return -ETIMEDOUT;
        } else if (errno == EAGAIN) {
            poll(&room, 1, 100);
        }
    }
    return 0;
}

/* spec, "Header". */
static int check_header(const struct vfio_user_header *header)
{
    if (header->msg_size < sizeof(*header) || header->msg_size > MESSAGE_MAX ||
        (header->flags & VFIO_USER_TYPE_MASK) != VFIO_USER_TYPE_COMMAND)
        return -EPROTO;
    return 0;
}

static int perform(struct emu_session *session, const struct vfio_user_header *header,
                   struct emu_reply *reply)
{
    const struct emu_request request = {.command = header->command,
                                        .payload = session->in + sizeof(*header),
                                        .size = header->msg_size - sizeof(*header),
                                        .fds = session->fds,
                                        .fds_count = session->fds_count};
    int err;

    if (session->refused)
        return -EBUSY;
    if (!session->greeted && header->command != VFIO_USER_VERSION)
        return -EINVAL;
    emu_lock_take(session->lock);
    err = emu_request(session->dev, &request, reply);
    if (err)
        emu_log(session->dev, EMU_LOG_WARN, "request %u of %u bytes: %s", header->command,
                header->msg_size, strerror(-err));
    session->active = session->dev->ops->active(session->dev);
    emu_lock_release(session->lock);
    return err;
}

/* Does the message that is complete in `in`, and replies. */
static int dispatch(struct emu_session *session, const struct vfio_user_header *header)
{
    struct emu_reply reply = {.payload = session->out + sizeof(*header), .fd = -1};
    struct vfio_user_header head = {
        .msg_id = header->msg_id, .command = header->command, .flags = VFIO_USER_TYPE_REPLY};
    int err = perform(session, header, &reply), sent = 0;

    close_fds(session);
    if (err) {
        head.flags |= VFIO_USER_FLAG_ERROR;
        head.error = (uint32_t)-err;
        reply.size = 0;
        reply.fd = -1;
    }
    head.msg_size = (uint32_t)(sizeof(head) + reply.size);
    memcpy(session->out, &head, sizeof(head));
    if (!(header->flags & VFIO_USER_FLAG_NO_REPLY))
        sent = send_all(session->fd, session->out, head.msg_size, reply.fd);
    if (header->command == VFIO_USER_VERSION && !err)
        session->greeted = true;
    else if (!session->greeted)
        return session->refused ? -EBUSY : -EPROTO;
    return sent;
}

int emu_session_input(struct emu_session *session)
{
    struct vfio_user_header header;
    int got = fill(session, sizeof(header));

    if (got <= 0)
        return got;
    memcpy(&header, session->in, sizeof(header));
    got = check_header(&header);
    if (got == 0)
        got = fill(session, header.msg_size);
    if (got <= 0)
        return got;
    session->got = 0;
    session->deadline = 0;
    return dispatch(session, &header);
}
