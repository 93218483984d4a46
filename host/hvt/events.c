// SPDX-License-Identifier: ISC
#include "host/hvt/events.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, EVENTS_KICK};

static void fill(sigset_t *set)
{
    sigemptyset(set);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(set, signals[i]);
}

int events_open(struct events *events, const struct stats *stats, struct tender_error *error)
{
    sigset_t set;

    fill(&set);
    *events = (struct events){.fd = -1, .thread = pthread_self(), .stats = stats};
    /* Deadlines of a few microseconds: be on time, not 50 us later. */
    prctl(PR_SET_TIMERSLACK, 1);
    /* A console that went away is not the end of a unikernel, and must not be the end of us. */
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    events->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (events->fd < 0)
        return tender_fail(error, -errno, "signalfd: %s", strerror(errno));
    return 0;
}

void events_close(struct events *events)
{
    if (events->fd >= 0)
        close(events->fd);
    events->fd = -1;
}

uint64_t events_run_mask(void)
{
    sigset_t set;
    uint64_t mask;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigdelset(&set, signals[i]);
    memcpy(&mask, &set, sizeof mask);
    return mask;
}

static int handle(struct events *events, const struct signalfd_siginfo *info,
                  struct tender_error *error)
{
    switch (info->ssi_signo) {
    case SIGUSR1:
        stats_print(events->stats);
        return 0;
    case EVENTS_KICK: /* events_lost; a debugger; or somebody's own */
        events->kicked = true;
        return 0;
    default:
        return tender_fail(error, -EINTR, "Exiting on signal %u", info->ssi_signo);
    }
}

int events_check(struct events *events, struct tender_error *error)
{
    const char *lost;
    struct signalfd_siginfo info;

    while (read(events->fd, &info, sizeof info) == sizeof info) {
        int rc = handle(events, &info, error);

        if (rc < 0)
            return rc;
    }
    lost = atomic_load(&events->lost);
    if (lost != NULL)
        return tender_fail(error, -EINTR, "%s", lost);
    return 0;
}

uint64_t events_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int events_wait(struct events *events, struct pollfd *fds, unsigned count, uint64_t deadline,
                struct tender_error *error)
{
    for (;;) {
        uint64_t now = deadline == EVENTS_NEVER ? 0 : events_now();
        uint64_t left = deadline > now ? deadline - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                                   .tv_nsec = (long)(left % 1000000000u)};
        int ready, rc;

        fds[count] = (struct pollfd){.fd = events->fd, .events = POLLIN};
        ready = ppoll(fds, count + 1, deadline == EVENTS_NEVER ? NULL : &timeout, NULL);
        if (ready < 0 && errno != EINTR)
            return tender_fail(error, -errno, "ppoll: %s", strerror(errno));
        if (ready == 0)
            return 0;
        if (ready < 0)
            continue;
        if (fds[count].revents != 0) {
            rc = events_check(events, error);
            if (rc < 0)
                return rc;
            ready--;
            if (ready == 0 && events->debugged && events->kicked) {
                events->kicked = false;
                return 0;
            }
        }
        if (ready > 0)
            return ready;
    }
}

void events_lost(void *arg, const char *reason)
{
    struct events *events = arg;

    atomic_store(&events->lost, reason);
    pthread_kill(events->thread, EVENTS_KICK);
}
