// SPDX-License-Identifier: ISC
/*
 * The guest's CPU: how it starts, and what can be read from and set on it later.
 */
#ifndef PENSTOCK_HVT_VCPU_H
#define PENSTOCK_HVT_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "host/hvt/cpuid.h"
#include "host/hvt/kvm.h"
#include "host/hvt/ring0.h"
#include "host/tender/error.h"

/* What registers hold at the first instruction (abi/hvt.h). */
struct vcpu_start {
    bool ring3;
    uint64_t entry;
    uint64_t stack;
    uint64_t boot_info;
    uint64_t extension;
};

/* Gives the CPU its features and takes model-specific registers away; before vcpu_start. */
int vcpu_setup(struct kvm *kvm, const union cpuid *cpuid, struct tender_error *error);

int vcpu_start(struct kvm *kvm, const struct cpu_features *features, const struct ring0 *ring0,
               const struct vcpu_start *start, struct tender_error *error);

/* Hz of the time stamp counter. */
int vcpu_tsc_frequency(const struct kvm *kvm, uint64_t *hz, struct tender_error *error);

/* KVM_SET_SREGS, with a task register that this host's CPU takes (found out at the first call);
 * whatever else is changed comes from KVM_GET_SREGS. */
int vcpu_set_sregs(struct kvm *kvm, struct kvm_sregs *sregs, struct tender_error *error);

/* Sets the base of %fs. -EINVAL: no address that the CPU can hold there. */
int vcpu_set_tls_base(struct kvm *kvm, uint64_t base, struct tender_error *error);

#endif
