// SPDX-License-Identifier: ISC
/*
 * What a tender takes from itself before its guest's first instruction: the system calls that it
 * will not need (seccomp(2), by libseccomp). Whoever then breaks out of the guest finds only those
 * that were allowed here, on the descriptors that were named.
 *
 * A call that is not allowed kills the process by SIGSYS, all its threads. There is no way back.
 */
#ifndef PENSTOCK_TENDER_SANDBOX_H
#define PENSTOCK_TENDER_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "host/pci/pci_access.h"
#include "host/tender/error.h"

/* A list of what will be allowed. A rule that cannot be added is remembered, and fails the load. */
struct tender_sandbox {
    void *filter; /* libseccomp's; NULL: closed */
    int rc;       /* 0, or the first rule's failure */
};

/* -EPERM: the process has READ_IMPLIES_EXEC (personality(2)), with which all memory is executable.
 */
int tender_sandbox_check(struct tender_error *error);

int tender_sandbox_open(struct tender_sandbox *sandbox, struct tender_error *error);

/* System calls by their number, SYS_*. */
void tender_sandbox_allow(struct tender_sandbox *sandbox, int call);

/* ... whose first argument is this descriptor. None for fd < 0. */
void tender_sandbox_allow_fd(struct tender_sandbox *sandbox, int call, int fd);

void tender_sandbox_allow_ioctl(struct tender_sandbox *sandbox, int fd, unsigned long request);

/* ... whose argument `index` (from 0) has `value` in its lower 32 bits. */
void tender_sandbox_allow_value(struct tender_sandbox *sandbox, int call, unsigned index,
                                uint32_t value);

/* What a PCI device takes to be used and closed. NULL: nothing. */
void tender_sandbox_allow_pci(struct tender_sandbox *sandbox, const struct pci_access *access);

/* tgkill(2) of `signal` to this process alone. */
void tender_sandbox_allow_kick(struct tender_sandbox *sandbox, int signal);

/* unlinkat(dirfd, name, 0) with this pointer, whose text must lie where nobody can change it. */
void tender_sandbox_allow_unlink(struct tender_sandbox *sandbox, int dirfd, const char *name);

/* Puts it into force, for all threads and for good, with no_new_privs. */
int tender_sandbox_load(struct tender_sandbox *sandbox, struct tender_error *error);

/* Forgets the list; what is in force stays. Also twice. */
void tender_sandbox_close(struct tender_sandbox *sandbox);

/*
 * Makes malloc and free do without system calls from now on, in every thread, until `size` bytes
 * more are in use than now. -ENOMEM.
 */
int tender_sandbox_reserve(size_t size, struct tender_error *error);

#endif
