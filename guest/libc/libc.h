// SPDX-License-Identifier: ISC
/*
 * What stands in the kernel's place below musl in a unikernel: each system call is a function here,
 * or -ENOSYS.
 */
#ifndef PENSTOCK_LIBC_LIBC_H
#define PENSTOCK_LIBC_LIBC_H

#include <solo5.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libc/pages.h"

struct guest_libc {
    struct pages pages;            /* the heap, from which mmap takes */
    struct solo5_start_info start; /* what solo5_app_main gets */
};

/* The one of this unikernel: a system call names no object. */
extern struct guest_libc guest_libc;

/* musl's calls arrive here (guest/libc/musl/arch). A negative result is -errno. */
long penstock_syscall(long n, long a1, long a2, long a3, long a4, long a5, long a6);

/* A system call: its arguments as Linux numbers them. */
typedef long libc_call(const long *a);

/* console.c: descriptors 1 and 2 are the console; there are no others. */
libc_call libc_write, libc_writev, libc_ioctl;

/* memory.c: anonymous private memory. */
libc_call libc_mmap, libc_munmap, libc_mremap, libc_mprotect, libc_brk, libc_sysinfo;

/* time.c */
libc_call libc_clock_gettime, libc_clock_getres, libc_nanosleep, libc_clock_nanosleep;

/* process.c: the one thread, which is process and thread 1. */
libc_call libc_exit, libc_self, libc_kill, libc_tkill, libc_tgkill, libc_sigprocmask;

/* tls_<arch>.c */
libc_call libc_arch_prctl;

/* random_<arch>.c: numbers that nobody can guess, from the processor; -ENOSYS if it has none. */
libc_call libc_getrandom;

/*
 * Numbers for hash seeds and the like. From the same source, but where the processor has none they
 * come from the time stamp counter at start, and somebody who knows when that was can guess them.
 */
void libc_random_seed(uint8_t *buf, size_t size);

#endif
