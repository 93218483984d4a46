// SPDX-License-Identifier: ISC
/*
 * Interrupts (datasheet 7.3): a queue's cause sets the EICR bit that IVAR names, everything else
 * sets a bit of its own in EICR[30:16]. With GPIE.Multiple_MSIX the queue bit is also the MSI-X
 * vector, and IVAR_MISC names the vector of the rest; without, there is one interrupt for all. EITR
 * spaces the messages of a vector.
 */
#include "nic.h"

#define NS_PER_EITR 2000u /* one unit of the interval: 2 us */

static bool msix_mode(struct nic *nic)
{
    return *nic_reg(nic, IXGBE_GPIE) & IXGBE_GPIE_MULTIPLE_MSIX;
}

/* Sends a message if the vector's time has come. */
static bool send(struct nic *nic, unsigned vector, bool at_once)
{
    uint64_t interval = (*nic_reg(nic, IXGBE_EITR(vector)) & IXGBE_EITR_INTERVAL) >> 3;

    if (!at_once && nic->now < nic->irq.quiet_until[vector])
        return false;
    nic->irq.quiet_until[vector] = interval ? nic->now + interval * NS_PER_EITR : 0;
    emu_irq_raise(&nic->dev, vector);
    return true;
}

/* What a message has told the driver about may clear and mask itself (EIAC, EIAM). */
static void told(struct nic *nic, uint64_t causes, uint32_t misc)
{
    struct nic_irq *irq = &nic->irq;
    uint32_t auto_clear = *nic_reg(nic, IXGBE_EIAC);

    irq->unsent &= ~causes;
    irq->misc_unsent &= ~misc;
    irq->cause &= ~(causes & (auto_clear | ~(uint64_t)IXGBE_EICR_RTX_QUEUE));
    irq->misc_cause &= ~(misc & auto_clear);
    if (*nic_reg(nic, IXGBE_GPIE) & IXGBE_GPIE_EIAME) {
        irq->mask &= ~(causes & irq->auto_mask);
        irq->misc_mask &= ~(misc & irq->misc_auto_mask);
    }
}

static void send_msix(struct nic *nic, bool at_once)
{
    struct nic_irq *irq = &nic->irq;
    uint64_t causes = irq->cause & irq->mask & irq->unsent;
    uint32_t misc = irq->misc_cause & irq->misc_mask & irq->misc_unsent;
    const uint32_t timer = misc & IXGBE_EICR_TCP_TIMER, other = misc & ~IXGBE_EICR_TCP_TIMER;
    const uint32_t ivar = *nic_reg(nic, IXGBE_IVAR_MISC);

    for (; causes; causes &= causes - 1) {
        unsigned vector = (unsigned)__builtin_ctzll(causes);

        if (send(nic, vector, at_once))
            told(nic, 1ull << vector, 0);
    }
    if (timer && ivar & IXGBE_IVAR_VALID && send(nic, ivar & 63, at_once))
        told(nic, 0, timer);
    if (other && ivar >> 8 & IXGBE_IVAR_VALID && send(nic, ivar >> 8 & 63, at_once))
        told(nic, 0, other);
}

static void send_single(struct nic *nic, bool at_once)
{
    struct nic_irq *irq = &nic->irq;
    bool news = irq->cause & irq->mask & irq->unsent & IXGBE_EICR_RTX_QUEUE ||
                irq->misc_cause & irq->misc_mask & irq->misc_unsent;

    if (news && send(nic, 0, at_once)) {
        irq->unsent = 0;
        irq->misc_unsent = 0;
    }
}

bool nic_irq_waiting(const struct nic *nic)
{
    const struct nic_irq *irq = &nic->irq;

    return irq->cause & irq->mask & irq->unsent ||
           irq->misc_cause & irq->misc_mask & irq->misc_unsent;
}

static void update(struct nic *nic, bool at_once)
{
    if (!nic_irq_waiting(nic))
        return;
    if (!emu_bus_master(&nic->dev) && nic->dev.irqs.index[VFIO_USER_IRQ_INTX].enabled == 0)
        return; /* a message is a memory write */
    if (msix_mode(nic))
        send_msix(nic, at_once);
    else
        send_single(nic, at_once);
}

void nic_irq_poll(struct nic *nic)
{
    update(nic, false);
}

void nic_irq_queue(struct nic *nic, uint8_t ivar)
{
    uint64_t bit = 1ull << (ivar & (msix_mode(nic) ? 63 : 15));

    if (!(ivar & IXGBE_IVAR_VALID))
        return;
    nic->irq.cause |= bit;
    nic->irq.unsent |= bit;
    if (nic->irq.mask & bit)
        update(nic, false);
}

void nic_irq_misc(struct nic *nic, uint32_t causes)
{
    nic->irq.misc_cause |= causes;
    nic->irq.misc_unsent |= causes;
    if (nic->irq.misc_mask & causes)
        update(nic, false);
}

/* ---- registers ---- */

/* Causes are gone: so is the level of the pin, if those were all. */
static void clear(struct nic *nic, uint64_t causes, uint32_t misc)
{
    struct nic_irq *irq = &nic->irq;

    irq->cause &= ~causes;
    irq->misc_cause &= ~misc;
    irq->unsent &= irq->cause;
    irq->misc_unsent &= irq->misc_cause;
    if (!(irq->cause & irq->mask & IXGBE_EICR_RTX_QUEUE) && !(irq->misc_cause & irq->misc_mask))
        emu_intx_level(&nic->dev, false);
}

static uint32_t read_eicr(struct nic *nic)
{
    struct nic_irq *irq = &nic->irq;
    uint32_t value = (uint32_t)(irq->cause & IXGBE_EICR_RTX_QUEUE) | irq->misc_cause;

    if (*nic_reg(nic, IXGBE_GPIE) & IXGBE_GPIE_OCD) {
        clear(nic, 0, IXGBE_BITS(29, 16));
    } else {
        clear(nic, IXGBE_EICR_RTX_QUEUE, ~0u);
        irq->mask &= ~(irq->auto_mask & IXGBE_EICR_RTX_QUEUE);
        irq->misc_mask &= ~irq->misc_auto_mask;
    }
    return value;
}

uint32_t nic_irq_read(struct nic *nic, uint32_t offset)
{
    const struct nic_irq *irq = &nic->irq;
    const uint32_t low = IXGBE_EICR_RTX_QUEUE;

    switch (offset) {
    case IXGBE_EICR:
        return read_eicr(nic);
    case IXGBE_EICS: /* as EICR, but nothing is cleared */
        return (uint32_t)(irq->cause & low) | irq->misc_cause;
    case IXGBE_EIMS:
    case IXGBE_EIMC:
        return (uint32_t)(irq->mask & low) | irq->misc_mask;
    case IXGBE_EIAM:
        return (uint32_t)(irq->auto_mask & low) | irq->misc_auto_mask;
    case IXGBE_EICS_EX(0):
    case IXGBE_EICS_EX(1):
        return (uint32_t)(irq->cause >> (offset == IXGBE_EICS_EX(1) ? 32 : 0));
    case IXGBE_EIMS_EX(0):
    case IXGBE_EIMS_EX(1):
        return (uint32_t)(irq->mask >> (offset == IXGBE_EIMS_EX(1) ? 32 : 0));
    case IXGBE_EIAM_EX(0):
    case IXGBE_EIAM_EX(1):
        return (uint32_t)(irq->auto_mask >> (offset == IXGBE_EIAM_EX(1) ? 32 : 0));
    default: /* EIMC_EX */
        return 0;
    }
}

static void enable(struct nic *nic, uint64_t causes, uint32_t misc)
{
    struct nic_irq *irq = &nic->irq;

    irq->mask |= causes;
    irq->misc_mask |= misc;
    irq->unsent |= irq->cause & causes;
    irq->misc_unsent |= irq->misc_cause & misc;
    update(nic, false);
}

static void disable(struct nic *nic, uint64_t causes, uint32_t misc)
{
    nic->irq.mask &= ~causes;
    nic->irq.misc_mask &= ~misc;
    clear(nic, 0, 0);
}

/* Writing EICS also enables what EIAM names, the counterpart of its masking (8.2.3.5.6). */
static void trigger(struct nic *nic, uint64_t causes, uint32_t misc)
{
    struct nic_irq *irq = &nic->irq;

    irq->cause |= causes;
    irq->misc_cause |= misc;
    irq->unsent |= causes;
    irq->misc_unsent |= misc;
    irq->mask |= causes & irq->auto_mask;
    irq->misc_mask |= misc & irq->misc_auto_mask;
    update(nic, *nic_reg(nic, IXGBE_GPIE) & IXGBE_GPIE_EIMEN);
}

static void acknowledge(struct nic *nic, uint64_t causes, uint32_t misc)
{
    struct nic_irq *irq = &nic->irq;

    if (!(*nic_reg(nic, IXGBE_GPIE) & IXGBE_GPIE_EIAME)) {
        irq->mask &= ~(causes & irq->auto_mask);
        irq->misc_mask &= ~(misc & irq->misc_auto_mask);
    }
    clear(nic, causes, misc);
}

static void auto_mask(struct nic *nic, uint64_t causes, uint32_t misc)
{
    nic->irq.auto_mask = (nic->irq.auto_mask & ~(uint64_t)IXGBE_EICR_RTX_QUEUE) | causes;
    nic->irq.misc_auto_mask = misc;
}

void nic_irq_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    const unsigned shift = offset & 4 ? 32 : 0; /* of the second register of a pair */
    const uint64_t wide = (uint64_t)value << shift;
    const uint64_t queues = value & IXGBE_EICR_RTX_QUEUE;
    const uint32_t misc = value & IXGBE_BITS(30, 16);

    nic->now = emu_now();
    switch (offset) {
    case IXGBE_EICR:
        return acknowledge(nic, queues, misc);
    case IXGBE_EICS:
        return trigger(nic, queues, misc);
    case IXGBE_EIMS:
        return enable(nic, queues, misc);
    case IXGBE_EIMC:
        return disable(nic, queues, misc);
    case IXGBE_EIAM:
        return auto_mask(nic, queues, misc);
    case IXGBE_EICS_EX(0):
    case IXGBE_EICS_EX(1):
        return trigger(nic, wide, 0);
    case IXGBE_EIMS_EX(0):
    case IXGBE_EIMS_EX(1):
        return enable(nic, wide, 0);
    case IXGBE_EIMC_EX(0):
    case IXGBE_EIMC_EX(1):
        return disable(nic, wide, 0);
    default: /* EIAM_EX */
        nic->irq.auto_mask = (nic->irq.auto_mask & ~(0xffffffffull << shift)) | wide;
    }
}

void nic_eitr_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    uint32_t n = offset >= IXGBE_EITR(24) ? 24 + (offset - IXGBE_EITR(24)) / 4
                                          : (offset - IXGBE_EITR(0)) / 4;

    *nic_reg(nic, offset) = value & ~IXGBE_EITR_CNT_WDIS;
    if (!(value & IXGBE_EITR_CNT_WDIS) && n < IXGBE_MSIX_VECTORS)
        nic->irq.quiet_until[n] = 0;
}
