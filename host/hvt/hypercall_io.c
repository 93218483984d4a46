// SPDX-License-Identifier: ISC
/* Frames and blocks: the device modules read and write the guest's memory in place. */
#include "host/hvt/hypercall.h"

int hvt_net_write(struct hvt *hvt, union argument *arg)
{
    struct hvt_net_io *io = &arg->net_io;
    struct tender_net_device *device = tender_net_find(&hvt->net, io->handle);
    const void *frame;

    io->ret = HVT_R_EINVAL;
    if (device == NULL)
        return HVT_CONTINUE;
    frame = guest_pointer(&hvt->memory, GUEST_BUFFER, io->data, io->len, 0);
    if (frame == NULL)
        return hvt_bad_access(hvt, io->data, io->len);
    io->ret = tender_net_write(device, frame, io->len);
    return HVT_CONTINUE;
}

int hvt_net_read(struct hvt *hvt, union argument *arg)
{
    struct hvt_net_io *io = &arg->net_io;
    struct tender_net_device *device = tender_net_find(&hvt->net, io->handle);
    void *frame;

    io->ret = HVT_R_EINVAL;
    if (device == NULL)
        return HVT_CONTINUE;
    frame = guest_pointer(&hvt->memory, GUEST_BUFFER, io->data, io->len, MAPPING_WRITE);
    if (frame == NULL)
        return hvt_bad_access(hvt, io->data, io->len);
    io->ret = tender_net_read(device, frame, &io->len);
    return HVT_CONTINUE;
}

/* The device of a request whose blocks it has, or NULL: then the guest has its answer. */
static struct tender_block_device *block_target(struct hvt *hvt, struct hvt_block_io *io)
{
    struct tender_block_device *device = tender_block_find(&hvt->block, io->handle);

    io->ret = HVT_R_EINVAL;
    return device != NULL && tender_block_check(device, io->offset, io->len) == HVT_R_OK ? device
                                                                                         : NULL;
}

int hvt_block_write(struct hvt *hvt, union argument *arg)
{
    struct hvt_block_io *io = &arg->block_io;
    struct tender_block_device *device = block_target(hvt, io);
    const void *data;

    if (device == NULL)
        return HVT_CONTINUE;
    data = guest_pointer(&hvt->memory, GUEST_BUFFER, io->data, io->len, 0);
    if (data == NULL)
        return hvt_bad_access(hvt, io->data, io->len);
    io->ret = tender_block_write(device, io->offset, data, io->len);
    return HVT_CONTINUE;
}

int hvt_block_read(struct hvt *hvt, union argument *arg)
{
    struct hvt_block_io *io = &arg->block_io;
    struct tender_block_device *device = block_target(hvt, io);
    void *data;

    if (device == NULL)
        return HVT_CONTINUE;
    data = guest_pointer(&hvt->memory, GUEST_BUFFER, io->data, io->len, MAPPING_WRITE);
    if (data == NULL)
        return hvt_bad_access(hvt, io->data, io->len);
    io->ret = tender_block_read(device, io->offset, data, io->len);
    return HVT_CONTINUE;
}

int hvt_block_flush(struct hvt *hvt, union argument *arg)
{
    struct hvt_block_flush *flush = &arg->block_flush;
    struct tender_block_device *device = tender_block_find(&hvt->block, flush->handle);

    flush->ret = device == NULL ? HVT_R_EINVAL : tender_block_flush(device);
    return HVT_CONTINUE;
}

int hvt_block_discard(struct hvt *hvt, union argument *arg)
{
    struct hvt_block_discard *discard = &arg->block_discard;
    struct tender_block_device *device = tender_block_find(&hvt->block, discard->handle);

    discard->ret =
        device == NULL ? HVT_R_EINVAL : tender_block_discard(device, discard->offset, discard->len);
    return HVT_CONTINUE;
}
