// SPDX-License-Identifier: ISC
/*
 * A virtual machine with one CPU, as Linux's KVM gives it (Documentation/virt/kvm/api.rst), and
 * nothing of unikernels. No in-kernel interrupt controller is created.
 */
#ifndef PENSTOCK_HVT_KVM_H
#define PENSTOCK_HVT_KVM_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#include "host/tender/error.h"

struct kvm {
    int fd; /* /dev/kvm; -1: closed, as the others */
    int vm;
    int vcpu;
    struct kvm_run *run; /* shared with the kernel: why KVM_RUN came back */
    size_t run_size;
    unsigned slots; /* memory slots in use */
    int vfio;       /* KVM's VFIO device; -1: none was needed yet */
    int tss_type;   /* of the CPU's task register (vcpu_set_sregs); 0: not tried yet */
};

/* Opens /dev/kvm. The message names the remedy. */
int kvm_open(struct kvm *kvm, struct tender_error *error);

/* Creates the virtual machine and its CPU. */
int kvm_create(struct kvm *kvm, struct tender_error *error);

/* Also after a failure of the above, and twice. */
void kvm_close(struct kvm *kvm);

/* Puts size bytes at `host` (page aligned, stays the caller's) to guest physical address addr. */
int kvm_add_memory(struct kvm *kvm, uint64_t addr, uint64_t size, void *host,
                   struct tender_error *error);

/*
 * Tells KVM of a VFIO group or device, so that the guest's caching agrees with what the device's
 * DMA does (Documentation/virt/kvm/devices/vfio.rst). A kernel that cannot be told is none that
 * needs it.
 */
void kvm_add_vfio(struct kvm *kvm, int fd);

/*
 * Lets the guest run until it needs us: 0, kvm->run says why. -EINTR: a signal is pending that
 * `unblocked` by kvm_unblock; other errors are KVM's, -EFAULT among them for memory that the guest
 * may not access.
 */
int kvm_run(struct kvm *kvm);

/* Signals that end kvm_run although this thread blocks them: `mask` is what stays blocked meanwhile
 * (sigset_t's first 64 bits). */
int kvm_unblock(struct kvm *kvm, uint64_t mask, struct tender_error *error);

#endif
