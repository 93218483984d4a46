// SPDX-License-Identifier: ISC
/*
 * In the virtual PC: runs a command while it holds a page of memory, and says whether somebody
 * wrote to that. host_page COMMAND...      "@" in an argument stands for the page's physical
 * address Exit status: the command's; 99 if the page changed, or there is none.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE    4096u
#define FILL    0xc3
#define FAILED  99
#define PRESENT (1ull << 63) /* in /proc/PID/pagemap, where bits 0 to 54 are the frame's number */
#define FRAME   ((1ull << 55) - 1)

static uint64_t physical(const void *page)
{
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t entry = 0;

    if (fd < 0 || pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * 8)) != 8)
        entry = 0;
    close(fd);
    return entry & PRESENT ? (entry & FRAME) * PAGE : 0;
}

/* A copy of the argument with the address in place of its first "@". */
static char *put_address(const char *argument, uint64_t address)
{
    const char *at = strchr(argument, '@');
    char *text = NULL;

    if (at == NULL)
        return strdup(argument);
    if (asprintf(&text, "%.*s0x%llx%s", (int)(at - argument), argument, (unsigned long long)address,
                 at + 1) < 0)
        return NULL;
    return text;
}

static int run(char **argv)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execv(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return FAILED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
    uint64_t address;
    int status;

    if (argc < 2 || page == MAP_FAILED)
        return FAILED;
    memset(page, FILL, PAGE);
    address = physical(page);
    if (address == 0)
        return FAILED;
    for (int i = 1; i < argc; i++)
        argv[i] = put_address(argv[i], address);
    status = run(argv + 1);
    for (unsigned i = 0; i < PAGE; i++) {
        if (((volatile uint8_t *)page)[i] != FILL) {
            printf("host_page: 0x%llx was written\n", (unsigned long long)address);
            return FAILED;
        }
    }
    printf("host_page: 0x%llx untouched\n", (unsigned long long)address);
    return status;
}
