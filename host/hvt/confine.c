// SPDX-License-Identifier: ISC
/*
 * What the tender keeps for itself when its guest starts to run. The list is what the run and the
 * stop need, each call on its own descriptors; nothing in it makes memory, opens a file or a socket
 * or starts a thread or a process.
 */
#include <linux/fs.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/hvt/hvt.h"
#include "host/tender/elf_symbols.h"
#include "host/tender/sandbox.h"

#define HEAP_SIZE (256u << 10) /* for a report and its text, beside the symbols */

static void allow_cpu(struct tender_sandbox *sandbox, const struct kvm *kvm)
{
    static const unsigned long requests[] = {KVM_RUN, KVM_GET_REGS, KVM_GET_SREGS, KVM_SET_SREGS};

    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++)
        tender_sandbox_allow_ioctl(sandbox, kvm->vcpu, requests[i]);
}

static void allow_pci(struct tender_sandbox *sandbox, const struct tender_pci *pci)
{
    for (unsigned i = 0; i < pci->count; i++) {
        tender_sandbox_allow_fd(sandbox, SYS_read, pci->device[i].irq_fd);
        tender_sandbox_allow_fd(sandbox, SYS_write, pci->device[i].irq_fd);
        tender_sandbox_allow_pci(sandbox, pci->device[i].access);
    }
    tender_sandbox_allow_fd(sandbox, SYS_write, tender_pci_watch_fd(pci));
}

static void allow_net(struct tender_sandbox *sandbox, const struct tender_net *net)
{
    for (unsigned i = 0; i < net->count; i++) {
        tender_sandbox_allow_fd(sandbox, SYS_read, net->device[i].fd);
        tender_sandbox_allow_fd(sandbox, SYS_write, net->device[i].fd);
    }
}

static void allow_block(struct tender_sandbox *sandbox, const struct tender_block *block)
{
    for (unsigned i = 0; i < block->count; i++) {
        const struct tender_block_device *device = &block->device[i];

        tender_sandbox_allow_fd(sandbox, SYS_pread64, device->fd);
        tender_sandbox_allow_fd(sandbox, SYS_fdatasync, device->fd);
        if (device->read_only)
            continue;
        tender_sandbox_allow_fd(sandbox, SYS_pwrite64, device->fd);
        if (device->is_host_device)
            tender_sandbox_allow_ioctl(sandbox, device->fd, BLKDISCARD);
        else
            tender_sandbox_allow_fd(sandbox, SYS_fallocate, device->fd);
    }
}

static void allow_core(struct tender_sandbox *sandbox, const struct core *core)
{
    tender_sandbox_allow_fd(sandbox, SYS_pwrite64, core->fd);
    tender_sandbox_allow_fd(sandbox, SYS_ftruncate, core->fd);
    tender_sandbox_allow_unlink(sandbox, core->folder_fd, core->name);
}

static void allow_debugger(struct tender_sandbox *sandbox, const struct hvt *hvt)
{
    if (hvt->gdb.fd < 0)
        return;
    tender_sandbox_allow_ioctl(sandbox, hvt->kvm.vcpu, KVM_SET_REGS);
    tender_sandbox_allow_fd(sandbox, SYS_recvfrom, hvt->gdb.fd);
    tender_sandbox_allow_fd(sandbox, SYS_sendto, hvt->gdb.fd);
}

/* Waiting, time, locks, the end of a thread and of the process; giving back, but never taking. */
static void allow_rest(struct tender_sandbox *sandbox)
{
    static const int calls[] = {SYS_poll,   SYS_ppoll,          SYS_restart_syscall, SYS_futex,
                                SYS_getpid, SYS_rt_sigprocmask, SYS_munmap,          SYS_close,
                                SYS_exit,   SYS_exit_group};

    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++)
        tender_sandbox_allow(sandbox, calls[i]);
    tender_sandbox_allow_value(sandbox, SYS_clock_gettime, 0, CLOCK_REALTIME);
    tender_sandbox_allow_value(sandbox, SYS_clock_gettime, 0, CLOCK_MONOTONIC);
    tender_sandbox_allow_value(sandbox, SYS_madvise, 2, MADV_DONTNEED); /* a thread's old stack */
    tender_sandbox_allow_kick(sandbox, EVENTS_KICK);
}

static void allow(struct tender_sandbox *sandbox, const struct hvt *hvt)
{
    allow_cpu(sandbox, &hvt->kvm);
    allow_pci(sandbox, &hvt->pci);
    allow_net(sandbox, &hvt->net);
    allow_block(sandbox, &hvt->block);
    allow_core(sandbox, &hvt->core);
    allow_debugger(sandbox, hvt);
    tender_sandbox_allow_fd(sandbox, SYS_read, hvt->events.fd);
    tender_sandbox_allow_fd(sandbox, SYS_write, STDOUT_FILENO);
    tender_sandbox_allow_fd(sandbox, SYS_write, STDERR_FILENO);
    tender_sandbox_allow_fd(sandbox, SYS_pread64, hvt->elf.fd);
    allow_rest(sandbox);
}

int hvt_confine(struct hvt *hvt)
{
    struct tender_sandbox sandbox;
    int rc;

    hvt->symbols_size = elf_symbols_size(&hvt->elf);
    rc = core_open_folder(&hvt->core, &hvt->error);
    if (rc == 0)
        rc = tender_privileges_drop(&hvt->privileges, &hvt->error);
    if (rc == 0)
        rc = core_open(&hvt->core, &hvt->error);
    /* No other thread before here: setresuid(3) changes the ids of each in a signal's handler, and
     * does not wait for that to return, which is a system call that the filter has none of. */
    if (rc == 0)
        rc = tender_pci_watch(&hvt->pci, events_lost, &hvt->events, &hvt->error);
    if (rc == 0)
        rc = tender_sandbox_open(&sandbox, &hvt->error);
    if (rc < 0)
        return rc;
    allow(&sandbox, hvt);
    rc = tender_sandbox_reserve(HEAP_SIZE + hvt->symbols_size, &hvt->error);
    if (rc == 0)
        rc = tender_sandbox_load(&sandbox, &hvt->error);
    tender_sandbox_close(&sandbox);
    return rc;
}
