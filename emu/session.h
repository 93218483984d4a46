// SPDX-License-Identifier: ISC
/* One vfio-user connection: takes messages apart, has them done, sends the replies. */
#ifndef PENSTOCK_EMU_SESSION_H
#define PENSTOCK_EMU_SESSION_H

#include "lock.h"
#include "request.h"

#define EMU_SESSION_PATIENCE \
    10000000000ull /* ns that a peer has for the rest of a message, or to say the first */

struct emu_session {
    int fd; /* its own; non-blocking */
    struct emu_device *dev;
    struct emu_lock *lock;
    bool refused; /* another client has the device: the first message is answered with EBUSY */
    bool greeted; /* versions are settled */
    bool active;  /* the device was, after the last request (ops->active) */
    uint64_t
        deadline; /* ns (emu_now) by which there must be a whole message; 0: none is under way */
    size_t got;   /* bytes of the message under way in `in` */
    int fds[EMU_MSG_FDS_MAX]; /* that came with it */
    unsigned fds_count;
    uint8_t *in, *out; /* a header and EMU_PAYLOAD_MAX bytes each */
};

/* Takes fd. NULL: no memory, and fd is closed. */
struct emu_session *emu_session_create(int fd, struct emu_device *dev, struct emu_lock *lock,
                                       bool refused);
void emu_session_destroy(struct emu_session *session); /* NULL is fine */

/*
 * Reads what there is and does at most one message; to be called when fd is readable. 0, or -errno
 * if the connection is to be dropped: -EPIPE it was closed, -EPROTO the peer does not speak
 * vfio-user, -EBUSY a refused one got its answer.
 */
int emu_session_input(struct emu_session *session);

#endif
