// SPDX-License-Identifier: ISC
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "host/pci/vfio_user.h"

int vfio_user_lose(struct vfio_user *vu, int code)
{
    if (vu->lost != NULL)
        return code;
    if (code == -EPIPE)
        vu->lost = "the server closed the connection";
    else if (code == -ETIMEDOUT)
        vu->lost = "the server does not answer";
    else if (code == -EPROTO)
        vu->lost = "the server sent what is no vfio-user message";
    else
        vu->lost = "the connection to the server broke";
    shutdown(vu->fd, SHUT_RDWR);
    return code == -ETIMEDOUT || code == -EPROTO ? code : -EPIPE;
}

/* Errors of the server's that would look like a lost device are plain errors. */
static int server_error(const struct vfio_user_header *header)
{
    int code = header->error > 0 && header->error < 4096 ? -(int)header->error : -EIO;

    return code == -EPIPE || code == -ETIMEDOUT || code == -EPROTO ? -EIO : code;
}

static int read_reply(struct vfio_user *vu, const struct vfio_user_header *header,
                      struct vfio_user_reply *reply, struct vfio_user_fds *fds,
                      struct vfio_user_deadline deadline)
{
    size_t size = header->msg_size - sizeof(*header);
    int rc;

    if (header->flags & VFIO_USER_FLAG_ERROR) {
        rc = vfio_user_discard(vu->fd, size, deadline);
        return rc < 0 ? vfio_user_lose(vu, rc) : server_error(header);
    }
    if (size < reply->min || size > reply->max)
        return vfio_user_lose(vu, -EPROTO);
    rc = vfio_user_recv(vu->fd, reply->payload, size, fds, deadline);
    reply->size = size;
    return rc < 0 ? vfio_user_lose(vu, rc) : 0;
}

/* Reads messages until one is the reply to request `id`. */
static int await(struct vfio_user *vu, uint16_t id, uint16_t command, struct vfio_user_reply *reply,
                 struct vfio_user_fds *fds, struct vfio_user_deadline deadline)
{
    for (;;) {
        struct vfio_user_header header;
        uint32_t type;
        int rc;

        vfio_user_fds_close(fds);
        rc = vfio_user_recv(vu->fd, &header, sizeof(header), fds, deadline);
        if (rc < 0)
            return vfio_user_lose(vu, rc);
        type = header.flags & VFIO_USER_TYPE_MASK;
        if (header.msg_size < sizeof(header) || header.msg_size > VFIO_USER_SIZE_MAX ||
            type > VFIO_USER_TYPE_REPLY)
            return vfio_user_lose(vu, -EPROTO);
        if (type == VFIO_USER_TYPE_REPLY && header.msg_id == id && header.command == command)
            return read_reply(vu, &header, reply, fds, deadline);
        rc = type == VFIO_USER_TYPE_COMMAND
                 ? vfio_user_serve(vu, &header, deadline)
                 : vfio_user_discard(vu->fd, header.msg_size - sizeof(header), deadline);
        if (rc < 0)
            return vfio_user_lose(vu, rc);
    }
}

int vfio_user_call(struct vfio_user *vu, const struct vfio_user_request *request,
                   struct vfio_user_reply *reply)
{
    struct vfio_user_deadline deadline = vfio_user_deadline_in(vu->timeout_ms);
    struct vfio_user_header header = {
        .msg_id = vu->next_id++,
        .command = request->command,
        .msg_size = (uint32_t)(sizeof(header) + request->size + request->data_size),
        .flags = VFIO_USER_TYPE_COMMAND,
    };
    struct vfio_user_fds fds = {.count = 0};
    int rc;

    if (vu->lost != NULL)
        return -EPIPE;
    rc = vfio_user_send(vu->fd, &header, request, deadline);
    if (rc < 0)
        return vfio_user_lose(vu, rc);
    rc = await(vu, header.msg_id, header.command, reply, &fds, deadline);
    if (rc == 0 && reply->fds != NULL)
        *reply->fds = fds;
    else
        vfio_user_fds_close(&fds);
    return rc;
}

int vfio_user_failed(const struct vfio_user *vu, const char *where, const char *what, int code,
                     struct pci_error *error)
{
    if (vu->lost != NULL)
        return pci_fail(error, code, "%s: cannot %s: %s", where, what, vu->lost);
    return pci_fail(error, code, "%s: cannot %s: the server refuses it: %s", where, what,
                    strerror(-code));
}
