// SPDX-License-Identifier: ISC
/*
 * A unikernel under penstock-hvt: what the parts of the tender share.
 */
#ifndef PENSTOCK_HVT_HVT_H
#define PENSTOCK_HVT_HVT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/hvt.h"
#include "host/hvt/core.h"
#include "host/hvt/cpuid.h"
#include "host/hvt/events.h"
#include "host/hvt/gdb.h"
#include "host/hvt/guest_memory.h"
#include "host/hvt/kvm.h"
#include "host/hvt/mappings.h"
#include "host/hvt/ring0.h"
#include "host/hvt/stats.h"
#include "host/tender/elf.h"
#include "host/tender/error.h"
#include "host/tender/module_block.h"
#include "host/tender/module_net.h"
#include "host/tender/module_pci.h"
#include "host/tender/notes.h"
#include "host/tender/privileges.h"

#define HVT_STATUS_TRAP 255 /* the unikernel did what it must not; also solo5_abort's */

/* Of a call that may end the guest: go on; it has ended, and hvt.status says how; a negative errno
 * with hvt.error. */
#define HVT_CONTINUE 0
#define HVT_ENDED    1

struct hvt {
    /* What the command line says. */
    uint64_t mem_size;
    bool stats_at_end;
    bool misused; /* the command line itself is wrong: say how it should be */
    struct tender_privileges privileges;
    struct core core;
    char cmdline[HVT_CMDLINE_SIZE];
    /* What the executable says. */
    struct elf_file elf;
    struct notes notes;
    bool ring3;
    size_t symbols_size; /* bytes set aside for its symbols */
    /* What the guest has. */
    struct tender_pci pci;
    struct tender_net net;
    struct tender_block block;
    struct guest_memory memory;
    struct mappings mappings;
    struct kvm kvm;
    struct cpu_features features;
    struct ring0 ring0;
    /* What happens. */
    struct events events;
    struct gdb gdb;
    struct stats stats;
    bool trapped;
    struct kvm_regs trap_regs; /* where it did */
    int status;                /* exit status of the guest */
    struct tender_error error;
};

/* hvt.c: everything up to the guest's first instruction, from a structure of zeros. */
int hvt_open(struct hvt *hvt, int argc, char **argv);

/* Stops the devices first, then gives back all the rest. Also after a failure of hvt_open. */
void hvt_close(struct hvt *hvt);

/* confine.c: gives up what is not needed from here on: privileges, then system calls. */
int hvt_confine(struct hvt *hvt);

/* vm_exit.c: runs the guest to its end: 0, and hvt->status; or a negative errno, and hvt->error. */
int hvt_run(struct hvt *hvt);

/* core_x86_64.c: writes the core file, if one is wanted and the guest's status is a trap's. 0 or an
 * error. */
int hvt_dump_core(struct hvt *hvt);

/* hypercall.c: one hypercall, with its argument at guest address arg. HVT_CONTINUE, HVT_ENDED or an
 * error. */
int hvt_hypercall(struct hvt *hvt, unsigned nr, uint64_t arg);

/* console.c: writes to stdout, as best it can. HVT_CONTINUE or an error (a signal came). */
int hvt_console_write(struct hvt *hvt, const uint8_t *data, uint64_t size);

/* mmio.c: one access to an address that no memory is behind, kvm.run->mmio. */
int hvt_mmio(struct hvt *hvt);

/* trap_x86_64.c: a stub has reported an exception. */
int hvt_trap(struct hvt *hvt);

/* trap_x86_64.c: whether the CPU runs a stub (ring 0 of a guest at ring 3). */
bool hvt_in_stub(struct hvt *hvt);

/*
 * report.c: says on stderr that the guest did what it must not (`what`), with its registers, where
 * it was and how it got there, and makes the exit status HVT_STATUS_TRAP. Returns HVT_ENDED.
 */
int hvt_report(struct hvt *hvt, const char *what, const struct kvm_regs *regs);

/* The same, with the registers as KVM has them. */
int hvt_report_now(struct hvt *hvt, const char *what);

/* places.c: what lies at a guest address, in words. */
void hvt_describe(const struct hvt *hvt, uint64_t addr, char *text, size_t size);

#endif
