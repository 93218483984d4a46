// SPDX-License-Identifier: ISC
/* tap:NAME: an existing TAP interface (Linux, Documentation/networking/tuntap.rst). */
#include "port_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#define FLUSH_MAX 4096u /* frames: more than any TAP's queue */

struct tap {
    struct port port;
    unsigned first, count; /* frames read and not yet taken: lens[first..count) */
    uint32_t lens[PORT_BATCH];
    uint8_t frames[PORT_BATCH][PORT_FRAME_MAX];
};

/* Reads one frame, padded as a sender's hardware pads it; 0 if there is none. */
static uint32_t read_frame(struct tap *tap, uint8_t *frame)
{
    ssize_t len;

    do
        len = read(tap->port.fd, frame, PORT_FRAME_MAX);
    while (len < 0 && errno == EINTR);
    if (len <= 0)
        return 0;
    if (len < PORT_FRAME_MIN) {
        memset(frame + len, 0, PORT_FRAME_MIN - (size_t)len);
        len = PORT_FRAME_MIN;
    }
    return (uint32_t)len;
}

static unsigned tap_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    struct tap *tap = (struct tap *)port;
    unsigned n;

    (void)now;
    if (tap->first == tap->count) {
        tap->first = tap->count = 0;
        while (tap->count < max &&
               (tap->lens[tap->count] = read_frame(tap, tap->frames[tap->count])) > 0)
            tap->count++;
    }
    for (n = 0; n < max && tap->first + n < tap->count; n++)
        frames[n] = (struct port_frame){tap->frames[tap->first + n], tap->lens[tap->first + n]};
    return n;
}

static uint64_t tap_done(struct port *port, unsigned count)
{
    struct tap *tap = (struct tap *)port;
    uint64_t bytes = 0;

    for (; count > 0; count--)
        bytes += tap->lens[tap->first++];
    return bytes;
}

static void tap_tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ssize_t sent = -1;

        if (frames[i].len <= PORT_FRAME_MAX)
            do
                sent = write(port->fd, frames[i].data, frames[i].len);
            while (sent < 0 && errno == EINTR);
        if (sent == (ssize_t)frames[i].len) {
            port->stats.tx_packets++;
            port->stats.tx_bytes += frames[i].len;
        } else {
            port->stats.tx_dropped++;
        }
    }
}

static uint64_t tap_flush(struct port *port)
{
    struct tap *tap = (struct tap *)port;
    uint64_t flushed = tap->count - tap->first;

    tap->first = tap->count = 0;
    while (flushed < FLUSH_MAX && read_frame(tap, tap->frames[0]) > 0)
        flushed++;
    return flushed;
}

static void tap_close(struct port *port)
{
    close(port->fd);
    free(port);
}

static const struct port_ops tap_ops = {tap_peek, tap_done, tap_tx, tap_flush, tap_close};

/* The descriptor, or -errno and the line. */
static int attach(const char *name, char *error, size_t error_size)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd, err;

    /* The ioctl would create an interface that does not exist, without an address and gone when we
     * end. */
    if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || if_nametoindex(name) == 0)
        return port_error(error, error_size, -ENODEV,
                          "port tap:%s: no such interface here (ip tuntap add %s mode tap)", name,
                          name[0] ? name : "NAME");
    strcpy(request.ifr_name, name);
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return port_error(error, error_size, -errno, "port tap:%s: /dev/net/tun: %s", name,
                          strerror(errno));
    if (ioctl(fd, TUNSETIFF, &request) == 0)
        return fd;
    err = errno;
    close(fd);
    return port_error(error, error_size, -err, "port tap:%s: %s", name,
                      err == EBUSY    ? "in use by another program"
                      : err == EINVAL ? "not a TAP interface"
                                      : strerror(err));
}

int port_open_tap(const char *text, const struct port_config *config, struct port **port,
                  char *error, size_t error_size)
{
    struct tap *tap;
    int fd;

    (void)config;
    fd = attach(text, error, error_size);
    if (fd < 0)
        return fd;
    tap = port_alloc(sizeof(*tap), &tap_ops, error, error_size);
    if (!tap) {
        close(fd);
        return -ENOMEM;
    }
    tap->port.fd = fd;
    *port = &tap->port;
    return 0;
}
