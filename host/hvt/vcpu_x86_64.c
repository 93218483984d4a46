// SPDX-License-Identifier: ISC
#include "host/hvt/vcpu.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "host/hvt/events.h"
#include "host/tender/log.h"

/* SDM volume 3, 2.5 and 2.2.1. */
#define CR0_PE         (1ull << 0)
#define CR0_MP         (1ull << 1)
#define CR0_ET         (1ull << 4)
#define CR0_NE         (1ull << 5)
#define CR0_WP         (1ull << 16)
#define CR0_PG         (1ull << 31)
#define CR4_PAE        (1ull << 5)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_OSXSAVE    (1ull << 18)
#define EFER_LME       (1ull << 8)
#define EFER_LMA       (1ull << 10)
#define EFER_NXE       (1ull << 11)
#define RFLAGS_SET     (1ull << 1)

#define MSR_FS_BASE 0xc0000100u /* then GS_BASE, KERNEL_GS_BASE */

#define TYPE_DATA     3  /* read/write, accessed */
#define TYPE_CODE     11 /* execute/read, accessed */
#define TYPE_TSS_BUSY 11 /* 64-bit */
#define TYPE_TSS      9  /* 64-bit, available */

static int fail(struct tender_error *error, const char *what)
{
    int code = -errno;

    return tender_fail(error, code, "KVM: %s: %s", what, strerror(-code));
}

/* No model-specific registers but the segment bases, which a guest at ring 0 sets by itself. */
static int filter_msrs(struct kvm *kvm, struct tender_error *error)
{
    uint8_t allowed[8] = {7};
    struct kvm_msr_filter filter = {
        .flags = KVM_MSR_FILTER_DEFAULT_DENY,
        .ranges[0] = {.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
                      .base = MSR_FS_BASE,
                      .nmsrs = 3,
                      .bitmap = allowed}};

    if (ioctl(kvm->vm, KVM_CHECK_EXTENSION, KVM_CAP_X86_MSR_FILTER) <= 0) {
        tender_debug("this KVM cannot filter model-specific registers");
        return 0;
    }
    return ioctl(kvm->vm, KVM_X86_SET_MSR_FILTER, &filter) < 0
               ? fail(error, "KVM_X86_SET_MSR_FILTER")
               : 0;
}

int vcpu_setup(struct kvm *kvm, const union cpuid *cpuid, struct tender_error *error)
{
    if (ioctl(kvm->vcpu, KVM_SET_CPUID2, &cpuid->table) < 0)
        return fail(error, "KVM_SET_CPUID2");
    return filter_msrs(kvm, error);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool code)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = selector,
                                .type = type,
                                .present = 1,
                                .dpl = selector & 3,
                                .db = !code,
                                .s = 1,
                                .l = code,
                                .g = 1};
}

static void set_segments(struct kvm_sregs *sregs, const struct ring0 *ring0, bool ring3)
{
    struct kvm_segment data = segment(ring3 ? RING3_DATA : RING0_DATA, TYPE_DATA, false);

    sregs->cs = segment(ring3 ? RING3_CODE : RING0_CODE, TYPE_CODE, true);
    sregs->ss = sregs->ds = sregs->es = sregs->fs = sregs->gs = data;
    sregs->ldt = (struct kvm_segment){.unusable = 1};
    sregs->tr = (struct kvm_segment){.present = 1}; /* its type: vcpu_set_sregs */
    sregs->gdt = (struct kvm_dtable){.base = ring0->gdt, .limit = ring0->gdt_limit};
    sregs->idt = (struct kvm_dtable){.limit = 0};
    if (ring3) {
        sregs->tr.base = ring0->tss;
        sregs->tr.limit = ring0->tss_limit;
        sregs->tr.selector = RING0_TSS;
        sregs->idt = (struct kvm_dtable){.base = ring0->idt, .limit = ring0->idt_limit};
    }
}

/*
 * VT-x enters no guest whose TSS is not busy (SDM volume 3, 27.3.1.2). SVM does not keep that bit:
 * it has what the descriptor said before the TSS was loaded, real CPUs take both, and QEMU's finds
 * no I/O bitmap in a TSS that is busy. KVM tells them apart: for SVM it adds the bit to what it is
 * asked for. Anything else (VT-x, PVM) gives back what was set, and gets the architecture's value.
 */
static int find_tss_type(const struct kvm *kvm, const struct kvm_sregs *sregs)
{
    struct kvm_sregs asked = *sregs, answered;

    asked.tr.type = TYPE_TSS;
    if (ioctl(kvm->vcpu, KVM_SET_SREGS, &asked) < 0 ||
        ioctl(kvm->vcpu, KVM_GET_SREGS, &answered) < 0)
        return TYPE_TSS_BUSY;
    return answered.tr.type == TYPE_TSS_BUSY ? TYPE_TSS : TYPE_TSS_BUSY;
}

int vcpu_set_sregs(struct kvm *kvm, struct kvm_sregs *sregs, struct tender_error *error)
{
    if (kvm->tss_type == 0)
        kvm->tss_type = find_tss_type(kvm, sregs);
    sregs->tr.type = (uint8_t)kvm->tss_type;
    return ioctl(kvm->vcpu, KVM_SET_SREGS, sregs) < 0 ? fail(error, "KVM_SET_SREGS") : 0;
}

static int set_system_registers(struct kvm *kvm, const struct cpu_features *features,
                                const struct ring0 *ring0, bool ring3, struct tender_error *error)
{
    struct kvm_sregs sregs;

    if (ioctl(kvm->vcpu, KVM_GET_SREGS, &sregs) < 0)
        return fail(error, "KVM_GET_SREGS");
    set_segments(&sregs, ring0, ring3);
    sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
    sregs.cr3 = ring0->root;
    sregs.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (ring3 && features->xsave)
        sregs.cr4 |= CR4_OSXSAVE;
    if (ring3 && features->fsgsbase)
        sregs.cr4 |= CR4_FSGSBASE;
    sregs.efer = EFER_LME | EFER_LMA | EFER_NXE; /* not SCE: syscall is an invalid instruction */
    return vcpu_set_sregs(kvm, &sregs, error);
}

/* SSE is there anyway. Without AVX a unikernel only is slower, unless it was built for it: then it
 * traps and says so. */
static void allow_vectors(struct kvm *kvm, const struct cpu_features *features)
{
    struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs[0] = {.xcr = 0, .value = features->xcr0}};

    if (features->xcr0 != 0 && ioctl(kvm->vcpu, KVM_SET_XCRS, &xcrs) < 0)
        tender_debug("KVM: KVM_SET_XCRS: %s: the guest has no AVX", strerror(errno));
}

int vcpu_start(struct kvm *kvm, const struct cpu_features *features, const struct ring0 *ring0,
               const struct vcpu_start *start, struct tender_error *error)
{
    struct kvm_regs regs = {.rip = start->entry,
                            .rsp = start->stack,
                            .rdi = start->boot_info,
                            .rsi = start->extension,
                            .rflags = RFLAGS_SET};
    int rc = set_system_registers(kvm, features, ring0, start->ring3, error);

    if (rc < 0)
        return rc;
    if (start->ring3)
        allow_vectors(kvm, features);
    return ioctl(kvm->vcpu, KVM_SET_REGS, &regs) < 0 ? fail(error, "KVM_SET_REGS") : 0;
}

/* Against the clock, for a fiftieth of a second. */
static uint64_t measure_tsc(void)
{
    uint64_t start = events_now(), cycles = __rdtsc(), now;

    do
        now = events_now();
    while (now - start < 20000000);
    cycles = __rdtsc() - cycles;
    return (uint64_t)((double)cycles * 1e9 / (double)(now - start));
}

int vcpu_tsc_frequency(const struct kvm *kvm, uint64_t *hz, struct tender_error *error)
{
    int khz = ioctl(kvm->vcpu, KVM_GET_TSC_KHZ, 0);

    if (khz < 0 && errno == EIO)
        return tender_fail(error, -EIO, "the host's time stamp counter is not stable");
    if (khz > 0) {
        *hz = (uint64_t)khz * 1000;
        return 0;
    }
    *hz = measure_tsc();
    tender_warn("KVM does not know the frequency of the time stamp counter: measured %llu kHz",
                (unsigned long long)*hz / 1000);
    return 0;
}

int vcpu_set_tls_base(struct kvm *kvm, uint64_t base, struct tender_error *error)
{
    struct kvm_sregs sregs;

    /* Bits 63 to 47 are all alike (SDM volume 1, 3.3.7.1). */
    if (base >> 47 != 0 && base >> 47 != 0x1ffff)
        return -EINVAL;
    if (ioctl(kvm->vcpu, KVM_GET_SREGS, &sregs) < 0)
        return fail(error, "KVM_GET_SREGS");
    sregs.fs.base = base;
    return vcpu_set_sregs(kvm, &sregs, error);
}
