// SPDX-License-Identifier: ISC
/*
 * The client side of a vfio-user connection (abi/vfio_user.h; spec: QEMU's
 * docs/interop/vfio-user.rst). One request is under way at a time; its reply is told by its id.
 * Whatever breaks the connection (the server closes it, is silent until the deadline, or sends what
 * is no message) loses the device for good: the socket is shut down, so that who polls it learns of
 * it, and each further call fails at once with -EPIPE.
 */
#ifndef PENSTOCK_PCI_VFIO_USER_H
#define PENSTOCK_PCI_VFIO_USER_H

#include "abi/vfio_user.h"
#include "host/pci/pci_ops.h"

#define VFIO_USER_FDS_MAX    8u  /* descriptors in one message to us; we tell the server so */
#define VFIO_USER_SEND_FDS   64u /* ... and from us, whatever the server could take */
#define VFIO_USER_HELLO_MS   2000
#define VFIO_USER_TIMEOUT_MS 5000
#define VFIO_USER_XFER_MAX   (1u << 20) /* bytes in one DMA access of the server's */
#define VFIO_USER_SIZE_MAX   (VFIO_USER_XFER_MAX + 65536u) /* bytes of any message to us */

struct vfio_user_deadline {
    int64_t ms; /* CLOCK_MONOTONIC */
};

struct vfio_user {
    struct pci_access access; /* first */
    int fd;
    uint16_t next_id;
    int timeout_ms;
    const char *lost;     /* why the device is lost; NULL while it is not */
    unsigned max_fds;     /* the server takes this many in a message */
    uint32_t flags;       /* VFIO_USER_DEVICE_FLAG_* */
    uint32_t num_regions; /* as the server says */
    uint32_t num_irqs;
    int region_fd[PCI_REGIONS]; /* -1: none */
};

/* Descriptors that came with a message: the receiver's, to be taken or closed. */
struct vfio_user_fds {
    unsigned count;
    int fd[VFIO_USER_FDS_MAX];
};

struct vfio_user_request {
    uint16_t command;
    const void *payload;
    size_t size;
    const void *data; /* follows the payload */
    size_t data_size;
    const int *fds;
    unsigned fds_count;
};

struct vfio_user_reply {
    void *payload;
    size_t min, max;           /* a reply of any other size breaks the protocol */
    size_t size;               /* out */
    struct vfio_user_fds *fds; /* out; NULL: none expected, those that come are closed */
};

static inline struct vfio_user *vfio_user_of(struct pci_access *dev)
{
    return (struct vfio_user *)(void *)dev;
}

/* ---- vfio_user_socket.c: bytes and descriptors, with deadlines ---- */

struct vfio_user_deadline vfio_user_deadline_in(int ms);

/* Connects, non-blocking from then on. *fd is the caller's. */
int vfio_user_connect(const char *path, struct vfio_user_deadline deadline, int *fd,
                      const char **why);

/* All of size bytes, or a negative errno (-EPIPE: closed, -ETIMEDOUT). `fds` may be NULL. */
int vfio_user_recv(int fd, void *buffer, size_t size, struct vfio_user_fds *fds,
                   struct vfio_user_deadline deadline);

/* A message of three parts. The descriptors stay the caller's. */
int vfio_user_send(int fd, const struct vfio_user_header *header,
                   const struct vfio_user_request *request, struct vfio_user_deadline deadline);

void vfio_user_fds_close(struct vfio_user_fds *fds);

/* ---- vfio_user_call.c: requests and replies ---- */

/*
 * Sends a request and waits for its reply; answers what the server asks meanwhile. 0; the errno
 * that the server's error reply has (-EIO if it has none, or one of those below); -EPIPE,
 * -ETIMEDOUT, -EPROTO: the device is lost, vu->lost says why.
 */
int vfio_user_call(struct vfio_user *vu, const struct vfio_user_request *request,
                   struct vfio_user_reply *reply);

/* The message for a call that failed with `code`: `what` could not be done, and why. Returns code.
 */
int vfio_user_failed(const struct vfio_user *vu, const char *where, const char *what, int code,
                     struct pci_error *error);

/* Declares the device lost. Returns code. */
int vfio_user_lose(struct vfio_user *vu, int code);

/* ---- vfio_user_serve.c: what the server asks of us ---- */

/*
 * Reads the rest of a command of the server's, whose header was read, and answers it. 0, or a
 * negative errno: the connection is broken.
 */
int vfio_user_serve(struct vfio_user *vu, const struct vfio_user_header *header,
                    struct vfio_user_deadline deadline);

/* Reads and forgets size bytes. */
int vfio_user_discard(int fd, size_t size, struct vfio_user_deadline deadline);

/* ---- vfio_user_hello.c ---- */

/* Agrees on the protocol's version and asks what the device is. */
int vfio_user_hello(struct vfio_user *vu, const char *where, struct pci_error *error);

/* The value of a number in a peer's version data, or `fallback`. The text ends in a NUL. */
unsigned long vfio_user_capability(const char *json, const char *name, unsigned long fallback);

/* ---- vfio_user_region.c, vfio_user_irq.c: parts of vfio_user_ops ---- */

int vfio_user_region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                          struct pci_error *error);

unsigned vfio_user_irq_count(struct pci_access *dev, enum pci_irq_index index);
int vfio_user_irq_enable(struct pci_access *dev, enum pci_irq_index index, unsigned count,
                         const int *fds, struct pci_error *error);
int vfio_user_irq_disable(struct pci_access *dev, enum pci_irq_index index,
                          struct pci_error *error);
int vfio_user_irq_unmask(struct pci_access *dev, enum pci_irq_index index);

#endif
