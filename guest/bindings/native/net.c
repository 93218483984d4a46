// SPDX-License-Identifier: ISC
#include "guest/bindings/native/native.h"

solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle,
                                 struct solo5_net_info *info)
{
    return io_table_net_acquire(&native.io, name, handle, info);
}

solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buf, size_t size)
{
    solo5_result_t result = io_table_net_write(&native.io, handle, buf, size);

    if (result != SOLO5_R_OK)
        return result;
    return (solo5_result_t)tender_net_write(tender_net_find(&native.net, handle), buf, size);
}

solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buf, size_t size, size_t *read_size)
{
    solo5_result_t result = io_table_net_read(&native.io, handle, buf, size, read_size);
    uint64_t length = size;

    if (result != SOLO5_R_OK)
        return result;
    result = (solo5_result_t)tender_net_read(tender_net_find(&native.net, handle), buf, &length);
    if (result == SOLO5_R_OK)
        *read_size = length;
    return result;
}
