// SPDX-License-Identifier: ISC
/*
 * GDB's remote protocol (GDB manual, appendix E) for a guest at ring 3: the tender is the
 * debugger's stub. Breakpoints are int3 in the guest's text, single steps the CPU's trap flag: both
 * arrive as exceptions, as all others do.
 */
#ifndef PENSTOCK_HVT_GDB_H
#define PENSTOCK_HVT_GDB_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/tender/error.h"

#define GDB_PORT        1234u
#define GDB_PACKET_MAX  4096u
#define GDB_BREAKPOINTS 64u

struct gdb_breakpoint {
    uint64_t addr;
    uint8_t saved; /* what int3 stands in place of */
};

struct gdb {
    bool wanted;
    uint16_t port;
    int fd;                         /* the debugger's connection; -1: none */
    struct kvm_segment code, stack; /* the guest's, for the way back from an exception */
    unsigned breakpoints_count;
    struct gdb_breakpoint breakpoints[GDB_BREAKPOINTS];
    char packet[GDB_PACKET_MAX + 1];
    size_t length;
};

struct hvt;

/* Waits for a debugger on 127.0.0.1, as long as it takes. -EINTR: a signal came. */
int gdb_open(struct hvt *hvt);

/* Whether the debugger has said something while the guest runs. */
bool gdb_wants_stop(const struct hvt *hvt);

/*
 * Tells the debugger that the guest stands at *regs because of `signal` (its numbers are Linux's)
 * and does what it says, until the guest is to go on. HVT_CONTINUE: it stands ready to. HVT_ENDED:
 * the debugger killed it. -EINTR: a signal came.
 */
int gdb_stop(struct hvt *hvt, struct kvm_regs *regs, int signal);

/* The guest has ended with this status. Also if there is no debugger. */
void gdb_close(struct hvt *hvt, int status);

/* ---- gdb_packet.c ---- */

/* The next packet, in gdb->packet, with a NUL behind. -EPIPE: the debugger is gone; -EINTR. */
int gdb_receive(struct hvt *hvt);

/* One packet. A debugger that is gone is noticed by the next gdb_receive. */
void gdb_send(struct gdb *gdb, const char *text);

/* Bytes as hexadecimal text, 2 * size characters and a NUL; and back: how many there were. */
void gdb_to_hex(const void *data, size_t size, char *text);
size_t gdb_from_hex(const char *text, void *data, size_t size);

#endif
