// SPDX-License-Identifier: ISC
/* What a debugger asks for, of an x86-64 guest. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/hvt/hvt.h"
#include "host/hvt/vcpu.h"

#define INT3      0xccu
#define FLAG_TRAP (1ull << 8) /* SDM volume 1, 3.4.3.3 */
#define READ_MAX  (GDB_PACKET_MAX / 2)

/* In the order of GDB's amd64 description; the vector registers that follow there are left out. */
struct wire_registers {
    uint64_t general[16]; /* rax rbx rcx rdx rsi rdi rbp rsp r8-r15 */
    uint64_t rip;
    uint32_t flags;
    uint32_t segments[6]; /* cs ss ds es fs gs */
};
#define WIRE_SIZE (17 * 8 + 7 * 4)

static __u64 *general(struct kvm_regs *r, unsigned i)
{
    __u64 *const list[16] = {&r->rax, &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi,
                             &r->rbp, &r->rsp, &r->r8,  &r->r9,  &r->r10, &r->r11,
                             &r->r12, &r->r13, &r->r14, &r->r15};

    return list[i];
}

static void send_registers(struct gdb *gdb, struct kvm_regs *regs)
{
    struct wire_registers wire = {
        .rip = regs->rip,
        .flags = (uint32_t)(regs->rflags & ~FLAG_TRAP),
        .segments = {RING3_CODE, RING3_DATA, RING3_DATA, RING3_DATA, RING3_DATA, RING3_DATA}};
    char text[2 * sizeof wire + 1];

    for (unsigned i = 0; i < 16; i++)
        wire.general[i] = *general(regs, i);
    gdb_to_hex(&wire, WIRE_SIZE, text);
    gdb_send(gdb, text);
}

static void set_registers(struct gdb *gdb, struct kvm_regs *regs)
{
    struct wire_registers wire;

    if (gdb_from_hex(gdb->packet + 1, &wire, WIRE_SIZE) < 17 * 8 + 4) {
        gdb_send(gdb, "E16");
        return;
    }
    for (unsigned i = 0; i < 16; i++)
        *general(regs, i) = wire.general[i];
    regs->rip = wire.rip;
    regs->rflags = wire.flags;
    gdb_send(gdb, "OK");
}

/* "ADDR,LENGTH" of a packet; the memory of the guest there, whatever its permissions, or NULL. */
static uint8_t *memory_of(struct hvt *hvt, const char *text, uint64_t *addr, uint64_t *size)
{
    if (sscanf(text, "%" SCNx64 ",%" SCNx64, addr, size) != 2 || *size > READ_MAX)
        return NULL;
    return guest_pointer(&hvt->memory, GUEST_BUFFER, *addr, *size, 0);
}

/* What the debugger sees where a breakpoint is: what was there. */
static void read_memory(struct hvt *hvt)
{
    char text[2 * READ_MAX + 1];
    uint8_t bytes[READ_MAX];
    uint64_t addr, size;
    const uint8_t *memory = memory_of(hvt, hvt->gdb.packet + 1, &addr, &size);

    if (memory == NULL) {
        gdb_send(&hvt->gdb, "E14");
        return;
    }
    memcpy(bytes, memory, size);
    for (unsigned i = 0; i < hvt->gdb.breakpoints_count; i++) {
        const struct gdb_breakpoint *b = &hvt->gdb.breakpoints[i];

        if (b->addr >= addr && b->addr - addr < size)
            bytes[b->addr - addr] = b->saved;
    }
    gdb_to_hex(bytes, size, text);
    gdb_send(&hvt->gdb, text);
}

static void write_memory(struct hvt *hvt)
{
    const char *data = strchr(hvt->gdb.packet, ':');
    uint64_t addr, size;
    uint8_t *memory = memory_of(hvt, hvt->gdb.packet + 1, &addr, &size);

    if (memory == NULL || data == NULL || strlen(data + 1) < 2 * size) {
        gdb_send(&hvt->gdb, "E14");
        return;
    }
    gdb_from_hex(data + 1, memory, size);
    gdb_send(&hvt->gdb, "OK");
}

/* ---- breakpoints ---- */

static uint8_t *text_at(struct hvt *hvt, uint64_t addr)
{
    return guest_pointer(&hvt->memory, GUEST_RAM, addr, 1, 0);
}

static int insert(struct hvt *hvt, uint64_t addr)
{
    struct gdb *gdb = &hvt->gdb;
    uint8_t *at = text_at(hvt, addr);

    for (unsigned i = 0; i < gdb->breakpoints_count; i++)
        if (gdb->breakpoints[i].addr == addr)
            return 0;
    if (at == NULL || gdb->breakpoints_count == GDB_BREAKPOINTS)
        return -1;
    gdb->breakpoints[gdb->breakpoints_count++] = (struct gdb_breakpoint){addr, *at};
    *at = INT3;
    return 0;
}

static void remove_at(struct hvt *hvt, unsigned i)
{
    struct gdb *gdb = &hvt->gdb;

    *text_at(hvt, gdb->breakpoints[i].addr) = gdb->breakpoints[i].saved;
    gdb->breakpoints[i] = gdb->breakpoints[--gdb->breakpoints_count];
}

static void change_breakpoint(struct hvt *hvt)
{
    struct gdb *gdb = &hvt->gdb;
    bool add = gdb->packet[0] == 'Z';
    uint64_t addr;

    if (sscanf(gdb->packet + 1, "0,%" SCNx64, &addr) != 1) {
        gdb_send(gdb, ""); /* another kind: not here */
        return;
    }
    for (unsigned i = 0; !add && i < gdb->breakpoints_count; i++)
        if (gdb->breakpoints[i].addr == addr)
            remove_at(hvt, i);
    gdb_send(gdb, add && insert(hvt, addr) < 0 ? "E14" : "OK");
}

static void detach(struct hvt *hvt)
{
    while (hvt->gdb.breakpoints_count > 0)
        remove_at(hvt, 0);
    close(hvt->gdb.fd);
    hvt->gdb.fd = -1;
}

/* ---- the conversation ---- */

enum { AGAIN = 2 };

static int answer(struct hvt *hvt, struct kvm_regs *regs, int signal)
{
    struct gdb *gdb = &hvt->gdb;
    char text[32];

    switch (gdb->packet[0]) {
    case '?':
        snprintf(text, sizeof text, "S%02x", (unsigned)signal);
        gdb_send(gdb, text);
        return AGAIN;
    case 'g':
        send_registers(gdb, regs);
        return AGAIN;
    case 'G':
        set_registers(gdb, regs);
        return AGAIN;
    case 'm':
        read_memory(hvt);
        return AGAIN;
    case 'M':
        write_memory(hvt);
        return AGAIN;
    case 'Z':
    case 'z':
        change_breakpoint(hvt);
        return AGAIN;
    case 'H':
        gdb_send(gdb, "OK");
        return AGAIN;
    case 'q':
        gdb_send(gdb, strncmp(gdb->packet, "qSupported", 10) == 0 ? "PacketSize=1000"
                      : strncmp(gdb->packet, "qAttached", 9) == 0 ? "1"
                                                                  : "");
        return AGAIN;
    case 'c':
    case 's':
        regs->rflags &= ~FLAG_TRAP;
        regs->rflags |= gdb->packet[0] == 's' ? FLAG_TRAP : 0;
        return HVT_CONTINUE;
    case 'D':
        gdb_send(gdb, "OK");
        regs->rflags &= ~FLAG_TRAP;
        detach(hvt);
        return HVT_CONTINUE;
    case 'k':
        hvt->status = HVT_STATUS_TRAP;
        return HVT_ENDED;
    default:
        gdb_send(gdb, "");
        return AGAIN;
    }
}

/* Back to ring 3 if it was a stub that came here. */
static int resume(struct hvt *hvt, const struct kvm_regs *regs)
{
    struct kvm_sregs sregs;

    if (ioctl(hvt->kvm.vcpu, KVM_GET_SREGS, &sregs) < 0)
        return tender_fail(&hvt->error, -errno, "KVM_GET_SREGS: %s", strerror(errno));
    if ((sregs.cs.selector & 3) == 0) {
        /* First the stub's own access to its port has to be over (api.rst, 5, immediate_exit). */
        hvt->kvm.run->immediate_exit = 1;
        kvm_run(&hvt->kvm);
        hvt->kvm.run->immediate_exit = 0;
        sregs.cs = hvt->gdb.code;
        sregs.ss = hvt->gdb.stack;
        int rc = vcpu_set_sregs(&hvt->kvm, &sregs, &hvt->error);

        if (rc < 0)
            return rc;
    }
    if (ioctl(hvt->kvm.vcpu, KVM_SET_REGS, regs) < 0)
        return tender_fail(&hvt->error, -errno, "KVM_SET_REGS: %s", strerror(errno));
    return HVT_CONTINUE;
}

static void keep_segments(struct hvt *hvt)
{
    struct kvm_sregs sregs;

    if (hvt->gdb.code.present == 0 && ioctl(hvt->kvm.vcpu, KVM_GET_SREGS, &sregs) == 0) {
        hvt->gdb.code = sregs.cs;
        hvt->gdb.stack = sregs.ss;
    }
}

int gdb_stop(struct hvt *hvt, struct kvm_regs *regs, int signal)
{
    bool first = hvt->gdb.code.present == 0;
    char text[8];
    int rc = AGAIN;

    keep_segments(hvt);
    snprintf(text, sizeof text, "S%02x", (unsigned)signal);
    if (!first)
        gdb_send(&hvt->gdb, text);
    while (rc == AGAIN) {
        rc = gdb_receive(hvt);
        if (rc == -EPIPE) { /* as if it had detached */
            detach(hvt);
            regs->rflags &= ~FLAG_TRAP;
            rc = HVT_CONTINUE;
        } else if (rc == 0) {
            rc = answer(hvt, regs, signal);
        }
    }
    return rc == HVT_CONTINUE ? resume(hvt, regs) : rc;
}

void gdb_close(struct hvt *hvt, int status)
{
    char text[8];

    if (hvt->gdb.fd < 0)
        return;
    snprintf(text, sizeof text, "W%02x", (unsigned)status & 0xff);
    gdb_send(&hvt->gdb, text);
    close(hvt->gdb.fd);
    hvt->gdb.fd = -1;
}
