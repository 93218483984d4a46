// SPDX-License-Identifier: ISC
/* The descriptors that the guest waits with: an epoll instance, and in it a timer and all that may
 * become ready. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "host/spt/spt.h"

static int add(struct spt *spt, int fd, uint64_t data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};

    return epoll_ctl(spt->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int spt_wait_open(struct spt *spt)
{
    int rc = 0;

    /* Deadlines of a few microseconds: be on time, not 50 us later. */
    prctl(PR_SET_TIMERSLACK, 1);
    spt->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    spt->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (spt->epoll_fd < 0 || spt->timer_fd < 0)
        rc = -1;
    if (rc == 0)
        rc = add(spt, spt->timer_fd, SPT_TIMER_DATA);
    for (unsigned i = 0; rc == 0 && i < spt->pci.count; i++)
        if (spt->pci.device[i].irq_fd >= 0)
            rc = add(spt, spt->pci.device[i].irq_fd, spt->pci.device[i].handle);
    for (unsigned i = 0; rc == 0 && i < spt->net.count; i++)
        rc = add(spt, spt->net.device[i].fd, spt->net.device[i].handle);
    if (rc < 0)
        return tender_fail(&spt->error, -errno, "cannot make what the guest waits with: %s",
                           strerror(errno));
    return 0;
}
