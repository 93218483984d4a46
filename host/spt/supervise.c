// SPDX-License-Identifier: ISC
/*
 * A guest with PCI devices is a child of the tender's. The tender has the devices: it stops them on
 * every way out, tells when one is lost, and does for the guest what needs more than memory.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/spt/spt.h"

enum { SIGNALS, REQUESTS, DEVICES }; /* in struct supervisor's poll */

struct supervisor {
    struct spt *spt;
    pid_t child;
    struct tender_pci_loss loss;
    struct pollfd poll[DEVICES + MFT_MAX_ENTRIES];
};

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (unsigned i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        sigaddset(set, deadly[i]);
}

/* ---- the guest's requests ---- */

static int config_read(struct tender_pci *pci, struct spt_request *request)
{
    struct hvt_pci_config_read read = {
        .handle = request->handle, .offset = (uint32_t)request->offset, .size = request->size};

    if (request->offset > UINT32_MAX)
        return HVT_R_EINVAL;
    tender_pci_config_read(pci, &read);
    request->value = read.value;
    return read.ret;
}

static int region_access(struct tender_pci *pci, struct spt_request *request)
{
    struct hvt_pci_region_access access = {.handle = request->handle,
                                           .offset = request->offset,
                                           .value = request->value,
                                           .bar = request->bar,
                                           .size = request->size};

    if (request->kind == SPT_PCI_REGION_READ)
        tender_pci_region_read(pci, &access);
    else
        tender_pci_region_write(pci, &access);
    request->value = access.value;
    return access.ret;
}

static int irq_unmask(struct tender_pci *pci, const struct spt_request *request)
{
    struct tender_pci_device *device = tender_pci_find(pci, request->handle);

    if (device == NULL)
        return HVT_R_EINVAL;
    if (atomic_load(&device->lost))
        return HVT_R_EUNSPEC;
    return pci_irq_unmask(device->access, device->irq_kind) == 0 ? HVT_R_OK : HVT_R_EUNSPEC;
}

static int serve(struct tender_pci *pci, struct spt_request *request)
{
    switch (request->kind) {
    case SPT_PCI_CONFIG_READ:
        return config_read(pci, request);
    case SPT_PCI_REGION_READ:
    case SPT_PCI_REGION_WRITE:
        return region_access(pci, request);
    case SPT_IRQ_UNMASK:
        return irq_unmask(pci, request);
    }
    return HVT_R_EINVAL;
}

/* A guest that does not read its answers gets no more of them. */
static void answer(struct spt *spt)
{
    struct spt_request request;

    if (recv(spt->guest_fd, &request, sizeof request, MSG_DONTWAIT) != sizeof request)
        return;
    request.ret = serve(&spt->pci, &request);
    (void)!send(spt->guest_fd, &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- the end ---- */

static void reap(struct supervisor *s, int flags, bool *ended)
{
    int status;

    if (waitpid(s->child, &status, flags) != s->child)
        return;
    s->child = -1;
    *ended = true;
    s->spt->status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
    s->spt->killed_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void end_child(struct supervisor *s)
{
    bool ended;

    if (s->child < 0)
        return;
    kill(s->child, SIGKILL);
    reap(s, 0, &ended);
}

static int read_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;

    while (read(s->poll[SIGNALS].fd, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD)
            return tender_fail(&s->spt->error, -EINTR, "Exiting on signal %u", info.ssi_signo);
    return 0;
}

static int watch(struct supervisor *s)
{
    bool ended = false;

    while (!ended) {
        int rc;

        if (poll(s->poll, DEVICES + s->spt->pci.count, tender_pci_loss_timeout(&s->loss)) < 0) {
            if (errno != EINTR)
                return tender_fail(&s->spt->error, -errno, "poll: %s", strerror(errno));
            continue;
        }
        rc = tender_pci_loss_step(&s->loss, &s->spt->error);
        if (rc == 0)
            rc = read_signals(s);
        if (rc < 0)
            return rc;
        if (s->poll[REQUESTS].revents & POLLIN)
            answer(s->spt);
        else if (s->poll[REQUESTS].revents != 0)
            s->poll[REQUESTS].fd = -1; /* the guest has ended; its status comes */
        reap(s, WNOHANG, &ended);
    }
    /* As registers answer that are gone, or switched off. */
    return s->spt->killed_by == SIGBUS ? tender_pci_fault(&s->spt->pci, 0, &s->spt->error) : 0;
}

/* ---- the beginning ---- */

static int fill_poll(struct supervisor *s)
{
    struct spt *spt = s->spt;
    sigset_t set;

    fill(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->poll[SIGNALS] =
        (struct pollfd){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN};
    s->poll[REQUESTS] = (struct pollfd){.fd = spt->guest_fd, .events = POLLIN};
    tender_pci_loss_init(&s->loss, &spt->pci, &s->poll[DEVICES]);
    if (s->poll[SIGNALS].fd < 0)
        return tender_fail(&spt->error, -errno, "signalfd: %s", strerror(errno));
    return 0;
}

/* Signals that end a tender are the parent's, also where a terminal sends them to both. */
static void be_the_guest(struct spt *spt, pid_t tender)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != tender)
        _exit(EXIT_FAILURE);
    spt_launch(spt);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, spt->error.text);
    _exit(EXIT_FAILURE);
}

int spt_supervise(struct spt *spt)
{
    struct supervisor s = {.spt = spt};
    pid_t tender = getpid();
    int rc = fill_poll(&s);

    if (rc < 0)
        return rc;
    s.child = fork();
    if (s.child == 0)
        be_the_guest(spt, tender);
    if (s.child < 0) {
        rc = tender_fail(&spt->error, -errno, "fork: %s", strerror(errno));
    } else {
        close(spt->server_fd);
        spt->server_fd = -1;
        spt_memory_close(spt);
        rc = spt_confine(spt, s.poll[SIGNALS].fd, s.child);
        if (rc == 0)
            rc = watch(&s);
    }
    end_child(&s);
    close(s.poll[SIGNALS].fd);
    return rc;
}
