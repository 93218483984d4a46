// SPDX-License-Identifier: ISC
/* From a path to a block device that nobody else writes to. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/tender/module_block.h"

#define BLOCK_SIZE_DEFAULT 512u

static int open_fail(const struct tender_block_device *device, int code, const char *why,
                     struct tender_error *error)
{
    return tender_fail(error, -code, "Could not open block device: %s: %s", device->path, why);
}

/* On a FIFO O_NONBLOCK keeps this from waiting; on a file or device it means nothing. */
static int open_path(struct tender_block_device *device, struct tender_error *error)
{
    int flags = (device->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct stat is;

    /* open(2): on a block device, O_EXCL alone refuses what is mounted or part of another. */
    if (!device->read_only && stat(device->path, &is) == 0 && S_ISBLK(is.st_mode))
        flags |= O_EXCL;
    device->fd = open(device->path, flags);
    if (device->fd < 0)
        return open_fail(device, errno,
                         errno == EBUSY ? "the host uses it (is it mounted?)" : strerror(errno),
                         error);
    if (fstat(device->fd, &is) < 0)
        return open_fail(device, errno, strerror(errno), error);
    if (!S_ISREG(is.st_mode) && !S_ISBLK(is.st_mode))
        return open_fail(device, S_ISDIR(is.st_mode) ? EISDIR : EINVAL,
                         S_ISDIR(is.st_mode) ? strerror(EISDIR)
                                             : "this is neither a file nor a block device",
                         error);
    device->is_host_device = S_ISBLK(is.st_mode);
    return 0;
}

static int lock(struct tender_block_device *device, struct tender_error *error)
{
    if (flock(device->fd, (device->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return open_fail(device, errno, strerror(errno), error);
    return open_fail(device, EBUSY,
                     device->read_only ? "it is in use for writing (its lock is held)"
                                       : "it is in use (its lock is held)",
                     error);
}

static int measure(struct tender_block_device *device, struct tender_error *error)
{
    off_t size = lseek(device->fd, 0, SEEK_END);

    if (device->block_size == 0)
        device->block_size = BLOCK_SIZE_DEFAULT;
    if (size < 0)
        return tender_fail(error, -errno, "%s: Could not determine capacity: %s", device->path,
                           strerror(errno));
    device->capacity = (uint64_t)size;
    if (device->capacity < device->block_size)
        return tender_fail(error, -EINVAL,
                           "%s: Backing storage must be at least 1 block (%u bytes) in size",
                           device->path, device->block_size);
    if (device->capacity % device->block_size != 0)
        return tender_fail(error, -EINVAL,
                           "%s: Backing storage size must be block aligned (%u bytes), it is "
                           "%" PRIu64,
                           device->path, device->block_size, device->capacity);
    return 0;
}

int tender_block_open(struct tender_block *block, struct tender_error *error)
{
    int rc = 0;

    for (unsigned i = 0; i < block->count; i++) {
        const char *name = block->device[i].name;

        if (block->device[i].path == NULL)
            return tender_fail(error, -ENODEV,
                               "Device '%s' of type BLOCK_BASIC declared but not attached: "
                               "add --block:%s=PATH",
                               name, name);
    }
    for (unsigned i = 0; rc == 0 && i < block->count; i++) {
        struct tender_block_device *device = &block->device[i];

        rc = open_path(device, error);
        if (rc == 0)
            rc = lock(device, error);
        if (rc == 0)
            rc = measure(device, error);
    }
    return rc;
}
