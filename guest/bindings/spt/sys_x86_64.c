// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/sys.h"

#include <assert.h>

/* arch/x86/entry/syscalls/syscall_64.tbl */
enum {
    NR_READ = 0,
    NR_WRITE = 1,
    NR_PREAD64 = 17,
    NR_PWRITE64 = 18,
    NR_FDATASYNC = 75,
    NR_ARCH_PRCTL = 158,
    NR_CLOCK_GETTIME = 228,
    NR_EXIT_GROUP = 231,
    NR_EPOLL_CTL = 233,
    NR_EPOLL_PWAIT = 281,
    NR_FALLOCATE = 285,
    NR_TIMERFD_SETTIME = 286,
};

#define ARCH_SET_FS   0x1002 /* arch_prctl(2) */
#define EPOLL_CTL_DEL 2
#define PUNCH_HOLE    3 /* FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */

#define CPUID_POWER        0x80000007u /* SDM vol. 3, 18.17.1: invariant TSC */
#define CPUID_EXTENDED_MAX 0x80000000u
#define INVARIANT_TSC      (1u << 8)

static_assert(sizeof(struct sys_epoll_event) == 12, "struct epoll_event");

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ __volatile__("syscall"
                         : "=a"(result)
                         : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
    return result;
}

long sys_read(int fd, void *data, size_t size)
{
    return call(NR_READ, fd, (long)data, (long)size, 0, 0, 0);
}

long sys_write(int fd, const void *data, size_t size)
{
    return call(NR_WRITE, fd, (long)data, (long)size, 0, 0, 0);
}

long sys_pread(int fd, void *data, size_t size, uint64_t offset)
{
    return call(NR_PREAD64, fd, (long)data, (long)size, (long)offset, 0, 0);
}

long sys_pwrite(int fd, const void *data, size_t size, uint64_t offset)
{
    return call(NR_PWRITE64, fd, (long)data, (long)size, (long)offset, 0, 0);
}

long sys_fdatasync(int fd)
{
    return call(NR_FDATASYNC, fd, 0, 0, 0, 0, 0);
}

long sys_punch(int fd, uint64_t offset, uint64_t size)
{
    return call(NR_FALLOCATE, fd, PUNCH_HOLE, (long)offset, (long)size, 0, 0);
}

long sys_clock_gettime(int clock, struct sys_timespec *now)
{
    return call(NR_CLOCK_GETTIME, clock, (long)now, 0, 0, 0, 0);
}

long sys_timerfd_settime(int fd, int flags, const struct sys_itimerspec *value)
{
    return call(NR_TIMERFD_SETTIME, fd, flags, (long)value, 0, 0, 0);
}

long sys_epoll_wait(int fd, struct sys_epoll_event *events, int count, int timeout_ms)
{
    return call(NR_EPOLL_PWAIT, fd, (long)events, count, timeout_ms, 0, 0);
}

long sys_epoll_remove(int epoll_fd, int fd)
{
    return call(NR_EPOLL_CTL, epoll_fd, EPOLL_CTL_DEL, fd, 0, 0, 0);
}

long sys_set_tls_base(uintptr_t base)
{
    return call(NR_ARCH_PRCTL, ARCH_SET_FS, (long)base, 0, 0, 0, 0);
}

void sys_exit(int status)
{
    for (;;)
        call(NR_EXIT_GROUP, status, 0, 0, 0, 0, 0);
}

uint64_t sys_ticks(void)
{
    return __builtin_ia32_rdtsc();
}

static void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *edx)
{
    uint32_t ebx, ecx = 0;

    __asm__ __volatile__("cpuid" : "=a"(*eax), "=b"(ebx), "+c"(ecx), "=d"(*edx) : "a"(leaf));
}

int sys_ticks_are_constant(void)
{
    uint32_t eax, edx;

    cpuid(CPUID_EXTENDED_MAX, &eax, &edx);
    if (eax < CPUID_POWER)
        return 0;
    cpuid(CPUID_POWER, &eax, &edx);
    return (edx & INVARIANT_TSC) != 0;
}
