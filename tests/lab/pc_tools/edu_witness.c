// SPDX-License-Identifier: ISC
/*
 * In the virtual PC: runs the unikernel `edu` (with the word `run`), ends it, and looks whether its
 * device still writes to the memory that it had.
 *   edu_witness 0000:00:02.0 exit|abort|trap|kill TENDER...
 * The witness opens the tender's DMA memory as well, so that its pages outlive the tender. When it
 * is gone, the device is told to go on writing there (through sysfs, which is what a device that
 * does not stop looks like): once as it was left, and once with bus mastering switched on again,
 * which leaves the IOMMU alone to stop it. Exit status 0: memory stayed as it was.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unikernels/edu_board.h"
#include "tests/unikernels/edu_registers.h"

#define PATIENCE 60000u /* ms */
#define WINDOW   (2u << 20)
#define LINGER   500u /* ms: five transfers */

#define CONFIG_COMMAND     4
#define COMMAND_MEMORY     2u
#define COMMAND_BUS_MASTER 4u

struct witness {
    const char *device; /* its address */
    pid_t tender;
    uint8_t *window;
    struct edu_board *board;
    uint8_t *target;
    volatile uint8_t *bar;
};

static void fail(const char *what)
{
    printf("witness: %s\n", what);
    exit(EXIT_FAILURE);
}

static void sleep_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

/* Waits until `is` says so; ends us with the message if it does not in time. */
static void wait_until(struct witness *w, bool (*is)(struct witness *w), const char *otherwise)
{
    for (unsigned waited = 0; !is(w); waited += 10) {
        if (waited >= PATIENCE)
            fail(otherwise);
        sleep_ms(10);
    }
}

/* ---- the tender ---- */

static void start(struct witness *w, char **command)
{
    fflush(stdout);
    w->tender = fork();
    if (w->tender == 0) {
        execv(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    if (w->tender < 0)
        fail("cannot fork");
}

/* Maps the tender's DMA memory here if it has it by now. */
static bool find_memory(struct witness *w)
{
    char folder[64], path[512], name[64];
    struct dirent *entry;
    DIR *dir;

    if (waitpid(w->tender, NULL, WNOHANG) != 0)
        fail("the tender ended before it ran");
    snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)w->tender);
    dir = opendir(folder);
    while (dir != NULL && w->window == NULL && (entry = readdir(dir)) != NULL) {
        ssize_t length;
        int fd;

        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        length = readlink(path, name, sizeof(name) - 1);
        name[length > 0 ? length : 0] = '\0';
        if (strncmp(name, "/memfd:penstock-dma", strlen("/memfd:penstock-dma")) != 0)
            continue;
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            continue;
        w->window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (w->window == MAP_FAILED)
            fail("cannot map the tender's DMA memory");
    }
    if (dir != NULL)
        closedir(dir);
    w->board = (void *)w->window;
    w->target = w->window + EDU_TARGET_OFFSET;
    return w->window != NULL;
}

static bool is_running(struct witness *w)
{
    return __atomic_load_n(&w->board->magic, __ATOMIC_ACQUIRE) == EDU_BOARD_MAGIC;
}

/* ---- its memory ---- */

static bool all(const struct witness *w, uint8_t value)
{
    for (unsigned i = 0; i < EDU_TARGET_SIZE; i++)
        if (((volatile uint8_t *)w->target)[i] != value)
            return false;
    return true;
}

static bool is_written(struct witness *w)
{
    return all(w, EDU_BOARD_FILL);
}

static void expect_untouched(const struct witness *w, const char *when)
{
    if (!all(w, 0)) {
        printf("witness: memory was written %s\n", when);
        exit(EXIT_FAILURE);
    }
    printf("witness: memory untouched %s\n", when);
}

/* ---- its device ---- */

static int open_file(const struct witness *w, const char *name)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", w->device, name);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fail(path);
    return fd;
}

static uint16_t command(const struct witness *w)
{
    uint16_t value;
    int fd = open_file(w, "config");

    if (pread(fd, &value, sizeof(value), CONFIG_COMMAND) != sizeof(value))
        fail("cannot read the command register");
    close(fd);
    return value;
}

static void set_command(const struct witness *w, uint16_t value)
{
    int fd = open_file(w, "config");

    if (pwrite(fd, &value, sizeof(value), CONFIG_COMMAND) != sizeof(value))
        fail("cannot write the command register");
    close(fd);
}

static bool is_quiet(struct witness *w)
{
    return !(command(w) & COMMAND_BUS_MASTER);
}

static void write_register(struct witness *w, unsigned offset, uint64_t value)
{
    *(volatile uint64_t *)(volatile void *)(w->bar + offset) = value;
}

static bool is_idle(struct witness *w)
{
    return !(*(volatile uint64_t *)(volatile void *)(w->bar + EDU_DMA_COMMAND) & EDU_DMA_RUN);
}

static void map_device(struct witness *w)
{
    int fd = open_file(w, "resource0");

    w->bar = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (w->bar == MAP_FAILED)
        fail("cannot map the device's registers");
    if ((*(volatile uint32_t *)(volatile void *)(w->bar + EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE)
        fail("the device does not answer");
}

/* The device goes on as before. */
static void write_again(struct witness *w)
{
    wait_until(w, is_idle, "a transfer does not end");
    write_register(w, EDU_DMA_SOURCE, EDU_BUFFER);
    write_register(w, EDU_DMA_DESTINATION, w->board->iova);
    write_register(w, EDU_DMA_COUNT, 4); /* each word of it may be a fault */
    write_register(w, EDU_DMA_COMMAND, EDU_DMA_TO_MEMORY | EDU_DMA_RUN);
    wait_until(w, is_idle, "a transfer does not end");
}

/* ---- */

static void end(struct witness *w, const char *how)
{
    static const char *const orders[] = {"", "exit", "abort", "trap"};
    int status;

    for (unsigned i = EDU_EXIT; i <= EDU_TRAP; i++)
        if (strcmp(how, orders[i]) == 0)
            __atomic_store_n(&w->board->order, i, __ATOMIC_RELEASE);
    if (strcmp(how, "kill") == 0)
        kill(w->tender, SIGKILL);
    for (unsigned waited = 0; waitpid(w->tender, &status, WNOHANG) == 0; waited += 10) {
        if (waited >= PATIENCE) {
            kill(w->tender, SIGKILL);
            fail("the tender does not end");
        }
        sleep_ms(10);
    }
    printf("witness: ended with %d\n",
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void look(struct witness *w)
{
    uint16_t before;

    wait_until(w, is_quiet, "bus mastering stays on");
    memset(w->target, 0, EDU_TARGET_SIZE);
    sleep_ms(LINGER);
    expect_untouched(w, "as it was left");
    before = command(w);
    set_command(w, before | COMMAND_MEMORY);
    map_device(w);
    write_again(w);
    expect_untouched(w, "with bus mastering off");
    set_command(w, before | COMMAND_MEMORY | COMMAND_BUS_MASTER);
    write_again(w);
    expect_untouched(w, "with bus mastering on");
    set_command(w, before);
    printf("witness: aimed at 0x%llx\n", (unsigned long long)w->board->iova);
}

int main(int argc, char **argv)
{
    struct witness w = {0};

    if (argc < 4)
        fail("edu_witness ADDRESS exit|abort|trap|kill TENDER...");
    w.device = argv[1];
    start(&w, argv + 3);
    wait_until(&w, find_memory, "the tender has no DMA memory");
    wait_until(&w, is_running, "the unikernel does not run");
    memset(w.target, 0, EDU_TARGET_SIZE);
    wait_until(&w, is_written, "the device does not write while the unikernel runs");
    printf("witness: the device writes\n");
    end(&w, argv[2]);
    look(&w);
    return EXIT_SUCCESS;
}
