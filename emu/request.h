// SPDX-License-Identifier: ISC
/* One request of a vfio-user client, done on a device: everything of the protocol but the socket.
 */
#ifndef PENSTOCK_EMU_REQUEST_H
#define PENSTOCK_EMU_REQUEST_H

#include "device.h"

#define EMU_XFER_MAX    VFIO_USER_DEFAULT_MAX_DATA_XFER
#define EMU_PAYLOAD_MAX (sizeof(struct vfio_user_region_access) + EMU_XFER_MAX)
#define EMU_MSG_FDS     16u  /* what we say we take; QEMU refuses a peer that says more */
#define EMU_MSG_FDS_MAX 253u /* what the kernel delivers at once (SCM_MAX_FD) */

struct emu_request {
    uint16_t command;
    const uint8_t *payload;
    size_t size; /* of the payload, bytes */
    int *fds;    /* a descriptor that the device keeps is set to -1; the others stay the caller's */
    unsigned fds_count;
};

struct emu_reply {
    uint8_t *payload; /* EMU_PAYLOAD_MAX bytes of room */
    size_t size;      /* out */
    int fd;           /* out: to be sent along, and not to be closed; -1: none */
};

/*
 * Called with the lock held. 0, or -errno for an error reply, and then nothing was done: -EINVAL
 * malformed or out of bounds, -ENOTSUP a command that is not served, or what the device's parts
 * say.
 */
int emu_request(struct emu_device *dev, const struct emu_request *request, struct emu_reply *reply);

#endif
