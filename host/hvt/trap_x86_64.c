// SPDX-License-Identifier: ISC
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/hvt/hvt.h"
#include "host/hvt/trap.h"

#define VECTOR_DB 1u
#define VECTOR_BP 3u

bool hvt_in_stub(struct hvt *hvt)
{
    struct kvm_sregs sregs;

    /* Nothing else runs at ring 0 of a guest that started at ring 3. */
    return hvt->ring3 && ioctl(hvt->kvm.vcpu, KVM_GET_SREGS, &sregs) == 0 &&
           (sregs.cs.selector & 3) == 0;
}

int hvt_trap(struct hvt *hvt)
{
    const struct trap_frame *frame;
    struct kvm_sregs sregs;
    struct kvm_regs regs;
    char place[160], text[320];

    if (ioctl(hvt->kvm.vcpu, KVM_GET_REGS, &regs) < 0 ||
        ioctl(hvt->kvm.vcpu, KVM_GET_SREGS, &sregs) < 0)
        return tender_fail(&hvt->error, -errno, "KVM: cannot read registers: %s", strerror(errno));
    frame = ring0_frame(&hvt->ring0, regs.rsp);
    if (frame == NULL)
        return hvt_report(hvt, "an exception that left no frame", &regs);
    regs.rip = frame->rip;
    regs.rsp = frame->rsp;
    regs.rflags = frame->rflags;
    if (hvt->gdb.fd >= 0) {
        bool asked = frame->vector == VECTOR_DB || frame->vector == VECTOR_BP;
        int rc = gdb_stop(hvt, &regs, asked ? SIGTRAP : SIGSEGV);

        if (asked || rc != HVT_CONTINUE)
            return rc;
    }
    hvt_describe(hvt, sregs.cr2, place, sizeof place);
    trap_text(frame->vector, frame->error, sregs.cr2, place, text, sizeof text);
    return hvt_report(hvt, text, &regs);
}
