// SPDX-License-Identifier: ISC
/* Frames between a guest and a TAP: nothing that happens here ends the tender. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "host/tender/log.h"
#include "host/tender/module_net.h"

/* A queue that is full is everyday life; a reason that stays is worth one line. */
static void drop(struct tender_net_device *device, int code)
{
    device->dropped++;
    if (code == EAGAIN || code == ENOBUFS || code == ENOMEM || device->warned)
        return;
    device->warned = true;
    tender_warn("device '%s' (%s): frames are dropped: %s", device->name, device->where,
                strerror(code));
}

static void lose(struct tender_net_device *device)
{
    if (!device->gone)
        tender_warn("device '%s' (%s) is gone", device->name, device->where);
    device->gone = true;
}

int tender_net_write(struct tender_net_device *device, const void *frame, uint64_t size)
{
    ssize_t n;

    if (size < TENDER_NET_HLEN || size > device->mtu + TENDER_NET_HLEN)
        return HVT_R_EINVAL;
    do {
        n = write(device->fd, frame, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        drop(device, errno);
    return HVT_R_OK;
}

int tender_net_read(struct tender_net_device *device, void *frame, uint64_t *size)
{
    ssize_t n;

    if (*size < TENDER_NET_HLEN)
        return HVT_R_EINVAL;
    if (device->gone)
        return HVT_R_AGAIN;
    do {
        n = read(device->fd, frame, *size);
    } while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != ENOMEM))
        lose(device);
    if (n <= 0)
        return HVT_R_AGAIN;
    *size = (uint64_t)n;
    return HVT_R_OK;
}

bool tender_net_is_ready(struct tender_net_device *device, short revents)
{
    if ((revents & POLLIN) != 0)
        return true;
    if ((revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        lose(device);
    return false;
}
