// SPDX-License-Identifier: ISC
#include "host/tender/sandbox.h"

#include <errno.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INT_BITS 0xffffffffull /* of an int argument; the rest of its register is nobody's */

static void add(struct tender_sandbox *sandbox, int call, unsigned count,
                const struct scmp_arg_cmp *compare)
{
    int rc = seccomp_rule_add_array(sandbox->filter, SCMP_ACT_ALLOW, call, count, compare);

    if (rc < 0 && rc != -EEXIST && sandbox->rc == 0)
        sandbox->rc = rc;
}

static struct scmp_arg_cmp is_int(unsigned index, uint32_t value)
{
    return (struct scmp_arg_cmp){
        .arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = INT_BITS, .datum_b = value};
}

int tender_sandbox_check(struct tender_error *error)
{
    int now = personality(0xffffffff);

    if (now != -1 && (now & READ_IMPLIES_EXEC))
        return tender_fail(error, -EPERM,
                           "refusing to run with READ_IMPLIES_EXEC, which makes all memory "
                           "executable; is it set by setarch, or an executable stack?");
    return 0;
}

static int set_attributes(struct tender_sandbox *sandbox)
{
    int rc = seccomp_attr_set(sandbox->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    if (rc == 0)
        rc = seccomp_attr_set(sandbox->filter, SCMP_FLTATR_CTL_NNP, 1);
    if (rc == 0)
        rc = seccomp_attr_set(sandbox->filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_syscall_priority(sandbox->filter, SYS_ioctl, UINT8_MAX);
    return rc;
}

int tender_sandbox_open(struct tender_sandbox *sandbox, struct tender_error *error)
{
    int rc;

    *sandbox = (struct tender_sandbox){.filter = seccomp_init(SCMP_ACT_KILL_PROCESS)};
    rc = sandbox->filter == NULL ? -ENOMEM : set_attributes(sandbox);
    if (rc < 0)
        return tender_fail(error, rc, "sandbox: libseccomp: %s", strerror(-rc));
    return 0;
}

void tender_sandbox_allow(struct tender_sandbox *sandbox, int call)
{
    add(sandbox, call, 0, NULL);
}

void tender_sandbox_allow_fd(struct tender_sandbox *sandbox, int call, int fd)
{
    if (fd >= 0)
        tender_sandbox_allow_value(sandbox, call, 0, (uint32_t)fd);
}

void tender_sandbox_allow_ioctl(struct tender_sandbox *sandbox, int fd, unsigned long request)
{
    struct scmp_arg_cmp compare[] = {is_int(0, (uint32_t)fd), is_int(1, (uint32_t)request)};

    if (fd >= 0)
        add(sandbox, SYS_ioctl, 2, compare);
}

void tender_sandbox_allow_value(struct tender_sandbox *sandbox, int call, unsigned index,
                                uint32_t value)
{
    struct scmp_arg_cmp compare = is_int(index, value);

    add(sandbox, call, 1, &compare);
}

void tender_sandbox_allow_kick(struct tender_sandbox *sandbox, int signal)
{
    struct scmp_arg_cmp compare[] = {is_int(0, (uint32_t)getpid()), is_int(2, (uint32_t)signal)};

    add(sandbox, SYS_tgkill, 2, compare);
}

void tender_sandbox_allow_unlink(struct tender_sandbox *sandbox, int dirfd, const char *name)
{
    struct scmp_arg_cmp compare[] = {is_int(0, (uint32_t)dirfd),
                                     {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = (uintptr_t)name},
                                     is_int(2, 0)};

    if (dirfd >= 0)
        add(sandbox, SYS_unlinkat, 3, compare);
}

int tender_sandbox_load(struct tender_sandbox *sandbox, struct tender_error *error)
{
    int rc = sandbox->rc;

    if (rc < 0)
        return tender_fail(error, rc, "sandbox: a rule cannot be added: %s", strerror(-rc));
    rc = seccomp_load(sandbox->filter);
    if (rc < 0)
        return tender_fail(error, rc,
                           "sandbox: the kernel refuses the filter: %s; is it built "
                           "with CONFIG_SECCOMP_FILTER?",
                           strerror(-rc));
    return 0;
}

void tender_sandbox_close(struct tender_sandbox *sandbox)
{
    if (sandbox->filter != NULL)
        seccomp_release(sandbox->filter);
    sandbox->filter = NULL;
}

int tender_sandbox_reserve(size_t size, struct tender_error *error)
{
    void *volatile room;

    /* One heap for all threads, which grows at its end only and never shrinks (mallopt(3)). */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    room = malloc(size);
    if (room == NULL)
        return tender_fail(error, -ENOMEM, "no memory (%zu bytes)", size);
    free(room);
    return 0;
}
