// SPDX-License-Identifier: ISC
#include "guest/bindings/native/native.h"

solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle,
                                   struct solo5_block_info *info)
{
    return io_table_block_acquire(&native.io, name, handle, info);
}

static struct tender_block_device *device(solo5_handle_t handle)
{
    return tender_block_find(&native.block, handle);
}

solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buf,
                                 size_t size)
{
    solo5_result_t result = io_table_block_write(&native.io, handle, offset, buf, size);

    if (result != SOLO5_R_OK)
        return result;
    return (solo5_result_t)tender_block_write(device(handle), offset, buf, size);
}

solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buf,
                                size_t size)
{
    solo5_result_t result = io_table_block_read(&native.io, handle, offset, buf, size);

    if (result != SOLO5_R_OK)
        return result;
    return (solo5_result_t)tender_block_read(device(handle), offset, buf, size);
}

solo5_result_t solo5_block_flush(solo5_handle_t handle)
{
    solo5_result_t result = io_table_block_flush(&native.io, handle);

    return result == SOLO5_R_OK ? (solo5_result_t)tender_block_flush(device(handle)) : result;
}

solo5_result_t solo5_block_discard(solo5_handle_t handle, solo5_off_t offset, solo5_off_t size)
{
    solo5_result_t result = io_table_block_discard(&native.io, handle, offset, size);

    if (result != SOLO5_R_OK)
        return result;
    return (solo5_result_t)tender_block_discard(device(handle), offset, size);
}
