// SPDX-License-Identifier: ISC
/*
 * The floor under a unikernel's start: what it costs to create a virtual machine, run two
 * instructions in it, and leave. Exit status 0, and nothing on stdout. With nothing of Penstock in
 * it, and no message better than perror's.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define MEMORY 0x1000u

/* Real mode, at address 0: out %al, $0x10; hlt. */
static const uint8_t program[] = {0xe6, 0x10, 0xf4};

static int check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(EXIT_FAILURE);
    }
    return result;
}

static void *map(size_t size, int flags, int fd)
{
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

    check(address == MAP_FAILED ? -1 : 0, "mmap");
    return address;
}

static void set_registers(int vcpu)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rip = 0, .rflags = 2};

    check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
    sregs.cs.base = sregs.cs.selector = 0;
    check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
    check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

int main(void)
{
    int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    void *memory = map(MEMORY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY,
                                                 .userspace_addr = (uintptr_t)memory};
    struct kvm_run *run;
    int vcpu, size;

    memcpy(memory, program, sizeof program);
    check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    run = map((size_t)size, MAP_SHARED, vcpu);
    set_registers(vcpu);
    check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
    return run->exit_reason == KVM_EXIT_IO && run->io.port == 0x10 ? EXIT_SUCCESS : EXIT_FAILURE;
}
