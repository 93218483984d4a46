// SPDX-License-Identifier: ISC
#include "irq.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void emu_irqs_init(struct emu_irqs *irqs)
{
    *irqs = (struct emu_irqs){0};
    for (unsigned i = 0; i < VFIO_USER_IRQ_COUNT; i++)
        for (unsigned v = 0; v < EMU_IRQ_VECTORS_MAX; v++)
            irqs->index[i].fds[v] = -1;
    /* PCIe errors: there are none, but QEMU warns about a device that could not tell. */
    irqs->index[VFIO_USER_IRQ_ERR].count = 1;
}

static void assign(struct emu_irq_index *index, unsigned vector, int fd)
{
    if (index->fds[vector] >= 0) {
        close(index->fds[vector]);
        index->enabled--;
    }
    index->fds[vector] = fd;
    if (fd >= 0)
        index->enabled++;
}

void emu_irqs_clear(struct emu_irqs *irqs)
{
    for (unsigned i = 0; i < VFIO_USER_IRQ_COUNT; i++)
        for (unsigned v = 0; v < EMU_IRQ_VECTORS_MAX; v++)
            assign(&irqs->index[i], v, -1);
    irqs->intx_level = false;
    irqs->intx_masked = false;
}

/* Anything else could block the thread that writes to it. */
static bool is_eventfd(int fd)
{
    char path[40], target[40];
    ssize_t len;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    len = readlink(path, target, sizeof(target) - 1);
    if (len < 0)
        return false;
    target[len] = '\0';
    return strcmp(target, "anon_inode:[eventfd]") == 0;
}

static bool one_bit(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* spec, "VFIO_USER_DEVICE_SET_IRQS": what makes sense for the devices here. */
static int check_set(const struct emu_irqs *irqs, const struct vfio_user_irq_set *set,
                     const int *fds, unsigned fds_count)
{
    uint32_t how = set->flags & VFIO_USER_IRQ_SET_DATA_MASK;
    uint32_t action = set->flags & VFIO_USER_IRQ_SET_ACTIONS;
    bool all_off = set->count == 0 && how == VFIO_USER_IRQ_SET_DATA_NONE &&
                   action == VFIO_USER_IRQ_SET_ACTION_TRIGGER;

    if (set->flags != (how | action) || !one_bit(how) || !one_bit(action))
        return -EINVAL;
    if (set->index >= VFIO_USER_IRQ_COUNT || set->start > irqs->index[set->index].count ||
        set->count > irqs->index[set->index].count - set->start)
        return -EINVAL;
    if (set->count == 0 && (!all_off || set->start != 0))
        return -EINVAL;
    if (how != VFIO_USER_IRQ_SET_DATA_EVENTFD)
        return fds_count != 0 || (action != VFIO_USER_IRQ_SET_ACTION_TRIGGER &&
                                  set->index != VFIO_USER_IRQ_INTX)
                   ? -EINVAL
                   : 0;
    if (action != VFIO_USER_IRQ_SET_ACTION_TRIGGER || (fds_count != 0 && fds_count != set->count))
        return -EINVAL;
    for (unsigned i = 0; i < fds_count; i++)
        if (!is_eventfd(fds[i]))
            return -EINVAL;
    return 0;
}

static void act(struct emu_irqs *irqs, uint32_t action, enum vfio_user_irq kind, unsigned vector)
{
    if (action == VFIO_USER_IRQ_SET_ACTION_TRIGGER) {
        emu_irq_signal(irqs, kind, vector);
    } else {
        irqs->intx_masked = action == VFIO_USER_IRQ_SET_ACTION_MASK;
        emu_irq_pin(irqs, irqs->intx_level);
    }
}

int emu_irqs_set(struct emu_irqs *irqs, const struct vfio_user_irq_set *set, const uint8_t *data,
                 int *fds, unsigned fds_count)
{
    int err = check_set(irqs, set, fds, fds_count);
    struct emu_irq_index *index;

    if (err)
        return err;
    index = &irqs->index[set->index];
    if (set->count == 0)
        for (unsigned v = 0; v < index->count; v++)
            assign(index, v, -1);
    for (unsigned i = 0; i < set->count; i++) {
        unsigned vector = set->start + i;

        if (set->flags & VFIO_USER_IRQ_SET_DATA_EVENTFD) {
            assign(index, vector, fds_count ? fds[i] : -1);
            if (fds_count)
                fds[i] = -1;
        } else if ((set->flags & VFIO_USER_IRQ_SET_DATA_NONE) || data[i]) {
            act(irqs, set->flags & VFIO_USER_IRQ_SET_ACTIONS, set->index, vector);
        }
    }
    return 0;
}

bool emu_irq_signal(struct emu_irqs *irqs, enum vfio_user_irq kind, unsigned vector)
{
    const uint64_t one = 1;
    struct pollfd room;

    if (!emu_irq_wanted(irqs, kind, vector))
        return false;
    /* A counter at its limit would block the write; whoever reads it has been told often enough. */
    room = (struct pollfd){.fd = irqs->index[kind].fds[vector], .events = POLLOUT};
    if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT) ||
        write(room.fd, &one, sizeof(one)) != sizeof(one))
        irqs->overruns++;
    return true;
}

bool emu_irq_pin(struct emu_irqs *irqs, bool level)
{
    irqs->intx_level = level;
    if (!level || irqs->intx_masked)
        return false;
    irqs->intx_masked = emu_irq_signal(irqs, VFIO_USER_IRQ_INTX, 0);
    return irqs->intx_masked;
}
