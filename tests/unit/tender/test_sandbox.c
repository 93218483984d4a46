// SPDX-License-Identifier: ISC
/* Each case is a child that takes the same filter and makes one system call. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/tender/sandbox.h"

#define OPEN  0 /* /dev/null for reading and writing: what is allowed is allowed on it */
#define OTHER 1
#define NAME  "penstock-test-sandbox-has-no-such-file"

static const char name[] = NAME, same_text[] = NAME;

static void load(int fd)
{
    struct tender_sandbox sandbox;
    struct tender_error error;

    if (tender_sandbox_open(&sandbox, &error) < 0)
        _exit(99);
    tender_sandbox_allow(&sandbox, SYS_exit_group);
    tender_sandbox_allow(&sandbox, SYS_getpid);
    tender_sandbox_allow_fd(&sandbox, SYS_read, fd);
    tender_sandbox_allow_fd(&sandbox, SYS_write, fd);
    tender_sandbox_allow_fd(&sandbox, SYS_write, fd); /* twice is no mistake */
    tender_sandbox_allow_fd(&sandbox, SYS_pread64, -1);
    tender_sandbox_allow_ioctl(&sandbox, fd, FIONREAD);
    tender_sandbox_allow_value(&sandbox, SYS_clock_gettime, 0, CLOCK_MONOTONIC);
    tender_sandbox_allow_kick(&sandbox, SIGURG);
    tender_sandbox_allow_unlink(&sandbox, fd, name);
    if (tender_sandbox_load(&sandbox, &error) < 0)
        _exit(99);
}

/* What waitpid says of a child that makes the call; a first argument of OPEN or OTHER is replaced
 * by that descriptor where fd is set, and -1 by the process's own id. */
static int status_of(int fd, int other, long call, const long *args, bool is_fd)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        long first = is_fd ? (args[0] == OPEN ? fd : other) : args[0] == -1 ? getpid() : args[0];

        load(fd);
        syscall(call, first, args[1], args[2], args[3], args[4], args[5]);
        syscall(SYS_exit_group, 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void allows_what_was_listed_and_nothing_else(void **state)
{
    char buffer[64] = "";
    const struct {
        long call;
        bool is_fd;
        long args[6];
        bool allowed;
    } cases[] = {
        {SYS_getpid, false, {0}, true},
        {SYS_getppid, false, {0}, false},
        {SYS_read, true, {OPEN, (long)buffer, 1}, true},
        {SYS_read, true, {OTHER, (long)buffer, 1}, false},
        {SYS_read, false, {-5, (long)buffer, 1}, false},
        {SYS_write, true, {OPEN, (long)buffer, 1}, true},
        {SYS_write, true, {OTHER, (long)buffer, 1}, false},
        {SYS_pread64, true, {OPEN, (long)buffer, 1, 0}, false},
        {SYS_ioctl, true, {OPEN, FIONREAD, (long)buffer}, true},
        {SYS_ioctl, true, {OPEN, FIONBIO, (long)buffer}, false},
        {SYS_ioctl, true, {OTHER, FIONREAD, (long)buffer}, false},
        {SYS_clock_gettime, false, {CLOCK_MONOTONIC, (long)buffer}, true},
        {SYS_clock_gettime, false, {CLOCK_REALTIME, (long)buffer}, false},
        {SYS_tgkill, false, {-1, -7, SIGURG}, true},
        {SYS_tgkill, false, {-1, -7, SIGKILL}, false},
        {SYS_tgkill, false, {1, 1, SIGURG}, false},
        {SYS_unlinkat, true, {OPEN, (long)name, 0}, true},
        {SYS_unlinkat, true, {OPEN, (long)same_text, 0}, false},
        {SYS_unlinkat, true, {OTHER, (long)name, 0}, false},
        {SYS_unlinkat, true, {OPEN, (long)name, AT_REMOVEDIR}, false},
        {SYS_mmap, false, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}, false},
        {SYS_mprotect, false, {0, 4096, PROT_READ}, false},
        {SYS_openat, false, {AT_FDCWD, (long)"/dev/null", O_RDONLY}, false},
        {SYS_socket, false, {1, 1, 0}, false},
        {SYS_clone, false, {SIGCHLD}, false},
        {SYS_execve, false, {(long)"/bin/true"}, false},
        {SYS_ptrace, false, {0}, false},
        {SYS_seccomp, false, {0}, false},
    };
    int fd = open("/dev/null", O_RDWR), other = open("/dev/null", O_RDWR);

    (void)state;
    assert_true(fd >= 0 && other >= 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = status_of(fd, other, cases[i].call, cases[i].args, cases[i].is_fd);

        if (cases[i].allowed ? status != 0 : !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("case %zu, system call %ld: status 0x%x", i, cases[i].call, status);
    }
    close(fd);
    close(other);
}

/* A call of another architecture's table is no way around. */
static void refuses_the_other_architectures(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        load(0);
        syscall(0x40000000 | SYS_getpid); /* x32 */
        syscall(SYS_exit_group, 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void refuses_executable_data(void **state)
{
    struct tender_error error;
    pid_t child = fork();
    int status;

    (void)state;
    assert_int_equal(tender_sandbox_check(&error), 0);
    assert_true(child >= 0);
    if (child == 0) {
        personality(READ_IMPLIES_EXEC);
        _exit(tender_sandbox_check(&error) == -EPERM &&
                      strstr(error.text, "READ_IMPLIES_EXEC") != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_what_was_listed_and_nothing_else),
        cmocka_unit_test(refuses_the_other_architectures),
        cmocka_unit_test(refuses_executable_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
