// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle,
                                   struct solo5_block_info *info)
{
    return io_table_block_acquire(&spt_guest.io, name, handle, info);
}

static int descriptor(solo5_handle_t handle)
{
    return (int)spt_guest.mft->e[handle].backend;
}

/* What the filter lets one call transfer; Solo5's takes one block. */
static size_t piece(solo5_handle_t handle, uint64_t offset, size_t size)
{
    const struct mft_block_basic *device = &spt_guest.mft->e[handle].u.block_basic;

    return spt_block_piece(spt_guest.ext ? spt_guest.ext->block_classes : 1, device->block_size,
                           device->capacity, offset, size);
}

/* A call that the kernel cuts short within a block is not gone on with: the filter knows whole
 * blocks only. */
static bool went_well(long got, size_t wanted)
{
    return got > 0 && (size_t)got == wanted;
}

solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buf,
                                 size_t size)
{
    solo5_result_t result = io_table_block_write(&spt_guest.io, handle, offset, buf, size);

    while (result == SOLO5_R_OK && size > 0) {
        size_t part = piece(handle, offset, size);

        if (!went_well(sys_pwrite(descriptor(handle), buf, part, offset), part))
            result = SOLO5_R_EUNSPEC;
        buf += part;
        offset += part;
        size -= part;
    }
    return result;
}

solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buf,
                                size_t size)
{
    solo5_result_t result = io_table_block_read(&spt_guest.io, handle, offset, buf, size);

    while (result == SOLO5_R_OK && size > 0) {
        size_t part = piece(handle, offset, size);

        if (!went_well(sys_pread(descriptor(handle), buf, part, offset), part))
            result = SOLO5_R_EUNSPEC;
        buf += part;
        offset += part;
        size -= part;
    }
    return result;
}

solo5_result_t solo5_block_flush(solo5_handle_t handle)
{
    solo5_result_t result = io_table_block_flush(&spt_guest.io, handle);

    if (result == SOLO5_R_OK && sys_fdatasync(descriptor(handle)) < 0)
        return SOLO5_R_EUNSPEC;
    return result;
}

solo5_result_t solo5_block_discard(solo5_handle_t handle, solo5_off_t offset, solo5_off_t size)
{
    solo5_result_t result = io_table_block_discard(&spt_guest.io, handle, offset, size);

    if (result == SOLO5_R_OK && sys_punch(descriptor(handle), offset, size) < 0)
        return SOLO5_R_EUNSPEC;
    return result;
}
