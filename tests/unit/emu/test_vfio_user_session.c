// SPDX-License-Identifier: ISC
/* emu/session.c: messages as they come over a socket, in pieces, with descriptors, or not messages
 * at all. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/session.h"
#include "talk.h"
#include "toy.h"

struct fixture {
    struct toy *toy;
    struct emu_lock lock;
    struct emu_session *session;
    int fd; /* the client's end */
    unsigned open_before;
    struct talk_reply reply;
};

static void start(struct fixture *f, bool refused)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    f->fd = pair[0];
    f->session = emu_session_create(pair[1], &f->toy->dev, &f->lock, refused);
    assert_non_null(f->session);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->open_before = open_fds();
    f->toy = toy_create();
    f->lock = EMU_LOCK_INIT;
    start(f, false);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned open_after;

    emu_session_destroy(f->session);
    if (f->fd >= 0)
        close(f->fd);
    toy_destroy(f->toy);
    open_after = open_fds();
    if (open_after != f->open_before) {
        print_error("%u descriptors before, %u after\n", f->open_before, open_after);
        return -1;
    }
    free(f);
    return 0;
}

static const uint8_t hello[4] = {0, 0, 1, 0};

static void greet(struct fixture *f)
{
    talk_send(f->fd, VFIO_USER_VERSION, hello, sizeof(hello), NULL, 0);
    assert_int_equal(emu_session_input(f->session), 0);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.flags, VFIO_USER_TYPE_REPLY);
}

/* Sends a command and gets its reply; returns the reply's errno. */
static uint32_t ask(struct fixture *f, uint16_t command, const void *payload, size_t size)
{
    talk_send(f->fd, command, payload, size, NULL, 0);
    assert_int_equal(emu_session_input(f->session), 0);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.msg_id, 0x1234);
    assert_int_equal(f->reply.header.command, command);
    if (f->reply.header.flags & VFIO_USER_FLAG_ERROR)
        assert_int_equal(f->reply.size, 0);
    return f->reply.header.error;
}

static void good(void **state)
{
    struct vfio_user_region_access access = {.offset = 4, .region = 0, .count = 4};
    struct fixture *f = *state;

    greet(f);
    f->toy->regs[1] = 0xabcd;
    assert_int_equal(ask(f, VFIO_USER_REGION_READ, &access, sizeof(access)), 0);
    assert_int_equal(f->reply.size, 20);
    assert_memory_equal(f->reply.payload + 16, "\xcd\xab\0\0", 4);
    assert_int_equal(f->session->deadline, 0);
    assert_int_equal(emu_session_input(f->session), 0); /* nothing there */
}

static void errors_are_replies(void **state)
{
    struct vfio_user_region_access access = {.offset = 4, .region = 1, .count = 4};
    struct fixture *f = *state;

    greet(f);
    assert_int_equal(ask(f, VFIO_USER_REGION_READ, &access, sizeof(access)), EINVAL);
    assert_int_equal(ask(f, VFIO_USER_REGION_READ, &access, 3), EINVAL);
    assert_int_equal(ask(f, 99, NULL, 0), ENOTSUP);
    assert_int_equal(ask(f, VFIO_USER_DEVICE_RESET, NULL, 0), 0);
    assert_int_equal(f->toy->resets, 1);
}

/* A client may greet twice; it must do so first. */
static void version_first(void **state)
{
    struct fixture *f = *state;

    talk_send(f->fd, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0);
    assert_int_equal(emu_session_input(f->session), -EPROTO);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.error, EINVAL);
    assert_int_equal(f->toy->resets, 0);
}

static void wrong_version(void **state)
{
    static const uint8_t major_1[4] = {1, 0, 0, 0};
    struct fixture *f = *state;

    talk_send(f->fd, VFIO_USER_VERSION, major_1, sizeof(major_1), NULL, 0);
    assert_int_equal(emu_session_input(f->session), -EPROTO);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.error, EPROTONOSUPPORT);
}

static void byte_by_byte(void **state)
{
    const struct vfio_user_header header = {7, VFIO_USER_REGION_WRITE, 36, 0, 0};
    const struct vfio_user_region_access access = {.offset = 8, .region = 0, .count = 4};
    uint8_t message[36];
    struct fixture *f = *state;

    memcpy(message, &header, 16);
    memcpy(message + 16, &access, 16);
    memcpy(message + 32, "\x44\x33\x22\x11", 4);
    greet(f);
    for (unsigned i = 0; i < 36; i++) {
        assert_int_equal(f->toy->regs[2], 0);
        talk_send_raw(f->fd, message + i, 1, NULL, 0);
        assert_int_equal(emu_session_input(f->session), 0);
        assert_int_equal(f->session->deadline != 0, i < 35);
    }
    assert_int_equal(f->toy->regs[2], 0x11223344);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.msg_id, 7);
}

/* Several messages in one piece are done one by one. */
static void in_a_row(void **state)
{
    struct vfio_user_header messages[3];
    struct fixture *f = *state;

    greet(f);
    for (unsigned i = 0; i < 3; i++)
        messages[i] = (struct vfio_user_header){(uint16_t)i, VFIO_USER_DEVICE_RESET, 16,
                                                i == 1 ? VFIO_USER_FLAG_NO_REPLY : 0, 0};
    talk_send_raw(f->fd, messages, sizeof(messages), NULL, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(emu_session_input(f->session), 0);
        assert_int_equal(f->toy->resets, i + 1);
        if (i == 1)
            continue; /* wants no reply */
        assert_int_equal(talk_receive(f->fd, &f->reply), 0);
        assert_int_equal(f->reply.header.msg_id, i);
    }
}

static void garbage(void **state)
{
    static const struct vfio_user_header bad[] = {
        {1, VFIO_USER_DEVICE_RESET, 15, 0, 0},
        {1, VFIO_USER_DEVICE_RESET, 0, 0, 0},
        {1, VFIO_USER_REGION_WRITE, 0xffffffff, 0, 0},
        {1, VFIO_USER_REGION_WRITE, 16 + EMU_PAYLOAD_MAX + 1, 0, 0},
        {1, VFIO_USER_DEVICE_RESET, 16, VFIO_USER_TYPE_REPLY, 0},
        {1, VFIO_USER_DEVICE_RESET, 16, 0xf, 0},
        {0x4547, 0x2054, 0x5448202f, 0x312f5054, 0x0a0d312e}, /* "GET / HTTP/1.1" */
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        greet(f);
        talk_send_raw(f->fd, &bad[i], sizeof(bad[i]), NULL, 0);
        assert_int_equal(emu_session_input(f->session), -EPROTO);
        emu_session_destroy(f->session);
        close(f->fd);
        start(f, false);
    }
    assert_int_equal(f->toy->resets, 0);
}

static void largest_message(void **state)
{
    const size_t size = 16 + EMU_PAYLOAD_MAX;
    struct vfio_user_header header = {1, VFIO_USER_REGION_WRITE, (uint32_t)size, 0, 0};
    struct fixture *f = *state;
    uint8_t *message = calloc(1, size);

    greet(f);
    memcpy(message, &header, sizeof(header));
    for (size_t at = 0; at < size;) {
        ssize_t n = send(f->fd, message + at, size - at, MSG_NOSIGNAL);

        at += n > 0 ? (size_t)n : 0;
        assert_int_equal(emu_session_input(f->session), 0);
    }
    free(message);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.error, EINVAL); /* its count is 0 */
}

static void hang_up(void **state)
{
    struct fixture *f = *state;

    greet(f);
    talk_send_raw(f->fd, "half a hea", 10, NULL, 0);
    assert_int_equal(emu_session_input(f->session), 0);
    close(f->fd);
    f->fd = -1;
    assert_int_equal(emu_session_input(f->session), -EPIPE);
}

/* Nobody reads the reply any more: no signal, no waiting. */
static void gone_before_the_reply(void **state)
{
    struct fixture *f = *state;

    greet(f);
    talk_send(f->fd, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0);
    close(f->fd);
    f->fd = -1;
    assert_int_equal(emu_session_input(f->session), -EPIPE);
    assert_int_equal(f->toy->resets, 1);
}

/* Descriptors that no command wants are closed, with and without an error; so are too many. */
static void unwanted_descriptors(void **state)
{
    static const uint16_t commands[] = {VFIO_USER_DEVICE_RESET, 99, VFIO_USER_DMA_MAP,
                                        VFIO_USER_DEVICE_SET_IRQS};
    struct fixture *f = *state;
    unsigned before;
    int fds[253];

    greet(f);
    before = open_fds();
    for (unsigned i = 0; i < 253; i++)
        fds[i] = f->fd;
    for (unsigned i = 0; i < 4; i++) {
        talk_send(f->fd, commands[i], NULL, 0, fds, i == 0 ? 253 : 3);
        assert_int_equal(emu_session_input(f->session), 0);
        assert_int_equal(talk_receive(f->fd, &f->reply), 0);
        assert_int_equal(open_fds(), before);
    }
    /* In the middle of a message when the connection ends: emu_session_destroy closes them;
     * teardown looks. */
    talk_send_raw(f->fd, "half", 4, fds, 5);
    assert_int_equal(emu_session_input(f->session), 0);
    talk_send_raw(f->fd, "more", 4, fds, 253);
    assert_int_equal(emu_session_input(f->session), 0);
}

static void region_descriptor(void **state)
{
    const struct vfio_user_region_info ask_info = {.argsz = 64, .index = 0};
    struct fixture *f = *state;

    greet(f);
    assert_int_equal(ask(f, VFIO_USER_DEVICE_GET_REGION_INFO, &ask_info, sizeof(ask_info)), 0);
    assert_true(f->reply.fd >= 0);
    close(f->reply.fd);
}

/* The descriptor belongs to the message that it came with, though both are read in one go. */
static void descriptor_of_the_second(void **state)
{
    struct {
        struct vfio_user_header header;
        struct vfio_user_irq_set set;
    } message = {.header = {2, VFIO_USER_DEVICE_SET_IRQS, 36, 0, 0},
                 .set = {20, VFIO_USER_IRQ_SET_DATA_EVENTFD | VFIO_USER_IRQ_SET_ACTION_TRIGGER,
                         VFIO_USER_IRQ_MSIX, 0, 1}};
    struct fixture *f = *state;
    int event = eventfd(0, EFD_CLOEXEC);

    greet(f);
    talk_send(f->fd, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0);
    talk_send_raw(f->fd, &message, 36, &event, 1);
    assert_int_equal(emu_session_input(f->session), 0);
    assert_false(emu_irq_wanted(&f->toy->dev.irqs, VFIO_USER_IRQ_MSIX, 0));
    assert_int_equal(emu_session_input(f->session), 0);
    assert_true(emu_irq_wanted(&f->toy->dev.irqs, VFIO_USER_IRQ_MSIX, 0));
    close(event);
}

static void refused(void **state)
{
    struct fixture *f = *state;

    emu_session_destroy(f->session);
    close(f->fd);
    start(f, true);
    talk_send(f->fd, VFIO_USER_VERSION, hello, sizeof(hello), NULL, 0);
    assert_int_equal(emu_session_input(f->session), -EBUSY);
    assert_int_equal(talk_receive(f->fd, &f->reply), 0);
    assert_int_equal(f->reply.header.error, EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_are_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(version_first, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_version, setup, teardown),
        cmocka_unit_test_setup_teardown(byte_by_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(in_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(largest_message, setup, teardown),
        cmocka_unit_test_setup_teardown(hang_up, setup, teardown),
        cmocka_unit_test_setup_teardown(gone_before_the_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(unwanted_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(region_descriptor, setup, teardown),
        cmocka_unit_test_setup_teardown(descriptor_of_the_second, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
