// SPDX-License-Identifier: ISC
/* Does what a unikernel must not, one thing per run: the tender has to end it, with a report and
 * status 255. */
#include <solo5.h>
#include <stdint.h>
#include <stdlib.h>

#include "expect.h"

static const uint8_t constant[16] = {1};
static uint8_t data[16] = {0xc3}; /* ret */

/* An address of which the compiler knows nothing. */
static uintptr_t opaque(uintptr_t address)
{
    __asm__("" : "+r"(address));
    return address;
}

static void read_at(uintptr_t address)
{
    (void)*(volatile uint8_t *)opaque(address);
}

static void write_at(uintptr_t address)
{
    *(volatile uint8_t *)opaque(address) = 0;
}

static void call_at(uintptr_t address)
{
    ((void (*)(void))opaque(address))();
}

static void text_write(const char *argument)
{
    (void)argument;
    write_at((uintptr_t)text_write);
}

static void rodata_write(const char *argument)
{
    (void)argument;
    write_at((uintptr_t)constant);
}

static void boot_info_write(const char *argument)
{
    (void)argument;
    write_at(0x10000);
}

static void data_exec(const char *argument)
{
    (void)argument;
    call_at((uintptr_t)data);
}

static void stack_exec(const char *argument)
{
    volatile uint8_t code[16];

    (void)argument;
    code[0] = 0xc3;
    call_at((uintptr_t)code);
}

static void heap_exec(const char *argument)
{
    uint8_t *code = malloc(16);

    (void)argument;
    code[0] = 0xc3;
    call_at((uintptr_t)code);
}

static void null_read(const char *argument)
{
    (void)argument;
    read_at(0);
}

static void null_write(const char *argument)
{
    (void)argument;
    write_at(8);
}

static void null_call(const char *argument)
{
    (void)argument;
    call_at(0);
}

static void touch_read(const char *argument)
{
    read_at(strtoull(argument, NULL, 0));
}

static void touch_write(const char *argument)
{
    write_at(strtoull(argument, NULL, 0));
}

static void touch_call(const char *argument)
{
    call_at(strtoull(argument, NULL, 0));
}

static unsigned recurse(volatile unsigned *depth)
{
    volatile unsigned deeper = *depth + 1;

    return deeper == 0 ? 0 : recurse(&deeper) + *depth;
}

static void stack_overflow(const char *argument)
{
    volatile unsigned depth = 0;

    (void)argument;
    recurse(&depth);
}

static void libc_abort(const char *argument)
{
    (void)argument;
    abort();
}

#define INSTRUCTION(name, text)                    \
    static void name(const char *argument)         \
    {                                              \
        (void)argument;                            \
        __asm__ __volatile__(text : : : "memory"); \
    }

INSTRUCTION(divide_by_zero, "xor %%ecx, %%ecx; xor %%edx, %%edx; div %%ecx")
INSTRUCTION(invalid_opcode, "ud2")
INSTRUCTION(breakpoint, "int3")
INSTRUCTION(interrupt_80, "int $0x80")
INSTRUCTION(interrupt_32, "int $32")
INSTRUCTION(double_fault, "int $8")
INSTRUCTION(halt, "cli; hlt")
INSTRUCTION(write_cr0, "mov %%rax, %%cr0")
INSTRUCTION(read_cr3, "mov %%cr3, %%rax")
INSTRUCTION(write_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")
INSTRUCTION(write_cr4, "mov %%rax, %%cr4")
INSTRUCTION(write_dr7, "mov %%rax, %%dr7")
INSTRUCTION(write_msr, "mov $0xc0000080, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")
INSTRUCTION(read_msr, "mov $0xc0000080, %%ecx; rdmsr")
INSTRUCTION(load_gdt, "lgdt (%%rsp)")
INSTRUCTION(load_idt, "lidt (%%rsp)")
INSTRUCTION(load_tr, "xor %%eax, %%eax; ltr %%ax")
INSTRUCTION(invalidate_page, "invlpg (%%rsp)")
INSTRUCTION(write_back_caches, "wbinvd")
INSTRUCTION(system_call, "xor %%eax, %%eax; syscall")
INSTRUCTION(system_enter, "sysenter")
INSTRUCTION(system_return, "sysretq")
INSTRUCTION(swap_gs, "swapgs")
INSTRUCTION(non_canonical, "mov $0x8000000000000000, %%rax; mov (%%rax), %%rax")
INSTRUCTION(far_return_to_ring_0, "push $0x08; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:")

static const struct test_case cases[] = {
    {"text_write", text_write},
    {"rodata_write", rodata_write},
    {"boot_info_write", boot_info_write},
    {"data_exec", data_exec},
    {"stack_exec", stack_exec},
    {"heap_exec", heap_exec},
    {"null_read", null_read},
    {"null_write", null_write},
    {"null_call", null_call},
    {"read", touch_read},
    {"write", touch_write},
    {"call", touch_call},
    {"stack_overflow", stack_overflow},
    {"libc_abort", libc_abort},
    {"divide_by_zero", divide_by_zero},
    {"invalid_opcode", invalid_opcode},
    {"breakpoint", breakpoint},
    {"interrupt_80", interrupt_80},
    {"interrupt_32", interrupt_32},
    {"double_fault", double_fault},
    {"halt", halt},
    {"write_cr0", write_cr0},
    {"read_cr3", read_cr3},
    {"write_cr3", write_cr3},
    {"write_cr4", write_cr4},
    {"write_dr7", write_dr7},
    {"write_msr", write_msr},
    {"read_msr", read_msr},
    {"load_gdt", load_gdt},
    {"load_idt", load_idt},
    {"load_tr", load_tr},
    {"invalidate_page", invalidate_page},
    {"write_back_caches", write_back_caches},
    {"system_call", system_call},
    {"system_enter", system_enter},
    {"system_return", system_return},
    {"swap_gs", swap_gs},
    {"non_canonical", non_canonical},
    {"far_return_to_ring_0", far_return_to_ring_0},
};

int solo5_app_main(const struct solo5_start_info *info)
{
    RUN_CASE(cases, info->cmdline);
    printf("SURVIVED\n");
    return SOLO5_EXIT_SUCCESS;
}
