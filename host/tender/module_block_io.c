// SPDX-License-Identifier: ISC
/* A guest's requests to a file or block device of the host: whatever fails is an answer, and one
 * line for people. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/tender/log.h"
#include "host/tender/module_block.h"

static int failed(struct tender_block_device *device, const char *what, int code)
{
    if (!device->warned)
        tender_warn("device '%s' (%s): %s: %s", device->name, device->path, what,
                    code == 0 ? "it has become shorter" : strerror(code));
    device->warned = true;
    return HVT_R_EUNSPEC;
}

/* [offset, offset + size) are whole blocks of the device, at least one. */
static bool in_device(const struct tender_block_device *device, uint64_t offset, uint64_t size)
{
    uint64_t mask = device->block_size - 1u;

    return size > 0 && ((offset | size) & mask) == 0 && size <= device->capacity &&
           offset <= device->capacity - size;
}

int tender_block_check(const struct tender_block_device *device, uint64_t offset, uint64_t size)
{
    return size <= TENDER_BLOCK_MAX_IO && in_device(device, offset, size) ? HVT_R_OK : HVT_R_EINVAL;
}

int tender_block_read(struct tender_block_device *device, uint64_t offset, void *data,
                      uint64_t size)
{
    uint8_t *to = data;

    if (tender_block_check(device, offset, size) != HVT_R_OK)
        return HVT_R_EINVAL;
    while (size > 0) {
        ssize_t n = pread(device->fd, to, size, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failed(device, "cannot read", n < 0 ? errno : 0);
        to += n;
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return HVT_R_OK;
}

int tender_block_write(struct tender_block_device *device, uint64_t offset, const void *data,
                       uint64_t size)
{
    const uint8_t *from = data;

    if (device->read_only || tender_block_check(device, offset, size) != HVT_R_OK)
        return HVT_R_EINVAL;
    while (size > 0) {
        ssize_t n = pwrite(device->fd, from, size, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failed(device, "cannot write", n < 0 ? errno : ENOSPC);
        from += n;
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return HVT_R_OK;
}

int tender_block_flush(struct tender_block_device *device)
{
    int rc;

    do {
        rc = fdatasync(device->fd);
    } while (rc < 0 && errno == EINTR);
    return rc == 0 ? HVT_R_OK : failed(device, "cannot flush", errno);
}

static int discard_host_device(const struct tender_block_device *device, uint64_t offset,
                               uint64_t size)
{
    uint64_t range[2] = {offset, size};

    return ioctl(device->fd, BLKDISCARD, range);
}

int tender_block_discard(struct tender_block_device *device, uint64_t offset, uint64_t size)
{
    int rc;

    if (device->read_only || !in_device(device, offset, size))
        return HVT_R_EINVAL;
    do {
        rc = device->is_host_device
                 ? discard_host_device(device, offset, size)
                 : fallocate(device->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                             (off_t)size);
    } while (rc < 0 && errno == EINTR);
    if (rc == 0)
        return HVT_R_OK;
    /* Many cannot; a guest asks, and learns it. */
    return errno == EOPNOTSUPP ? HVT_R_EUNSPEC : failed(device, "cannot discard", errno);
}
