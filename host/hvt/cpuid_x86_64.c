// SPDX-License-Identifier: ISC
#include "host/hvt/cpuid.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E. */
#define LEAF_FEATURES  1u
#define LEAF_EXTENDED  7u
#define LEAF_XSAVE     0xdu
#define LEAF_SGX       0x12u
#define LEAF_KVM       0x40000001u /* features of KVM's own, Documentation/virt/kvm/x86/cpuid.rst */
#define LEAF_AMD       0x80000001u
#define LEAF_ADDRESSES 0x80000008u
#define LEAF_SVM       0x8000000au
#define LEAF_SEV       0x8000001fu

#define FEATURES_ECX_MONITOR      (1u << 3)
#define FEATURES_ECX_VMX          (1u << 5)
#define FEATURES_ECX_SMX          (1u << 6)
#define FEATURES_ECX_X2APIC       (1u << 21)
#define FEATURES_ECX_TSC_DEADLINE (1u << 24)
#define FEATURES_ECX_XSAVE        (1u << 26)
#define EXTENDED_EBX_FSGSBASE     (1u << 0)
#define EXTENDED_EBX_SGX          (1u << 2)
#define EXTENDED_ECX_SGX_LC       (1u << 30)
#define EXTENDED_EDX_AMX          (1u << 22 | 1u << 24 | 1u << 25)
#define AMD_ECX_SVM               (1u << 2)
#define AMD_ECX_SKINIT            (1u << 12)
#define AMD_EDX_GIGABYTE_PAGES    (1u << 26)

/* XCR0, SDM volume 1, 13.3: x87, SSE, AVX; the three of AVX-512, which go together. */
#define XCR0_BASE   7u
#define XCR0_AVX512 0xe0u

static void clear(struct kvm_cpuid_entry2 *entry)
{
    entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
}

static void filter_entry(struct kvm_cpuid_entry2 *entry)
{
    switch (entry->function) {
    case LEAF_FEATURES:
        entry->ecx &= ~(FEATURES_ECX_MONITOR | FEATURES_ECX_VMX | FEATURES_ECX_SMX |
                        FEATURES_ECX_X2APIC | FEATURES_ECX_TSC_DEADLINE);
        break;
    case LEAF_EXTENDED:
        if (entry->index == 0) {
            entry->ebx &= ~EXTENDED_EBX_SGX;
            entry->ecx &= ~EXTENDED_ECX_SGX_LC;
            entry->edx &= ~EXTENDED_EDX_AMX;
        }
        break;
    case LEAF_XSAVE:
        if (entry->index == 0) {
            entry->eax &= XCR0_BASE | XCR0_AVX512;
            entry->edx = 0;
        }
        break;
    case LEAF_AMD:
        entry->ecx &= ~(AMD_ECX_SVM | AMD_ECX_SKINIT);
        break;
    case LEAF_SGX:
    case LEAF_KVM:
    case LEAF_SVM:
    case LEAF_SEV:
        clear(entry);
        break;
    }
}

void cpuid_filter(union cpuid *cpuid)
{
    for (uint32_t i = 0; i < cpuid->table.nent; i++)
        filter_entry(&cpuid->table.entries[i]);
}

int cpuid_read(const struct kvm *kvm, union cpuid *cpuid, struct tender_error *error)
{
    cpuid->table = (struct kvm_cpuid2){.nent = CPUID_ENTRIES};
    if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, &cpuid->table) < 0)
        return tender_fail(error, -errno, "KVM: KVM_GET_SUPPORTED_CPUID: %s", strerror(errno));
    cpuid_filter(cpuid);
    return 0;
}

/* An entry, or one of zeros. */
static struct kvm_cpuid_entry2 find(const union cpuid *cpuid, uint32_t function)
{
    for (uint32_t i = 0; i < cpuid->table.nent; i++)
        if (cpuid->table.entries[i].function == function && cpuid->table.entries[i].index == 0)
            return cpuid->table.entries[i];
    return (struct kvm_cpuid_entry2){.function = function};
}

struct cpu_features cpuid_features(const union cpuid *cpuid)
{
    uint32_t bits = find(cpuid, LEAF_ADDRESSES).eax & 0xff;
    uint32_t xcr0 = find(cpuid, LEAF_XSAVE).eax & (XCR0_BASE | XCR0_AVX512);

    if ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || (xcr0 & XCR0_BASE) != XCR0_BASE)
        xcr0 &= ~XCR0_AVX512;
    return (struct cpu_features){
        /* 36 is what a CPU without this leaf has (SDM volume 3, 4.1.4). */
        .address_bits = bits != 0 ? bits : 36,
        .gigabyte_pages = (find(cpuid, LEAF_AMD).edx & AMD_EDX_GIGABYTE_PAGES) != 0,
        .fsgsbase = (find(cpuid, LEAF_EXTENDED).ebx & EXTENDED_EBX_FSGSBASE) != 0,
        .xsave = (find(cpuid, LEAF_FEATURES).ecx & FEATURES_ECX_XSAVE) != 0,
        .xcr0 = xcr0};
}
