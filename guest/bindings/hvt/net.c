// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle,
                                 struct solo5_net_info *info)
{
    return io_table_net_acquire(&hvt_guest.io, name, handle, info);
}

solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buf, size_t size)
{
    struct hvt_net_io argument = {.handle = handle, .data = (uintptr_t)buf, .len = size};
    solo5_result_t result = io_table_net_write(&hvt_guest.io, handle, buf, size);

    if (result != SOLO5_R_OK)
        return result;
    cpu_hypercall(HVT_NET_WRITE, &argument);
    return (solo5_result_t)argument.ret;
}

solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buf, size_t size, size_t *read_size)
{
    struct hvt_net_io argument = {.handle = handle, .data = (uintptr_t)buf, .len = size};
    solo5_result_t result = io_table_net_read(&hvt_guest.io, handle, buf, size, read_size);

    if (result != SOLO5_R_OK)
        return result;
    cpu_hypercall(HVT_NET_READ, &argument);
    if (argument.ret == SOLO5_R_OK)
        *read_size = argument.len;
    return (solo5_result_t)argument.ret;
}
