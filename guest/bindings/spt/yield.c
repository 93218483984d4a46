// SPDX-License-Identifier: ISC
/*
 * One system call where something is ready or the deadline has passed; else two, and a third where
 * the timer stands at another time.
 */
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

#define EVENTS 16

/* A PCI device's interrupt is taken with this. False: somebody else woke us for nothing. */
static bool take_interrupt(uint64_t handle)
{
    uint64_t count;

    if (sys_read(spt_guest.ext->irq_fd[handle], &count, sizeof(count)) != sizeof(count))
        return false;
    spt_guest.masked |= spt_guest.ext->irq_unmask & (1ull << handle);
    return true;
}

/* The interrupts that were taken have been dealt with; earlier, a pin that is still asserted would
 * interrupt for the same cause once more. */
static void rearm(void)
{
    while (spt_guest.masked != 0) {
        struct spt_request unmask = {.kind = SPT_IRQ_UNMASK,
                                     .handle = (uint64_t)__builtin_ctzll(spt_guest.masked)};

        spt_guest.masked &= spt_guest.masked - 1;
        spt_ask(&unmask);
    }
}

static bool is_interrupt(uint64_t handle)
{
    return spt_guest.ext && spt_guest.ext->irq_fd[handle] >= 0;
}

/*
 * A TAP that was deleted, or a socket whose peer has gone, is ready for ever: what it still has can
 * be read, but it wakes nobody any more.
 */
static void forget_if_gone(uint64_t handle, uint32_t events)
{
    const struct mft_entry *entry = &spt_guest.mft->e[handle];

    if (!(events & (SYS_EPOLLERR | SYS_EPOLLHUP)) || entry->type != MFT_NET_BASIC)
        return;
    log_line(&spt_guest.log, LOG_WARN, "device '%s' is gone", entry->name);
    sys_epoll_remove(spt_guest.boot->epollfd, (int)entry->backend);
}

/* The devices among the events. */
static solo5_handle_set_t devices(const struct sys_epoll_event *events, long count)
{
    solo5_handle_set_t ready = 0;

    for (long i = 0; i < count; i++) {
        uint64_t handle = events[i].data[0];

        if (handle >= MFT_MAX_ENTRIES || (is_interrupt(handle) && !take_interrupt(handle)))
            continue;
        ready |= 1ull << handle;
        forget_if_gone(handle, events[i].events);
    }
    return ready;
}

static solo5_handle_set_t wait(int timeout_ms)
{
    struct sys_epoll_event events[EVENTS] = {0};

    return devices(events, sys_epoll_wait(spt_guest.boot->epollfd, events, EVENTS, timeout_ms));
}

/* Setting it also takes back that it has fired. */
static void arm(solo5_time_t deadline)
{
    const struct sys_itimerspec value = {.value = {.sec = (int64_t)(deadline / 1000000000u),
                                                   .nsec = (int64_t)(deadline % 1000000000u)}};

    if (spt_guest.armed == deadline)
        return;
    sys_timerfd_settime(spt_guest.boot->timerfd, SYS_TIMER_ABSTIME, &value);
    spt_guest.armed = deadline;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set)
{
    solo5_handle_set_t ready;

    rearm();
    ready = wait(0);
    if (ready == 0 && solo5_clock_monotonic() < deadline) {
        do {
            arm(deadline);
            ready = wait(-1);
        } while (ready == 0 && spt_clock_read() < deadline);
    }
    if (ready_set)
        *ready_set = ready;
}
