// SPDX-License-Identifier: ISC
/* The report on a guest that did what it must not. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/hvt/hvt.h"
#include "host/tender/elf_symbols.h"

#define FRAMES_MAX 32u

static void print_address(FILE *out, const struct elf_symbols *symbols, uint64_t addr)
{
    char name[160];

    elf_symbols_name(symbols, addr, name, sizeof name);
    fprintf(out, "    0x%016" PRIx64 " %s\n", addr, name);
}

/* A frame begins with the caller's frame pointer and the address to return to; each lies above the
 * one it called. */
static void print_backtrace(FILE *out, const struct hvt *hvt, const struct elf_symbols *symbols,
                            const struct kvm_regs *regs)
{
    uint64_t frame = regs->rbp;

    fprintf(out, "  backtrace:\n");
    print_address(out, symbols, regs->rip);
    for (unsigned i = 0; i < FRAMES_MAX; i++) {
        const void *guest = guest_pointer(&hvt->memory, GUEST_RAM, frame, 16, 0);
        uint64_t words[2];

        if (guest == NULL || frame % 8 != 0)
            return;
        memcpy(words, guest, sizeof words);
        if (words[1] == 0)
            return;
        print_address(out, symbols, words[1]);
        if (words[0] <= frame)
            return;
        frame = words[0];
    }
}

static void print_registers(FILE *out, const struct kvm_regs *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {{"rip", r->rip}, {"rsp", r->rsp},     {"rbp", r->rbp}, {"rax", r->rax},
                {"rbx", r->rbx}, {"rcx", r->rcx},     {"rdx", r->rdx}, {"rsi", r->rsi},
                {"rdi", r->rdi}, {"r8", r->r8},       {"r9", r->r9},   {"r10", r->r10},
                {"r11", r->r11}, {"r12", r->r12},     {"r13", r->r13}, {"r14", r->r14},
                {"r15", r->r15}, {"flags", r->rflags}};

    for (unsigned i = 0; i < sizeof regs / sizeof regs[0]; i++)
        fprintf(out, "%s%-5s 0x%016" PRIx64 "%s", i % 3 == 0 ? "  " : " ", regs[i].name,
                regs[i].value, i % 3 == 2 ? "\n" : "");
}

int hvt_report(struct hvt *hvt, const char *what, const struct kvm_regs *regs)
{
    struct elf_symbols symbols;
    char *text = NULL, name[160];
    size_t size;
    /* Put together first, so that it stays together on a console that others write to as well. */
    FILE *out = open_memstream(&text, &size);

    hvt->status = HVT_STATUS_TRAP;
    hvt->trapped = true;
    hvt->trap_regs = *regs;
    if (out == NULL)
        return HVT_ENDED;
    elf_symbols_read(&hvt->elf, hvt->symbols_size, &symbols);
    elf_symbols_name(&symbols, regs->rip, name, sizeof name);
    fprintf(out, "%s: the unikernel trapped: %s\n  at 0x%" PRIx64 " %s\n",
            program_invocation_short_name, what, (uint64_t)regs->rip, name);
    print_registers(out, regs);
    print_backtrace(out, hvt, &symbols, regs);
    /* The word by which scripts know Solo5's aborts. */
    fputs("Solo5: ABORT: Fatal trap\n", out);
    elf_symbols_free(&symbols);
    if (fclose(out) == 0)
        fwrite(text, 1, size, stderr);
    free(text);
    return HVT_ENDED;
}

int hvt_report_now(struct hvt *hvt, const char *what)
{
    struct kvm_regs regs;

    if (ioctl(hvt->kvm.vcpu, KVM_GET_REGS, &regs) < 0)
        return tender_fail(&hvt->error, -errno, "KVM_GET_REGS: %s", strerror(errno));
    return hvt_report(hvt, what, &regs);
}
