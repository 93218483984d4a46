// SPDX-License-Identifier: ISC
#include "tests/unit/pci/fake_wire.h"

#include <string.h>
#include <sys/socket.h>

static bool receive(int fd, void *buffer, size_t size, struct message *m)
{
    size_t done = 0;

    while (done < size) {
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(sizeof(m->fds))];
        } control;
        struct iovec part = {(char *)buffer + done, size - done};
        struct msghdr h = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};
        ssize_t got = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
        struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&h) : NULL;

        if (got <= 0)
            return false;
        if (c != NULL) {
            m->fds_count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(m->fds, CMSG_DATA(c), m->fds_count * sizeof(int));
        }
        done += (size_t)got;
    }
    return true;
}

bool fake_receive(int fd, struct message *m)
{
    m->fds_count = 0;
    if (!receive(fd, &m->header, sizeof(m->header), m))
        return false;
    m->size = m->header.msg_size - sizeof(m->header);
    if (m->size > sizeof(m->bytes))
        return false;
    return receive(fd, m->bytes, m->size, m);
}

void fake_send(int fd, const struct message *m, size_t limit)
{
    size_t size = m->header.msg_size < limit ? m->header.msg_size : limit;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(m->fds))];
    } control = {0};
    struct message copy = *m;
    struct iovec part = {&copy.header, size};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};

    if (m->fds_count > 0) {
        h.msg_control = &control;
        h.msg_controllen = CMSG_SPACE(m->fds_count * sizeof(int));
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(m->fds_count * sizeof(int));
        memcpy(CMSG_DATA(&control.align), m->fds, m->fds_count * sizeof(int));
    }
    sendmsg(fd, &h, MSG_NOSIGNAL);
}
