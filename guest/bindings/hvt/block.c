// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle,
                                   struct solo5_block_info *info)
{
    return io_table_block_acquire(&hvt_guest.io, name, handle, info);
}

static solo5_result_t transfer(enum hvt_hypercall nr, solo5_handle_t handle, solo5_off_t offset,
                               const uint8_t *buf, size_t size)
{
    struct hvt_block_io argument = {
        .handle = handle, .offset = offset, .data = (uintptr_t)buf, .len = size};

    cpu_hypercall(nr, &argument);
    return (solo5_result_t)argument.ret;
}

solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buf,
                                 size_t size)
{
    solo5_result_t result = io_table_block_write(&hvt_guest.io, handle, offset, buf, size);

    return result == SOLO5_R_OK ? transfer(HVT_BLOCK_WRITE, handle, offset, buf, size) : result;
}

solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buf,
                                size_t size)
{
    solo5_result_t result = io_table_block_read(&hvt_guest.io, handle, offset, buf, size);

    return result == SOLO5_R_OK ? transfer(HVT_BLOCK_READ, handle, offset, buf, size) : result;
}

solo5_result_t solo5_block_flush(solo5_handle_t handle)
{
    struct hvt_block_flush argument = {.handle = handle};
    solo5_result_t result = io_table_block_flush(&hvt_guest.io, handle);

    if (result != SOLO5_R_OK)
        return result;
    cpu_hypercall(HVT_BLOCK_FLUSH, &argument);
    return (solo5_result_t)argument.ret;
}

solo5_result_t solo5_block_discard(solo5_handle_t handle, solo5_off_t offset, solo5_off_t size)
{
    struct hvt_block_discard argument = {.handle = handle, .offset = offset, .len = size};
    solo5_result_t result = io_table_block_discard(&hvt_guest.io, handle, offset, size);

    if (result != SOLO5_R_OK)
        return result;
    cpu_hypercall(HVT_BLOCK_DISCARD, &argument);
    return (solo5_result_t)argument.ret;
}
