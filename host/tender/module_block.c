// SPDX-License-Identifier: ISC
/* Which block devices a unikernel wants (its manifest), and how it is told what it got. */
#include "host/tender/module_block.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/tender/device_option.h"

#define SECTOR_SIZE_MIN 512u
#define SECTOR_SIZE_MAX 32768u /* the manifest has 16 bits for it */

void tender_block_init(struct tender_block *block, const struct mft *mft)
{
    memset(block, 0, sizeof(*block));
    for (unsigned i = 1; i < mft->entries; i++) {
        struct tender_block_device *device = &block->device[block->count];

        if (mft->e[i].type != MFT_BLOCK_BASIC)
            continue;
        memcpy(device->name, mft->e[i].name, sizeof(device->name));
        device->handle = i;
        device->fd = -1;
        block->count++;
    }
}

static struct device_array array(const struct tender_block *block)
{
    return (struct device_array){
        .first = block->device, .count = block->count, .stride = sizeof(block->device[0])};
}

int tender_block_option(struct tender_block *block, const char *value, struct tender_error *error)
{
    static const char read_only[] = ":ro";
    const struct device_array devices = array(block);
    struct tender_block_device *device;
    const char *path;
    size_t length;
    int i = device_option(&devices, "--block:", "NAME=PATH or --block:NAME=PATH:ro", value, &path,
                          error);

    if (i < 0)
        return i;
    device = &block->device[i];
    if (device->path != NULL)
        return tender_fail(error, -EINVAL, "--block:%s: device '%s' is attached already, to %s",
                           value, device->name, device->path);
    device->path = strdup(path);
    if (device->path == NULL)
        return tender_fail(error, -ENOMEM, "--block:%s: no memory", value);
    length = strlen(path);
    if (length >= sizeof(read_only) &&
        strcmp(path + length - (sizeof(read_only) - 1), read_only) == 0) {
        device->path[length - (sizeof(read_only) - 1)] = '\0';
        device->read_only = true;
    }
    return 0;
}

int tender_block_sector_size_option(struct tender_block *block, const char *value,
                                    struct tender_error *error)
{
    const struct device_array devices = array(block);
    struct tender_block_device *device;
    const char *text;
    unsigned long size;
    char *end;
    int i = device_option(&devices, "--block-sector-size:", "NAME=BYTES", value, &text, error);

    if (i < 0)
        return i;
    device = &block->device[i];
    if (device->block_size != 0)
        return tender_fail(error, -EINVAL,
                           "--block-sector-size:%s: device '%s' has a sector size already", value,
                           device->name);
    errno = 0;
    size = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || size < SECTOR_SIZE_MIN ||
        size > SECTOR_SIZE_MAX || (size & (size - 1)) != 0)
        return tender_fail(error, -EINVAL,
                           "Malformed argument to --block-sector-size: '%s' (a power of two from "
                           "%u to %u)",
                           value, SECTOR_SIZE_MIN, SECTOR_SIZE_MAX);
    device->block_size = (uint16_t)size;
    return 0;
}

void tender_block_close(struct tender_block *block)
{
    for (unsigned i = 0; i < block->count; i++) {
        struct tender_block_device *device = &block->device[i];

        if (device->fd >= 0)
            close(device->fd);
        device->fd = -1;
        free(device->path);
        device->path = NULL;
    }
    block->count = 0;
}

void tender_block_describe(const struct tender_block *block, struct mft *mft, struct hvt_ext *ext)
{
    ext->block_max_io = TENDER_BLOCK_MAX_IO;
    ext->block_read_only = 0;
    for (unsigned i = 0; i < block->count; i++) {
        const struct tender_block_device *device = &block->device[i];
        struct mft_entry *entry = &mft->e[device->handle];

        memset(&entry->u, 0, sizeof(entry->u));
        entry->u.block_basic.capacity = device->capacity;
        entry->u.block_basic.block_size = device->block_size;
        if (device->read_only)
            ext->block_read_only |= 1ull << device->handle;
    }
}

struct tender_block_device *tender_block_find(struct tender_block *block, uint64_t handle)
{
    for (unsigned i = 0; i < block->count; i++) {
        if (block->device[i].handle == handle && block->device[i].fd >= 0)
            return &block->device[i];
    }
    return NULL;
}
