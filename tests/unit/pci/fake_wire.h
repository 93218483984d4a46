// SPDX-License-Identifier: ISC
/* Messages as the fake server reads and writes them. */
#ifndef PENSTOCK_TEST_FAKE_WIRE_H
#define PENSTOCK_TEST_FAKE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/vfio_user.h"

#define FAKE_FDS_MAX 64

struct message {
    size_t size; /* of the payload */
    int fds[FAKE_FDS_MAX];
    unsigned fds_count;
    struct vfio_user_header header __attribute__((aligned(8))); /* the payload follows at once */
    union {
        uint8_t bytes[8192];
        struct vfio_user_dma_map map;
        struct vfio_user_dma_unmap unmap;
        struct vfio_user_region_info region;
        struct vfio_user_irq_info irq;
        struct vfio_user_irq_set set;
        struct vfio_user_region_access access;
        struct vfio_user_dma_access dma;
    };
};

/* A whole message; false: the peer is gone. */
bool fake_receive(int fd, struct message *m);

/* At most `limit` bytes of it. */
void fake_send(int fd, const struct message *m, size_t limit);

#endif
