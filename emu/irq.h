// SPDX-License-Identifier: ISC
/* The eventfds that a client gave for a device's interrupts (vfio-user spec,
 * VFIO_USER_DEVICE_SET_IRQS). */
#ifndef PENSTOCK_EMU_IRQ_H
#define PENSTOCK_EMU_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/vfio_user.h"

#define EMU_IRQ_VECTORS_MAX 128

struct emu_irq_index {
    unsigned count;               /* vectors the device has of this kind; a model sets it */
    unsigned enabled;             /* how many have an eventfd */
    int fds[EMU_IRQ_VECTORS_MAX]; /* -1: none */
};

struct emu_irqs {
    struct emu_irq_index index[VFIO_USER_IRQ_COUNT];
    bool intx_level;   /* the device asserts its pin */
    bool intx_masked;  /* by the client, or by itself after a trigger */
    uint64_t overruns; /* an eventfd that took no more */
};

void emu_irqs_init(struct emu_irqs *irqs);

/* Closes all eventfds. */
void emu_irqs_clear(struct emu_irqs *irqs);

/*
 * Does what a client asked for. data: `count` bytes for DATA_BOOL. fds: those that came with the
 * message; the ones it keeps are set to -1 in fds[], the others stay the caller's. -EINVAL if
 * anything is wrong, and then nothing was changed.
 */
int emu_irqs_set(struct emu_irqs *irqs, const struct vfio_user_irq_set *set, const uint8_t *data,
                 int *fds, unsigned fds_count);

/* True if the client wants this vector. */
static inline bool emu_irq_wanted(const struct emu_irqs *irqs, enum vfio_user_irq kind,
                                  unsigned vector)
{
    return vector < irqs->index[kind].count && irqs->index[kind].fds[vector] >= 0;
}

/* Writes the vector's eventfd; false if there is none. */
bool emu_irq_signal(struct emu_irqs *irqs, enum vfio_user_irq kind, unsigned vector);

/* The pin; signals it unless it is masked, and masks it then (VFIO_USER_IRQ_AUTOMASKED). True if
 * signalled. */
bool emu_irq_pin(struct emu_irqs *irqs, bool level);

#endif
