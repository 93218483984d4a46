// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <errno.h>
#include <signal.h>
#include <solo5.h>

#include "guest/bindings/common/libc_hooks.h"

#define SELF 1

long libc_self(const long *a)
{
    (void)a;
    return SELF;
}

/* exit() has flushed stdio by now, _exit() does not want it. */
long libc_exit(const long *a)
{
    guest_halt((int)a[0]);
}

/* There are no signals, but the unikernel may end itself by one: abort() does. */
static long signal_self(long id, long sig)
{
    if (id != SELF)
        return -ESRCH;
    if (sig == 0)
        return 0;
    if (sig != SIGABRT && sig != SIGKILL && sig != SIGTERM)
        return -ENOSYS;
    solo5_abort();
}

long libc_kill(const long *a)
{
    return signal_self(a[0], a[1]);
}

long libc_tkill(const long *a)
{
    return signal_self(a[0], a[1]);
}

long libc_tgkill(const long *a)
{
    return a[0] == SELF ? signal_self(a[1], a[2]) : -ESRCH;
}

/* Without signals any mask holds, and the old one was empty. */
long libc_sigprocmask(const long *a)
{
    unsigned long *old = (void *)a[2];

    if (old)
        *old = 0;
    return 0;
}
