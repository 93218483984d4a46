// SPDX-License-Identifier: ISC
/* The core file of this guest: its registers in Linux's order, RAM and DMA memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#include "host/hvt/hvt.h"

static struct user_regs_struct order(const struct hvt *hvt, const struct kvm_regs *r,
                                     const struct kvm_sregs *s)
{
    return (struct user_regs_struct){.r15 = r->r15,
                                     .r14 = r->r14,
                                     .r13 = r->r13,
                                     .r12 = r->r12,
                                     .rbp = r->rbp,
                                     .rbx = r->rbx,
                                     .r11 = r->r11,
                                     .r10 = r->r10,
                                     .r9 = r->r9,
                                     .r8 = r->r8,
                                     .rax = r->rax,
                                     .rcx = r->rcx,
                                     .rdx = r->rdx,
                                     .rsi = r->rsi,
                                     .rdi = r->rdi,
                                     .orig_rax = UINT64_MAX,
                                     .rip = r->rip,
                                     .cs = hvt->ring3 ? RING3_CODE : RING0_CODE,
                                     .eflags = r->rflags,
                                     .rsp = r->rsp,
                                     .ss = hvt->ring3 ? RING3_DATA : RING0_DATA,
                                     .fs_base = s->fs.base,
                                     .gs_base = s->gs.base,
                                     .ds = s->ds.selector,
                                     .es = s->es.selector,
                                     .fs = s->fs.selector,
                                     .gs = s->gs.selector};
}

static int read_registers(struct hvt *hvt, struct elf_prstatus *status)
{
    struct kvm_regs regs = hvt->trap_regs;
    struct user_regs_struct ordered;
    struct kvm_sregs sregs;

    if ((!hvt->trapped && ioctl(hvt->kvm.vcpu, KVM_GET_REGS, &regs) < 0) ||
        ioctl(hvt->kvm.vcpu, KVM_GET_SREGS, &sregs) < 0)
        return tender_fail(&hvt->error, -errno, "KVM: cannot read registers: %s", strerror(errno));
    ordered = order(hvt, &regs, &sregs);
    *status = (struct elf_prstatus){.pr_pid = getpid()};
    status->pr_info.si_signo = status->pr_cursig = SIGABRT;
    memcpy(&status->pr_reg, &ordered, sizeof ordered);
    return 0;
}

static void add(struct core_memory *memory, unsigned *count, const struct tender_dma *dma)
{
    if (dma->host != NULL)
        memory[(*count)++] =
            (struct core_memory){.addr = dma->addr, .size = dma->size, .host = dma->host};
}

int hvt_dump_core(struct hvt *hvt)
{
    struct core_memory memory[MFT_MAX_ENTRIES + 1];
    struct elf_prstatus status;
    unsigned count = 0;
    int rc;

    if (hvt->core.fd < 0 || hvt->status != HVT_STATUS_TRAP)
        return 0;
    memory[count++] = (struct core_memory){.size = hvt->mem_size, .host = hvt->memory.ram};
    add(memory, &count, &hvt->pci.dma);
    for (unsigned i = 0; i < hvt->pci.count; i++)
        add(memory, &count, &hvt->pci.device[i].dma);
    rc = read_registers(hvt, &status);
    if (rc == 0)
        rc = core_write(&hvt->core, &status, sizeof status, memory, count, &hvt->error);
    if (rc == 0)
        fprintf(stderr, "%s: core file written: %s/%s\n", program_invocation_short_name,
                hvt->core.folder, hvt->core.name);
    return rc;
}
