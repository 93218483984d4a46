// SPDX-License-Identifier: ISC
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "listen.h"
#include "loop.h"
#include "session.h"
#include "stats.h"

struct nic {
    struct emu_device *dev;
    char *path;
    struct emu_listener listener;
    struct emu_session *client;
    struct emu_session *refused; /* one that came while there was a client; it is told so */
    struct emu_snapshot last;    /* at the previous line of counters */
};

struct emu_server {
    struct emu_server_config config;
    struct emu_lock lock;
    struct emu_loop loop;
    struct nic nics[EMU_DEVICES_MAX];
    unsigned count;
    uint64_t next_stats; /* ns; when counters are due */
};

/* What is watched: the signals, then three descriptors of each NIC. */
enum { WATCH_LISTENER, WATCH_CLIENT, WATCH_REFUSED, WATCH_COUNT };

int emu_server_create(const struct emu_server_config *config, struct emu_server **server)
{
    struct emu_server *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->config = *config;
    pthread_mutex_init(&s->lock.mutex, NULL);
    s->loop.lock = &s->lock;
    *server = s;
    return 0;
}

int emu_server_add(struct emu_server *server, struct emu_device *dev, const char *path, char *error,
                   size_t error_size)
{
    struct nic *nic = &server->nics[server->count];
    int err;

    if (server->count == EMU_DEVICES_MAX) {
        snprintf(error, error_size, "socket %s: %u devices are the most", path, EMU_DEVICES_MAX);
        return -ENOSPC;
    }
    nic->path = strdup(path);
    if (!nic->path)
        return -ENOMEM;
    err = emu_listen(&nic->listener, nic->path, error, error_size);
    if (err) {
        free(nic->path);
        return err;
    }
    nic->dev = dev;
    server->loop.devs[server->count++] = dev;
    server->loop.count = server->count;
    return 0;
}

static const char *reason_text(int reason)
{
    return reason == -EPIPE    ? "it left in the middle of a message"
           : reason == -EPROTO ? "it does not speak vfio-user"
                               : strerror(-reason);
}

static void end_client(struct emu_server *server, struct nic *nic, int reason)
{
    bool polite = reason == -EPIPE && nic->client->got == 0;
    struct emu_device *dev = nic->dev;
    int err;

    emu_session_destroy(nic->client);
    nic->client = NULL;
    emu_lock_take(&server->lock);
    if (polite)
        emu_log(dev, EMU_LOG_INFO, "client gone");
    else
        emu_log(dev, EMU_LOG_WARN, "client dropped: %s", reason_text(reason));
    err = emu_device_orphan(dev);
    if (err)
        emu_log(dev, EMU_LOG_ERROR, "no new pages for the device: %s", strerror(-err));
    emu_lock_release(&server->lock);
}

static bool has_left(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void greet(struct emu_server *server, struct nic *nic)
{
    int fd = emu_accept(&nic->listener);
    struct emu_session *session;

    if (fd < 0)
        return;
    /* The next client may be here before the last one's end was looked at. */
    if (nic->client && has_left(nic->client->fd))
        end_client(server, nic, -EPIPE);
    session = emu_session_create(fd, nic->dev, &server->lock, nic->client != NULL);
    emu_lock_take(&server->lock);
    emu_log(nic->dev, session ? EMU_LOG_INFO : EMU_LOG_ERROR, "client %s",
            !session      ? "refused: no memory"
            : nic->client ? "refused: another one has the device"
                          : "connected");
    emu_lock_release(&server->lock);
    if (nic->client)
        nic->refused = session;
    else
        nic->client = session;
}

static bool is_late(const struct emu_session *session, uint64_t now)
{
    return session && session->deadline != 0 && now >= session->deadline;
}

static void serve_client(struct emu_server *server, struct nic *nic, bool ready, uint64_t now)
{
    int err = 0;

    if (ready) {
        err = emu_session_input(nic->client);
        if (nic->client->active)
            emu_loop_kick(&server->loop);
    }
    if (!err && is_late(nic->client, now))
        err = -ETIMEDOUT;
    if (err)
        end_client(server, nic, err);
}

static void serve_nic(struct emu_server *server, struct nic *nic, const struct pollfd *fds,
                      uint64_t now)
{
    if (nic->refused && ((fds[WATCH_REFUSED].revents && emu_session_input(nic->refused) != 0) ||
                         is_late(nic->refused, now))) {
        emu_session_destroy(nic->refused);
        nic->refused = NULL;
    }
    if (nic->client)
        serve_client(server, nic, fds[WATCH_CLIENT].revents != 0, now);
    if (fds[WATCH_LISTENER].revents)
        greet(server, nic);
}

static void watch_nic(const struct nic *nic, struct pollfd *fds)
{
    /* While one client is being told to go, others wait in the listener's queue. */
    const int watched[WATCH_COUNT] = {
        [WATCH_LISTENER] = nic->refused ? -1 : nic->listener.fd,
        [WATCH_CLIENT] = nic->client ? nic->client->fd : -1,
        [WATCH_REFUSED] = nic->refused ? nic->refused->fd : -1,
    };

    for (unsigned i = 0; i < WATCH_COUNT; i++)
        fds[i] = (struct pollfd){.fd = watched[i], .events = POLLIN};
}

static void sooner(uint64_t *when, uint64_t other)
{
    if (other != 0 && (*when == 0 || other < *when))
        *when = other;
}

/* Milliseconds until something is due, -1: nothing will be. */
static int time_left(const struct emu_server *server, uint64_t now)
{
    uint64_t when = server->next_stats;

    for (unsigned i = 0; i < server->count; i++) {
        const struct nic *nic = &server->nics[i];

        sooner(&when, nic->client ? nic->client->deadline : 0);
        sooner(&when, nic->refused ? nic->refused->deadline : 0);
    }
    if (when == 0)
        return -1;
    return when <= now ? 0 : (int)((when - now) / 1000000u + 1);
}

static void print_stats(struct emu_server *server)
{
    struct emu_snapshot now[EMU_DEVICES_MAX];
    struct emu_times times = emu_times_read(atomic_load(&server->loop.tid));

    emu_lock_take(&server->lock);
    for (unsigned i = 0; i < server->count; i++)
        emu_snapshot_take(&now[i], server->nics[i].dev);
    emu_lock_release(&server->lock);
    for (unsigned i = 0; i < server->count; i++) {
        now[i].times = times;
        emu_stats_print(server->config.out, server->nics[i].path, &now[i], &server->nics[i].last);
        server->nics[i].last = now[i];
    }
}

static void tick_stats(struct emu_server *server, uint64_t now)
{
    if (server->next_stats == 0 || now < server->next_stats)
        return;
    print_stats(server);
    /* From one due time to the next, so that lateness does not add up. */
    while (server->next_stats <= now)
        server->next_stats += server->config.stats_seconds * 1000000000ull;
}

/* False: it is time to end. */
static bool take_signal(struct emu_server *server)
{
    struct signalfd_siginfo info;

    if (read(server->config.signal_fd, &info, sizeof(info)) != sizeof(info))
        return errno == EAGAIN || errno == EINTR;
    if (info.ssi_signo != SIGUSR1)
        return false;
    print_stats(server);
    return true;
}

static void serve(struct emu_server *server)
{
    struct pollfd fds[1 + WATCH_COUNT * EMU_DEVICES_MAX];

    for (;;) {
        uint64_t now;

        fds[0] = (struct pollfd){.fd = server->config.signal_fd, .events = POLLIN};
        for (unsigned i = 0; i < server->count; i++)
            watch_nic(&server->nics[i], &fds[1 + WATCH_COUNT * i]);
        if (poll(fds, 1 + WATCH_COUNT * server->count, time_left(server, emu_now())) < 0)
            continue;
        now = emu_now();
        if (fds[0].revents && !take_signal(server))
            return;
        for (unsigned i = 0; i < server->count; i++)
            serve_nic(server, &server->nics[i], &fds[1 + WATCH_COUNT * i], now);
        tick_stats(server, now);
    }
}

int emu_server_run(struct emu_server *server)
{
    int err = emu_loop_start(&server->loop, server->config.cpu);

    if (err)
        return err;
    for (unsigned i = 0; i < server->count; i++) {
        emu_snapshot_take(&server->nics[i].last, server->nics[i].dev);
        fprintf(server->config.out, "ready: %s\n", server->nics[i].path);
    }
    fflush(server->config.out);
    if (server->config.stats_seconds)
        server->next_stats = emu_now() + server->config.stats_seconds * 1000000000ull;
    serve(server);
    if (server->config.stats)
        print_stats(server);
    emu_loop_stop(&server->loop);
    return 0;
}

void emu_server_destroy(struct emu_server *server)
{
    if (!server)
        return;
    for (unsigned i = 0; i < server->count; i++) {
        struct nic *nic = &server->nics[i];

        emu_unlisten(&nic->listener);
        emu_session_destroy(nic->client);
        emu_session_destroy(nic->refused);
        nic->dev->ops->destroy(nic->dev);
        free(nic->path);
    }
    pthread_mutex_destroy(&server->lock.mutex);
    free(server);
}
