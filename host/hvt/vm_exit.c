// SPDX-License-Identifier: ISC
/* The loop: let the guest run, see why it came back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/hvt/hvt.h"
#include "host/hvt/trap_port_x86_64.h"

static int on_io(struct hvt *hvt)
{
    const struct kvm_run *run = hvt->kvm.run;
    uint32_t arg;

    if (run->io.port == TRAP_PORT && hvt_in_stub(hvt))
        return hvt_trap(hvt);
    if (run->io.direction != KVM_EXIT_IO_OUT || run->io.size != sizeof arg || run->io.count != 1 ||
        run->io.port <= HVT_PORT_BASE || run->io.port >= HVT_PORT_BASE + HVT_PORTS)
        return tender_fail(&hvt->error, -EINVAL, "Invalid guest port access: port=0x%x",
                           run->io.port);
    memcpy(&arg, (const uint8_t *)run + run->io.data_offset, sizeof arg);
    return hvt_hypercall(hvt, run->io.port - HVT_PORT_BASE, arg);
}

static int on_internal_error(struct hvt *hvt)
{
    const struct kvm_run *run = hvt->kvm.run;
    char what[160];

    snprintf(what, sizeof what, "KVM gives up: internal error, suberror %u%s",
             run->internal.suberror,
             run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION
                 ? " (an instruction that it cannot emulate)"
                 : "");
    return hvt_report_now(hvt, what);
}

static int on_exit(struct hvt *hvt)
{
    const struct kvm_run *run = hvt->kvm.run;

    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        return on_io(hvt);
    case KVM_EXIT_MMIO:
        return hvt_mmio(hvt);
    case KVM_EXIT_SHUTDOWN:
        return hvt_report_now(hvt, "an exception that nothing handles (triple fault)");
    case KVM_EXIT_HLT:
        return hvt_report_now(hvt, "it halted the CPU, and nothing can wake it up");
    case KVM_EXIT_INTERNAL_ERROR:
        return on_internal_error(hvt);
    case KVM_EXIT_FAIL_ENTRY:
        return tender_fail(&hvt->error, -EIO,
                           "KVM: the CPU refused to enter the guest: reason 0x%llx",
                           (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
    default:
        return tender_fail(&hvt->error, -EIO, "KVM: unhandled exit: exit_reason=0x%x",
                           run->exit_reason);
    }
}

/* KVM_EXIT_MEMORY_FAULT, since Linux 6.8 beside -EFAULT, and what it says: our headers may be
 * older. */
#define MEMORY_FAULT 39
struct memory_fault {
    uint64_t flags;
    uint64_t gpa;
    uint64_t size;
};

/* Memory that the host took away or holds read-only: an older KVM does not say where. */
static int on_fault(struct hvt *hvt)
{
    struct memory_fault fault = {.gpa = 0};

    hvt->stats.other++;
    if (hvt->kvm.run->exit_reason == MEMORY_FAULT)
        memcpy(&fault, &hvt->kvm.run->hw, sizeof fault);
    if (tender_pci_fault(&hvt->pci, fault.gpa, &hvt->error) < 0)
        return -ENODEV;
    return hvt_report_now(hvt, "access to memory that the host refuses (read-only, or gone)");
}

static int debug(struct hvt *hvt, int signal)
{
    struct kvm_regs regs;

    if (hvt->gdb.fd < 0)
        return HVT_CONTINUE;
    if (ioctl(hvt->kvm.vcpu, KVM_GET_REGS, &regs) < 0)
        return tender_fail(&hvt->error, -errno, "KVM_GET_REGS: %s", strerror(errno));
    return gdb_stop(hvt, &regs, signal);
}

int hvt_run(struct hvt *hvt)
{
    int rc = debug(hvt, SIGTRAP);

    while (rc == HVT_CONTINUE) {
        rc = kvm_run(&hvt->kvm);
        if (rc == 0) {
            stats_count(&hvt->stats, hvt->kvm.run->exit_reason);
            rc = on_exit(hvt);
        } else if (rc == -EINTR) {
            rc = events_check(&hvt->events, &hvt->error);
        } else if (rc == -EFAULT) {
            rc = on_fault(hvt);
        } else {
            return tender_fail(&hvt->error, rc, "KVM_RUN: %s", strerror(-rc));
        }
        if (rc == HVT_CONTINUE && gdb_wants_stop(hvt))
            rc = debug(hvt, SIGINT);
    }
    return rc < 0 ? rc : 0;
}
