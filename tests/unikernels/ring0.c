// SPDX-License-Identifier: ISC
/*
 * A unikernel as Solo5's are: no flags note, so it is entered at CPL 0, and nothing of our
 * bindings. Built without SSE, which KVM on PVM cannot interpret there.
 */
#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/elf_note.h"
#include "abi/hvt.h"

#define MSR_FS_BASE 0xc0000100u

struct hvt_abi_note {
    struct note_header header;
    struct abi_note abi;
};

/* unikernel.ld wants them by these names. */
extern const struct hvt_abi_note guest_abi_note;
extern const struct penstock_note guest_flags_note;
extern const char guest_interp[];

const struct hvt_abi_note guest_abi_note
    __attribute__((section(SOLO5_NOTE_ABI_SECTION), used, aligned(4))) = {
        .header = {SOLO5_NOTE_NAMESZ, sizeof(struct abi_note), SOLO5_NOTE_ABI, SOLO5_NOTE_NAME},
        .abi = {.abi_target = ABI_TARGET_HVT, .abi_version = HVT_ABI_VERSION},
};
/* A note that nobody knows, where the flags would be. */
const struct penstock_note guest_flags_note
    __attribute__((section(PENSTOCK_NOTE_FLAGS_SECTION), used, aligned(4))) = {
        .namesz = PENSTOCK_NOTE_NAMESZ,
        .descsz = sizeof(uint32_t),
        .type = 0,
        .name = PENSTOCK_NOTE_NAME,
        .flags = PENSTOCK_FLAG_RING3,
};
const char guest_interp[] __attribute__((section(".interp"), used)) = SOLO5_INTERP;

void start(const struct hvt_boot_info *boot);

__asm__(".globl _start\n"
        "_start: andq $-16, %rsp\n"
        "call start\n"
        "ud2\n");

static void call(unsigned nr, void *argument)
{
    __asm__ __volatile__("outl %0, %w1"
                         :
                         : "a"((uint32_t)(uintptr_t)argument), "d"(HVT_PORT(nr))
                         : "memory");
}

static void say(const char *text, uint64_t length)
{
    struct hvt_puts puts = {.data = (uintptr_t)text, .len = length};

    call(HVT_PUTS, &puts);
}

static bool at_ring_0(void)
{
    uint16_t cs;

    __asm__("movw %%cs, %0" : "=r"(cs));
    return (cs & 3) == 0;
}

/* No virtualisation, no enclaves, no KVM of KVM's own. */
static bool features_are_filtered(void)
{
    unsigned a, b, c, d, vmx, svm, sgx, kvm;

    __cpuid(1, a, b, vmx, d);
    __cpuid(0x80000001, a, b, svm, d);
    __cpuid_count(7, 0, a, sgx, c, d);
    __cpuid(0x40000001, kvm, b, c, d);
    return (vmx & (1u << 5)) == 0 && (svm & (1u << 2)) == 0 && (sgx & (1u << 2)) == 0 && kvm == 0;
}

/* As Solo5's bindings set it. */
static bool segment_base_can_be_set(void)
{
    uint32_t low = 0x12345678, high = 0;

    __asm__ __volatile__("wrmsr" : : "c"(MSR_FS_BASE), "a"(low), "d"(high));
    low = 0;
    __asm__ __volatile__("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_FS_BASE));
    return low == 0x12345678 && high == 0;
}

static bool clock_goes(void)
{
    struct hvt_walltime first = {0}, second = {0};

    call(HVT_WALLTIME, &first);
    call(HVT_WALLTIME, &second);
    return first.nsecs != 0 && second.nsecs > first.nsecs;
}

void start(const struct hvt_boot_info *boot)
{
    struct hvt_halt halt = {.exit_status = 1};

    if (at_ring_0() && features_are_filtered() && segment_base_can_be_set() && clock_goes() &&
        boot->mem_size == 32u << 20) {
        say("SUCCESS\n", 8);
        halt.exit_status = 0;
    }
    call(HVT_HALT, &halt);
}
