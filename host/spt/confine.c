// SPDX-License-Identifier: ISC
/* What the tender that stays with a guest's PCI devices keeps for itself: to wait, to talk to the
 * guest and to the devices' servers, and to end. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/spt/spt.h"
#include "host/tender/sandbox.h"

#define HEAP_SIZE (256u << 10)

/* Waiting, time, and the end: giving back, but never taking. */
static void allow_rest(struct tender_sandbox *sandbox)
{
    static const int calls[] = {SYS_poll,   SYS_ppoll,  SYS_restart_syscall, SYS_wait4,
                                SYS_munmap, SYS_close,  SYS_rt_sigaction,    SYS_rt_sigprocmask,
                                SYS_getpid, SYS_gettid, SYS_prlimit64,       SYS_exit_group};

    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++)
        tender_sandbox_allow(sandbox, calls[i]);
    tender_sandbox_allow_value(sandbox, SYS_clock_gettime, 0, CLOCK_MONOTONIC);
    tender_sandbox_allow_value(sandbox, SYS_mmap, 2, PROT_NONE); /* in a BAR's place */
    for (int number = 1; number < SIGRTMIN; number++)
        tender_sandbox_allow_kick(sandbox, number); /* to die as the guest died */
}

int spt_confine(struct spt *spt, int signal_fd, int child)
{
    struct tender_sandbox sandbox;
    int rc = tender_sandbox_open(&sandbox, &spt->error);

    if (rc < 0)
        return rc;
    tender_sandbox_allow_fd(&sandbox, SYS_read, signal_fd);
    tender_sandbox_allow_fd(&sandbox, SYS_recvfrom, spt->guest_fd);
    tender_sandbox_allow_fd(&sandbox, SYS_sendto, spt->guest_fd);
    tender_sandbox_allow_fd(&sandbox, SYS_write, STDERR_FILENO);
    tender_sandbox_allow_value(&sandbox, SYS_kill, 0, (unsigned)child);
    for (unsigned i = 0; i < spt->pci.count; i++) {
        tender_sandbox_allow_pci(&sandbox, spt->pci.device[i].access);
        tender_sandbox_allow_fd(&sandbox, SYS_write, spt->pci.device[i].irq_fd);
    }
    allow_rest(&sandbox);
    rc = tender_sandbox_reserve(HEAP_SIZE, &spt->error);
    if (rc == 0)
        rc = tender_sandbox_load(&sandbox, &spt->error);
    tender_sandbox_close(&sandbox);
    return rc;
}
