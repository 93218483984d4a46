// SPDX-License-Identifier: ISC
/* The client's side of a socket, as raw as a test wants it. */
#ifndef PENSTOCK_TESTS_EMU_TALK_H
#define PENSTOCK_TESTS_EMU_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "abi/vfio_user.h"

#define TALK_MAX 8192u

struct talk_reply {
    struct vfio_user_header header;
    _Alignas(8) uint8_t payload[TALK_MAX];
    size_t size; /* of the payload */
    int fd;      /* that came along, or -1: the test's to close */
};

/* Sends bytes and descriptors in one go. */
void talk_send_raw(int fd, const void *data, size_t size, const int *fds, unsigned fds_count);

/* Sends a command with a right header; its id is 0x1234. */
void talk_send(int fd, uint16_t command, const void *payload, size_t size, const int *fds,
               unsigned fds_count);

/* Receives a reply, waiting at most 5 s; returns 0, or -1 if the peer hung up, or fails the test.
 */
int talk_receive(int fd, struct talk_reply *reply);

#endif
