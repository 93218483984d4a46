// SPDX-License-Identifier: ISC
#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

void talk_send_raw(int fd, const void *data, size_t size, const int *fds, unsigned fds_count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(253 * sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fds_count) {
        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(fds_count * sizeof(int));
        *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){.cmsg_len = CMSG_LEN(fds_count * sizeof(int)),
                                                .cmsg_level = SOL_SOCKET,
                                                .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, fds_count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), size);
}

void talk_send(int fd, uint16_t command, const void *payload, size_t size, const int *fds,
               unsigned fds_count)
{
    uint8_t message[sizeof(struct vfio_user_header) + TALK_MAX];
    const struct vfio_user_header header = {
        .msg_id = 0x1234, .command = command, .msg_size = (uint32_t)(sizeof(header) + size)};

    assert_true(size <= TALK_MAX);
    memcpy(message, &header, sizeof(header));
    if (size)
        memcpy(message + sizeof(header), payload, size);
    talk_send_raw(fd, message, sizeof(header) + size, fds, fds_count);
}

int talk_receive(int fd, struct talk_reply *reply)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec iov[2] = {{&reply->header, sizeof(reply->header)}, {reply->payload, TALK_MAX}};
    struct msghdr msg = {
        .msg_iov = iov, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof(control)};
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (poll(&readable, 1, 5000) != 1)
        fail_msg("no reply");
    n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return -1;
    assert_true(n >= (ssize_t)sizeof(reply->header));
    assert_int_equal(reply->header.msg_size, n);
    assert_int_equal(reply->header.flags & VFIO_USER_TYPE_MASK, VFIO_USER_TYPE_REPLY);
    reply->size = (size_t)n - sizeof(reply->header);
    reply->fd = -1;
    if (CMSG_FIRSTHDR(&msg))
        memcpy(&reply->fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
    return 0;
}
