// SPDX-License-Identifier: ISC
/* A thread that sees devices that are lost (pci_loss.c). */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/tender/pci_parts.h"

#define STACK_SIZE (128u << 10)

struct tender_pci_watch {
    pthread_t thread;
    void (*lost)(void *arg, const char *reason);
    void *arg;
    int stop_fd;   /* an eventfd that ends the thread */
    sem_t started; /* it makes none of a new thread's system calls any more */
    struct tender_pci_loss loss;
    struct tender_error error; /* what `lost` is told */
    unsigned count;
    struct pollfd poll[MFT_MAX_ENTRIES]; /* of the devices, then stop_fd */
};

static void *watch(void *arg)
{
    struct tender_pci_watch *w = arg;

    sem_post(&w->started);
    for (;;) {
        int ready = poll(w->poll, w->count + 1, tender_pci_loss_timeout(&w->loss));

        if (ready < 0)
            continue; /* EINTR, and nothing else */
        if (w->poll[w->count].revents != 0)
            return NULL;
        if (tender_pci_loss_step(&w->loss, &w->error) < 0)
            break;
    }
    w->lost(w->arg, w->error.text);
    return NULL;
}

/* Signals are for the other threads. */
static int start_thread(struct tender_pci_watch *w)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int rc = pthread_attr_init(&attr);

    if (rc != 0)
        return -rc;
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sem_init(&w->started, 0, 0);
    rc = pthread_create(&w->thread, &attr, watch, w);
    while (rc == 0 && sem_wait(&w->started) < 0)
        ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -rc;
}

int tender_pci_watch(struct tender_pci *pci, void (*lost)(void *arg, const char *reason), void *arg,
                     struct tender_error *error)
{
    struct tender_pci_watch *w;
    int rc;

    if (pci->count == 0)
        return 0;
    w = calloc(1, sizeof(*w));
    if (w == NULL)
        return tender_fail(error, -ENOMEM, "no memory to watch the devices");
    w->lost = lost;
    w->arg = arg;
    w->count = pci->count;
    tender_pci_loss_init(&w->loss, pci, w->poll);
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    w->poll[w->count] = (struct pollfd){.fd = w->stop_fd, .events = POLLIN};
    rc = w->stop_fd < 0 ? -errno : start_thread(w);
    if (rc < 0) {
        if (w->stop_fd >= 0)
            close(w->stop_fd);
        free(w);
        return tender_fail(error, rc, "cannot watch the devices: %s", strerror(-rc));
    }
    pci->watch = w;
    return 0;
}

int tender_pci_watch_fd(const struct tender_pci *pci)
{
    return pci->watch != NULL ? pci->watch->stop_fd : -1;
}

void tender_pci_unwatch(struct tender_pci *pci)
{
    struct tender_pci_watch *w = pci->watch;
    const uint64_t one = 1;

    if (w == NULL)
        return;
    pci->watch = NULL;
    while (write(w->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    pthread_join(w->thread, NULL);
    close(w->stop_fd);
    free(w);
}
