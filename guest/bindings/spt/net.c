// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle,
                                 struct solo5_net_info *info)
{
    return io_table_net_acquire(&spt_guest.io, name, handle, info);
}

static int descriptor(solo5_handle_t handle)
{
    return (int)spt_guest.mft->e[handle].backend;
}

/* What the host does not take is dropped. */
solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buf, size_t size)
{
    solo5_result_t result = io_table_net_write(&spt_guest.io, handle, buf, size);

    if (result == SOLO5_R_OK)
        sys_write(descriptor(handle), buf, size);
    return result;
}

solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buf, size_t size, size_t *read_size)
{
    solo5_result_t result = io_table_net_read(&spt_guest.io, handle, buf, size, read_size);
    long got;

    if (result != SOLO5_R_OK)
        return result;
    got = sys_read(descriptor(handle), buf, size);
    if (got <= 0)
        return SOLO5_R_AGAIN;
    *read_size = (size_t)got;
    return SOLO5_R_OK;
}
