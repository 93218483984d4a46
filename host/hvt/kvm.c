// SPDX-License-Identifier: ISC
#include "host/hvt/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICE "/dev/kvm"

/* The only version there has ever been since Linux 2.6.22 (api.rst, 4.1). */
#define API_VERSION 12

static int fail(struct tender_error *error, const char *what)
{
    int code = -errno;

    return tender_fail(error, code, "KVM: %s: %s", what, strerror(-code));
}

int kvm_open(struct kvm *kvm, struct tender_error *error)
{
    int version;

    *kvm = (struct kvm){.fd = -1, .vm = -1, .vcpu = -1, .vfio = -1};
    kvm->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    if (kvm->fd < 0 && (errno == EACCES || errno == EPERM))
        return tender_fail(error, -errno,
                           "no permission for " DEVICE
                           ": run as a user who may open it (group kvm), "
                           "or build the unikernel for the native target, which needs no KVM");
    if (kvm->fd < 0)
        return tender_fail(error, -errno,
                           "cannot open " DEVICE ": %s: this machine offers no KVM; "
                           "the native target needs none (NAME.native instead of NAME.hvt)",
                           strerror(errno));
    version = ioctl(kvm->fd, KVM_GET_API_VERSION, 0);
    if (version != API_VERSION)
        return tender_fail(error, -ENOSYS, DEVICE ": API version %d, expected %d", version,
                           API_VERSION);
    return 0;
}

int kvm_create(struct kvm *kvm, struct tender_error *error)
{
    int size = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    void *run;

    if (size < (int)sizeof *kvm->run)
        return fail(error, "KVM_GET_VCPU_MMAP_SIZE");
    kvm->vm = ioctl(kvm->fd, KVM_CREATE_VM, 0);
    if (kvm->vm < 0)
        return fail(error, "cannot create a virtual machine");
    kvm->vcpu = ioctl(kvm->vm, KVM_CREATE_VCPU, 0);
    if (kvm->vcpu < 0)
        return fail(error, "cannot create a virtual CPU");
    run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, kvm->vcpu, 0);
    if (run == MAP_FAILED)
        return fail(error, "cannot map the virtual CPU's state");
    kvm->run = run;
    kvm->run_size = (size_t)size;
    return 0;
}

void kvm_close(struct kvm *kvm)
{
    if (kvm->run != NULL)
        munmap(kvm->run, kvm->run_size);
    if (kvm->vfio >= 0)
        close(kvm->vfio);
    if (kvm->vcpu >= 0)
        close(kvm->vcpu);
    if (kvm->vm >= 0)
        close(kvm->vm);
    if (kvm->fd >= 0)
        close(kvm->fd);
    *kvm = (struct kvm){.fd = -1, .vm = -1, .vcpu = -1, .vfio = -1};
}

int kvm_add_memory(struct kvm *kvm, uint64_t addr, uint64_t size, void *host,
                   struct tender_error *error)
{
    struct kvm_userspace_memory_region region = {.slot = kvm->slots,
                                                 .guest_phys_addr = addr,
                                                 .memory_size = size,
                                                 .userspace_addr = (uintptr_t)host};

    if (ioctl(kvm->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return tender_fail(error, -errno,
                           "KVM: cannot give the guest %" PRIu64 " bytes at 0x%" PRIx64 ": %s",
                           size, addr, strerror(errno));
    kvm->slots++;
    return 0;
}

int kvm_run(struct kvm *kvm)
{
    return ioctl(kvm->vcpu, KVM_RUN, 0) < 0 ? -errno : 0;
}

int kvm_unblock(struct kvm *kvm, uint64_t mask, struct tender_error *error)
{
    union {
        struct kvm_signal_mask head;
        uint8_t bytes[sizeof(struct kvm_signal_mask) + sizeof mask];
    } request = {.head = {.len = sizeof mask}};

    memcpy(request.head.sigset, &mask, sizeof mask);
    if (ioctl(kvm->vcpu, KVM_SET_SIGNAL_MASK, &request) < 0)
        return fail(error, "KVM_SET_SIGNAL_MASK");
    return 0;
}
