// SPDX-License-Identifier: ISC
/*
 * What the guest's CPU says of itself: what KVM supports, less what is no use to a unikernel or
 * only widens what it can attack (virtualisation, enclaves, paravirtual clocks, interrupt timers).
 */
#ifndef PENSTOCK_HVT_CPUID_H
#define PENSTOCK_HVT_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/hvt/kvm.h"

#define CPUID_ENTRIES 256u

union cpuid {
    struct kvm_cpuid2 table;
    uint8_t bytes[sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2)];
};

/* What the tender wants to know of it. */
struct cpu_features {
    unsigned address_bits; /* physical */
    bool gigabyte_pages;
    bool fsgsbase;
    bool xsave;
    uint64_t xcr0; /* the register state that we allow: x87, SSE, AVX, AVX-512 */
};

/* Asks an open KVM, and takes out what the guest does not get. */
int cpuid_read(const struct kvm *kvm, union cpuid *cpuid, struct tender_error *error);

/* The second half of that, by itself. */
void cpuid_filter(union cpuid *cpuid);

struct cpu_features cpuid_features(const union cpuid *cpuid);

#endif
