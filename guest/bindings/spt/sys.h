// SPDX-License-Identifier: ISC
/*
 * The system calls that the tender's filter lets through; one sys_<arch>.c each. A result below 0
 * is -errno. Any other call, or one of these with another descriptor, kills the unikernel.
 */
#ifndef PENSTOCK_BINDINGS_SPT_SYS_H
#define PENSTOCK_BINDINGS_SPT_SYS_H

#include <stddef.h>
#include <stdint.h>

#define SYS_EINTR  4
#define SYS_EAGAIN 11

/* clockid_t (linux/time.h) */
#define SYS_CLOCK_REALTIME  0
#define SYS_CLOCK_MONOTONIC 1

struct sys_timespec {
    int64_t sec;
    int64_t nsec;
};

/* struct itimerspec and TFD_TIMER_ABSTIME (timerfd_create(2)) */
struct sys_itimerspec {
    struct sys_timespec interval;
    struct sys_timespec value;
};

#define SYS_TIMER_ABSTIME 1

/* struct epoll_event (linux/eventpoll.h), packed on x86-64 alone */
struct sys_epoll_event {
    uint32_t events;
    uint32_t data[2]; /* the low half first */
};

#define SYS_EPOLLERR 0x08u
#define SYS_EPOLLHUP 0x10u

long sys_read(int fd, void *data, size_t size);
long sys_write(int fd, const void *data, size_t size);
long sys_pread(int fd, void *data, size_t size, uint64_t offset);
long sys_pwrite(int fd, const void *data, size_t size, uint64_t offset);
long sys_fdatasync(int fd);

/* Gives the blocks back and leaves the size alone (fallocate(2), PUNCH_HOLE | KEEP_SIZE). */
long sys_punch(int fd, uint64_t offset, uint64_t size);

long sys_clock_gettime(int clock, struct sys_timespec *now);
long sys_timerfd_settime(int fd, int flags, const struct sys_itimerspec *value);

/* timeout_ms: -1 waits, 0 does not. */
long sys_epoll_wait(int fd, struct sys_epoll_event *events, int count, int timeout_ms);

/* EPOLL_CTL_DEL: fd is not waited for any more. */
long sys_epoll_remove(int epoll_fd, int fd);

/* Sets the base of thread-local storage. */
long sys_set_tls_base(uintptr_t base);

void sys_exit(int status) __attribute__((noreturn));

/* A counter of constant frequency, and whether this processor says that it is one. */
uint64_t sys_ticks(void);
int sys_ticks_are_constant(void);

#endif
