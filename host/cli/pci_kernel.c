// SPDX-License-Identifier: ISC
/* What this kernel is asked for: writes to sysfs, modules, addresses. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/cli/pci_host.h"

extern char **environ;

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t length;

    if (fd < 0)
        return errno;
    length = write(fd, text, strlen(text));
    return length == (ssize_t)strlen(text) ? 0 : length < 0 ? errno : EIO;
}

/* What the child says, or ETIMEDOUT. */
static int hear(int fd, int patience)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int said = EIO, r;

    do
        r = poll(&poll_fd, 1, patience);
    while (r < 0 && errno == EINTR);
    if (r == 0)
        return ETIMEDOUT;
    return read(fd, &said, sizeof(said)) == sizeof(said) ? said : EIO;
}

/*
 * A driver may take as long as it likes to let a device go, and the kernel cannot be interrupted
 * then: a child waits for it. One that is left behind ends when the kernel is done.
 */
int pci_host_write(const struct pci_host *host, const char *path, const char *text)
{
    int pipe_fd[2], said;
    pid_t child;

    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return -errno;
    child = fork();
    if (child == 0) {
        for (int fd = 0; fd < 3; fd++) /* whoever reads them need not wait with it */
            if (fd != pipe_fd[1])
                close(fd);
        said = write_file(path, text);
        _exit(write(pipe_fd[1], &said, sizeof(said)) == sizeof(said) ? 0 : 1);
    }
    said = errno;
    close(pipe_fd[1]);
    if (child > 0)
        said = hear(pipe_fd[0], host->patience);
    close(pipe_fd[0]);
    if (child > 0 && said == ETIMEDOUT)
        kill(child, SIGKILL);
    else if (child > 0)
        waitpid(child, NULL, 0);
    return -said;
}

static int await(const struct pci_host *host, pid_t child)
{
    const struct timespec nap = {.tv_nsec = 10 * 1000 * 1000};
    int status;

    for (int waited = 0; waited < host->patience; waited += 10) {
        pid_t ended = waitpid(child, &status, WNOHANG);

        if (ended == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOENT;
        if (ended < 0)
            return -errno;
        nanosleep(&nap, NULL);
    }
    kill(child, SIGKILL);
    return -ETIMEDOUT;
}

/* modprobe is in /sbin, which a user's PATH need not have; it says nothing by itself here. */
int pci_host_load(const struct pci_host *host, const char *module)
{
    static const char *const places[] = {"/usr/sbin/modprobe", "/sbin/modprobe",
                                         "/usr/bin/modprobe", "/bin/modprobe"};
    char name[64], program[] = "modprobe", quiet[] = "-q";
    char *argv[] = {program, quiet, name, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    int r = ENOENT;

    if (strlen(module) >= sizeof(name) || posix_spawn_file_actions_init(&actions) != 0)
        return -ENOMEM;
    strcpy(name, module);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    for (unsigned i = 0; r == ENOENT && i < sizeof(places) / sizeof(places[0]); i++)
        r = posix_spawn(&child, places[i], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return r ? -r : await(host, child);
}

static bool counts(const struct ifaddrs *entry, const char *interface, char *text, size_t size)
{
    const struct sockaddr *address = entry->ifa_addr;
    size_t length = strlen(interface);
    const void *bytes;

    /* An alias is "eth0:1". */
    if (!address || strncmp(entry->ifa_name, interface, length) != 0 ||
        (entry->ifa_name[length] != 0 && entry->ifa_name[length] != ':'))
        return false;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    else
        return false;
    if (address->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)bytes))
        return false;
    return inet_ntop(address->sa_family, bytes, text, (socklen_t)size) != NULL;
}

uint64_t pci_host_memlock(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct has[2] = {{0}};
    struct rlimit limit;

    if (syscall(SYS_capget, &header, has) == 0 && has[0].effective & 1u << CAP_IPC_LOCK)
        return UINT64_MAX;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return 0;
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

bool pci_host_has_address(const struct pci_host *host, const char *interface, char *text,
                          size_t size)
{
    struct ifaddrs *all;
    bool found = false;

    (void)host;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *entry = all; entry && !found; entry = entry->ifa_next)
        found = counts(entry, interface, text, size);
    freeifaddrs(all);
    return found;
}
