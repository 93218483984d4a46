// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <errno.h>
#include <sys/syscall.h>

struct guest_libc guest_libc;

/* The calls that are served. */
static libc_call *const calls[] = {
    [SYS_write] = libc_write,
    [SYS_writev] = libc_writev,
    [SYS_ioctl] = libc_ioctl,
    [SYS_mmap] = libc_mmap,
    [SYS_munmap] = libc_munmap,
    [SYS_mremap] = libc_mremap,
    [SYS_mprotect] = libc_mprotect,
    [SYS_brk] = libc_brk,
    [SYS_sysinfo] = libc_sysinfo,
    [SYS_clock_gettime] = libc_clock_gettime,
    [SYS_clock_getres] = libc_clock_getres,
    [SYS_nanosleep] = libc_nanosleep,
    [SYS_clock_nanosleep] = libc_clock_nanosleep,
    [SYS_getrandom] = libc_getrandom,
    [SYS_arch_prctl] = libc_arch_prctl,
    [SYS_getpid] = libc_self,
    [SYS_gettid] = libc_self,
    [SYS_set_tid_address] = libc_self,
    [SYS_rt_sigprocmask] = libc_sigprocmask,
    [SYS_kill] = libc_kill,
    [SYS_tkill] = libc_tkill,
    [SYS_tgkill] = libc_tgkill,
    [SYS_exit] = libc_exit,
    [SYS_exit_group] = libc_exit,
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

long penstock_syscall(long n, long a1, long a2, long a3, long a4, long a5, long a6)
{
    const long a[] = {a1, a2, a3, a4, a5, a6};

    if (n < 0 || (size_t)n >= CALLS || !calls[n])
        return -ENOSYS;
    return calls[n](a);
}
