// SPDX-License-Identifier: ISC
/* emu/server.c, loop.c, listen.c, guard.c: clients that come and go while the threads run. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/guard.h"
#include "emu/server.h"
#include "talk.h"
#include "toy.h"

struct fixture {
    char dir[64], path[128], text[65536];
    struct toy *toy;
    struct emu_server *server;
    int signals[2]; /* what stands for a signalfd, and its other end */
    FILE *out;
    pthread_t thread;
    unsigned open_before;
    struct talk_reply reply;
};

static void *run(void *arg)
{
    struct fixture *f = arg;

    return (void *)(intptr_t)emu_server_run(f->server);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct emu_server_config config = {.cpu = -1, .stats = true};
    char error[256];

    f->open_before = open_fds();
    strcpy(f->dir, "/tmp/penstock-emu-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/socket", f->dir);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, f->signals), 0);
    f->out = fmemopen(f->text, sizeof(f->text), "w");
    f->toy = toy_create();
    config.signal_fd = f->signals[0];
    config.out = f->out;
    assert_int_equal(emu_server_create(&config, &f->server), 0);
    assert_int_equal(emu_server_add(f->server, &f->toy->dev, f->path, error, sizeof(error)), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
    *state = f;
    return 0;
}

static void give_signal(struct fixture *f, uint32_t number)
{
    const struct signalfd_siginfo info = {.ssi_signo = number};

    assert_int_equal(write(f->signals[1], &info, sizeof(info)), sizeof(info));
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned open_after;
    void *result;

    give_signal(f, SIGTERM);
    pthread_join(f->thread, &result);
    emu_server_destroy(f->server);
    fclose(f->out);
    close(f->signals[0]);
    close(f->signals[1]);
    open_after = open_fds();
    if (result || rmdir(f->dir) != 0 || open_after != f->open_before) {
        print_error("run: %p; %u descriptors before, %u after\n", result, f->open_before,
                    open_after);
        return -1;
    }
    free(f);
    return 0;
}

static int try_connect(const struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, f->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static uint32_t ask(struct fixture *f, int fd, uint16_t command, const void *payload, size_t size)
{
    talk_send(fd, command, payload, size, NULL, 0);
    assert_int_equal(talk_receive(fd, &f->reply), 0);
    return f->reply.header.error;
}

static int client(struct fixture *f)
{
    static const uint8_t hello[4] = {0, 0, 1, 0};
    int fd = try_connect(f);

    assert_int_equal(ask(f, fd, VFIO_USER_VERSION, hello, sizeof(hello)), 0);
    return fd;
}

static uint32_t write_reg(struct fixture *f, int fd, uint64_t offset, uint64_t value)
{
    const struct vfio_user_region_access access = {.offset = offset, .region = 0, .count = 8};
    uint8_t request[sizeof(access) + sizeof(value)];

    memcpy(request, &access, sizeof(access));
    memcpy(request + sizeof(access), &value, sizeof(value));
    return ask(f, fd, VFIO_USER_REGION_WRITE, request, sizeof(request));
}

static uint32_t read_reg(struct fixture *f, int fd, uint64_t offset)
{
    const struct vfio_user_region_access access = {.offset = offset, .region = 0, .count = 4};
    uint32_t value;

    assert_int_equal(ask(f, fd, VFIO_USER_REGION_READ, &access, sizeof(access)), 0);
    memcpy(&value, f->reply.payload + sizeof(access), sizeof(value));
    return value;
}

static void sleep_ms(long ms)
{
    const struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&ts, NULL);
}

static void one_after_the_other(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 20; i++) {
        int fd = client(f);

        assert_int_equal(read_reg(f, fd, 8), 0); /* what the last one left is gone */
        assert_int_equal(write_reg(f, fd, 8, 1 + i), 0);
        assert_int_equal(read_reg(f, fd, 8), 1 + i);
        close(fd);
    }
}

static void one_at_a_time(void **state)
{
    static const uint8_t hello[4] = {0, 0, 1, 0};
    struct fixture *f = *state;
    int first = client(f), second;

    for (unsigned i = 0; i < 3; i++) {
        second = try_connect(f);
        assert_int_equal(ask(f, second, VFIO_USER_VERSION, hello, sizeof(hello)), EBUSY);
        assert_int_equal(talk_receive(second, &f->reply), -1);
        close(second);
    }
    assert_int_equal(write_reg(f, first, 8, 5), 0);
    close(first);
    second = client(f);
    assert_int_equal(read_reg(f, second, 8), 0);
    close(second);
}

static void after_garbage(void **state)
{
    struct fixture *f = *state;
    char noise[1000];

    for (unsigned i = 0; i < sizeof(noise); i++)
        noise[i] = (char)(i * 31 + 7);
    for (unsigned i = 0; i < 10; i++) {
        int fd = i % 2 ? try_connect(f) : client(f);

        talk_send_raw(fd, noise + i, sizeof(noise) - i, NULL, 0);
        assert_int_equal(talk_receive(fd, &f->reply), -1);
        close(fd);
    }
    close(client(f));
}

/* The client's memory is out of reach, its interrupts are closed, once it has gone. */
static void nothing_stays(void **state)
{
    const struct vfio_user_dma_map map = {.argsz = 32, .flags = 3, .address = 0, .size = 4096};
    struct fixture *f = *state;
    int file = memory_file(4096, 0), fd = client(f);
    unsigned open_with;

    talk_send(fd, VFIO_USER_DMA_MAP, &map, sizeof(map), &file, 1);
    assert_int_equal(talk_receive(fd, &f->reply), 0);
    assert_int_equal(f->reply.header.error, 0);
    open_with = open_fds();
    close(fd);
    fd = client(f);
    assert_int_equal(open_fds(), open_with);
    assert_int_equal(f->toy->dev.dma.count, 0);
    assert_int_equal(f->toy->resets, 1);
    close(fd);
    close(file);
}

static uint32_t *map_hot_page(struct fixture *f, int fd)
{
    const struct vfio_user_region_info ask_info = {.argsz = 64, .index = 0};
    void *page;

    assert_int_equal(ask(f, fd, VFIO_USER_DEVICE_GET_REGION_INFO, &ask_info, sizeof(ask_info)), 0);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->reply.fd, TOY_HOT);
    assert_ptr_not_equal(page, MAP_FAILED);
    close(f->reply.fd);
    return page;
}

/* Trapped accesses get through while the data thread is busy, and are exact; hot ones are seen
 * while it sleeps. */
static void both_threads(void **state)
{
    struct fixture *f = *state;
    int fd = client(f);
    volatile uint32_t *hot = map_hot_page(f, fd);
    uint32_t sum = 0;

    f->toy->active = true;
    assert_int_equal(write_reg(f, fd, 0, 0), 0); /* wakes the thread up */
    for (uint32_t i = 1; i <= 300; i++) {
        *hot = i;
        sum += i;
        if (i % 3 == 0)
            assert_int_equal(write_reg(f, fd, 8, i), 0);
        for (unsigned tries = 0; *hot != 0 && tries < 5000; tries++)
            sleep_ms(1);
        assert_int_equal(*hot, 0);
        if (i % 50 == 0)
            sleep_ms(20); /* long enough for it to sleep */
    }
    assert_int_equal(read_reg(f, fd, 0), sum);
    munmap((void *)(uintptr_t)hot, 4096);
    close(fd);
}

static unsigned polls_in(struct fixture *f, long ms)
{
    unsigned before = __atomic_load_n(&f->toy->polls, __ATOMIC_RELAXED);

    sleep_ms(ms);
    return __atomic_load_n(&f->toy->polls, __ATOMIC_RELAXED) - before;
}

static void idle_is_quiet(void **state)
{
    struct fixture *f = *state;
    int fd = client(f);

    sleep_ms(100);
    assert_int_equal(polls_in(f, 200), 0); /* inactive: asleep until told otherwise */
    f->toy->active = true;
    write_reg(f, fd, 0, 1);
    sleep_ms(100);                                  /* it looks again and again at first */
    assert_in_range(polls_in(f, 400), 2, 400 * 10); /* and then every 2 ms */
    close(fd);
}

/* A client's file that becomes shorter than what was mapped of it. */
static void shrunk_memory(void **state)
{
    const struct vfio_user_dma_map map = {.argsz = 32, .flags = 3, .address = 0, .size = 8192};
    const uint8_t master[18] = {PCI_COMMAND, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 4, 0};
    struct fixture *f = *state;
    int file = memory_file(8192, 0), fd = client(f);

    assert_int_equal(emu_guard_install(), 0);
    talk_send(fd, VFIO_USER_DMA_MAP, &map, sizeof(map), &file, 1);
    assert_int_equal(talk_receive(fd, &f->reply), 0);
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(ask(f, fd, VFIO_USER_REGION_WRITE, master, sizeof(master)), 0);
    assert_int_equal(write_reg(f, fd, TOY_DMA, 4096), 0);
    assert_int_equal(write_reg(f, fd, 8, 3), 0);
    assert_int_equal(read_reg(f, fd, 8), 3);
    close(fd);
    close(client(f));
    close(file);
}

static void counters_on_request(void **state)
{
    struct fixture *f = *state;
    char ready[320];

    close(client(f));
    give_signal(f, SIGUSR1);
    for (unsigned i = 0; !strstr(f->text, "\"nic\"") && i < 5000; i++)
        sleep_ms(1);
    snprintf(ready, sizeof(ready), "ready: %s\n{\"nic\":\"%s\",\"seconds\":", f->path, f->path);
    assert_memory_equal(f->text, ready, strlen(ready));
    assert_non_null(strstr(f->text, ",\"rx_packets\":0,"));
}

static int add_at(struct fixture *f, const char *path, const char *words)
{
    char error[256] = "";
    struct toy *toy = toy_create();
    struct emu_server_config config = {.cpu = -1, .signal_fd = -1, .out = f->out};
    struct emu_server *server;
    int err;

    assert_int_equal(emu_server_create(&config, &server), 0);
    err = emu_server_add(server, &toy->dev, path, error, sizeof(error));
    if (err)
        toy_destroy(toy);
    if (words && !strstr(error, words))
        fail_msg("'%s' says '%s'", path, error);
    emu_server_destroy(server);
    return err;
}

static void paths(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct fixture *f = *state;
    char other[160], longer[200];
    struct stat st;
    int fd;

    assert_int_equal(add_at(f, f->path, "another program listens"), -EADDRINUSE);
    close(client(f)); /* the first is none the worse */
    assert_int_equal(add_at(f, "", "Invalid"), -EINVAL);
    assert_int_equal(add_at(f, "/no/such/dir/socket", "No such file"), -ENOENT);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(add_at(f, longer, "too long"), -ENAMETOOLONG);
    snprintf(other, sizeof(other), "%s/file", f->dir);
    fclose(fopen(other, "w"));
    assert_int_equal(add_at(f, other, "not a socket"), -EEXIST);
    assert_int_equal(stat(other, &st), 0);
    unlink(other);
    /* A socket that was left behind is replaced, and removed at the end. */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, other);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    assert_int_equal(add_at(f, other, NULL), 0);
    assert_int_equal(stat(other, &st), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(after_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(both_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_is_quiet, setup, teardown),
        cmocka_unit_test_setup_teardown(shrunk_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_on_request, setup, teardown),
        cmocka_unit_test_setup_teardown(paths, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
