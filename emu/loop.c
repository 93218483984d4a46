// SPDX-License-Identifier: ISC
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NS_US 1000u
/*
 * How it sleeps: a driver that answers what it just got does so within the first sleeps, and a core
 * that is spun on is one that Linux, the other end of a TAP, has to wait for.
 */
#define SPIN_NS      (100u * NS_US) /* idle for this long before the first sleep */
#define SLEEP_MIN_NS (20u * NS_US)
#define SLEEP_MAX_NS (2000u * NS_US)
#define CLOCK_ROUNDS 8u /* busy rounds between two looks at the clock */

/* One round over all devices: what was done. */
static unsigned poll_all(struct emu_loop *loop, uint64_t now)
{
    unsigned work = 0;

    for (unsigned i = 0; i < loop->count; i++)
        work += loop->devs[i]->ops->poll(loop->devs[i], now);
    return work;
}

/* Polls until nothing was done for `patience` ns; false if nothing was done at all. Holds the lock.
 */
static bool run_while_busy(struct emu_loop *loop, uint64_t patience)
{
    uint64_t now = emu_now(), idle_since = now;
    bool worked = false;

    for (unsigned round = 0; !atomic_load_explicit(&loop->stop, memory_order_relaxed); round++) {
        unsigned work = poll_all(loop, now);

        emu_lock_give_way(loop->lock);
        if (work == 0 || round % CLOCK_ROUNDS == 0)
            now = emu_now();
        if (work > 0) {
            idle_since = now;
            patience = SPIN_NS;
            worked = true;
        } else if (now - idle_since >= patience) {
            break;
        }
    }
    return worked;
}

/* Fills in what can wake the thread beside its eventfd: -1 if no device is active, else how many.
 * Holds the lock. */
static int watch_ports(const struct emu_loop *loop, struct pollfd *fds, bool with_ports)
{
    bool active = false;
    int count = 0;

    for (unsigned i = 0; i < loop->count; i++) {
        struct emu_device *dev = loop->devs[i];
        int fd;

        if (!dev->ops->active(dev))
            continue;
        active = true;
        fd = dev->port && with_ports ? port_fd(dev->port) : -1;
        if (fd >= 0)
            fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return active ? count : -1;
}

enum wake { WAKE_TIME, WAKE_KICK, WAKE_PORT };

/* Lets go of the lock and sleeps: until a kick if no device is active, else up to `ns` or until a
 * port has frames. */
static enum wake sleep_a_while(struct emu_loop *loop, uint64_t ns, bool with_ports)
{
    struct pollfd fds[1 + EMU_DEVICES_MAX] = {{.fd = loop->kick_fd, .events = POLLIN}};
    const struct timespec timeout = {.tv_nsec = (long)ns};
    int ports = watch_ports(loop, &fds[1], with_ports), woken;
    bool kicked;

    /* Said under the lock: a request that comes later sees it, one that came earlier has been seen
     * by watch_ports. */
    atomic_store(&loop->asleep, true);
    emu_lock_release(loop->lock);
    woken = ppoll(fds, 1 + (ports > 0 ? (nfds_t)ports : 0), ports < 0 ? NULL : &timeout, NULL);
    atomic_store(&loop->asleep, false);
    kicked = woken > 0 && fds[0].revents;
    if (kicked)
        eventfd_read(loop->kick_fd, &(eventfd_t){0});
    pthread_mutex_lock(&loop->lock->mutex);
    return kicked ? WAKE_KICK : woken > 0 ? WAKE_PORT : WAKE_TIME;
}

static void *data_thread(void *arg)
{
    struct emu_loop *loop = arg;
    enum wake wake = WAKE_KICK;
    uint64_t ns = SLEEP_MIN_NS;
    bool with_ports = true;

    prctl(PR_SET_TIMERSLACK, 1000ul);
    atomic_store(&loop->tid, gettid());
    pthread_mutex_lock(&loop->lock->mutex);
    while (!atomic_load(&loop->stop)) {
        bool worked = run_while_busy(loop, wake == WAKE_TIME ? 0 : SPIN_NS);

        /* A port whose frames no driver takes must not keep the thread awake. */
        with_ports = worked || (with_ports && wake != WAKE_PORT);
        ns = worked ? SLEEP_MIN_NS : ns < SLEEP_MAX_NS / 2 ? 2 * ns : SLEEP_MAX_NS;
        wake = sleep_a_while(loop, ns, with_ports);
    }
    pthread_mutex_unlock(&loop->lock->mutex);
    return NULL;
}

int emu_loop_start(struct emu_loop *loop, int cpu)
{
    pthread_attr_t attr;
    cpu_set_t set;
    int err;

    loop->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->kick_fd < 0)
        return -errno;
    pthread_attr_init(&attr);
    if (cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
    }
    err = pthread_create(&loop->thread, &attr, data_thread, loop);
    pthread_attr_destroy(&attr);
    if (err)
        close(loop->kick_fd);
    return -err;
}

void emu_loop_kick(struct emu_loop *loop)
{
    if (atomic_load(&loop->asleep))
        eventfd_write(loop->kick_fd, 1);
}

void emu_loop_stop(struct emu_loop *loop)
{
    atomic_store(&loop->stop, true);
    eventfd_write(loop->kick_fd, 1);
    pthread_join(loop->thread, NULL);
    close(loop->kick_fd);
}
