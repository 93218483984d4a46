// SPDX-License-Identifier: ISC
/*
 * A client of ours that sends anything, to a toy device.
 *
 * Input: first byte bit 0: do not greet. Then pieces: u16 length, u8 descriptors (0-3), bytes as
 * they are sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/session.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/emu/toy.h"

#define PIECE_MAX 4096u
#define ROOM      (4 << 20) /* in the socket, for the largest reply */

static int files[3]; /* what is sent along: memory, an eventfd, and one that is no use */

static void send_piece(int fd, const uint8_t *data, size_t size, unsigned fds)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(files))] = {0};
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fds > 0) {
        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
        *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){.cmsg_len = CMSG_LEN(fds * sizeof(int)),
                                                .cmsg_level = SOL_SOCKET,
                                                .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), files, fds * sizeof(int));
    }
    sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Takes the replies; descriptors that come along are closed by the kernel when there is no room for
 * them. */
static void drain(int fd)
{
    static uint8_t sink[1 << 16];

    while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
        ;
}

static bool serve(struct emu_session *session, struct toy *toy, int fd)
{
    for (unsigned i = 0; i < 2 + PIECE_MAX / sizeof(struct vfio_user_header); i++) {
        size_t before = session->got;
        int rc = emu_session_input(session);

        drain(fd);
        toy->dev.ops->poll(&toy->dev, emu_now());
        if (rc < 0)
            return false;
        if (session->got > 0 && session->got == before)
            break;
    }
    return true;
}

static void talk(struct emu_session *session, struct toy *toy, int fd, struct fuzz *fuzz)
{
    static const struct {
        struct vfio_user_header header;
        uint16_t version[2];
    } hello = {{1, VFIO_USER_VERSION, sizeof(hello), 0, 0}, {VFIO_USER_MAJOR, VFIO_USER_MINOR}};
    uint8_t piece[PIECE_MAX];
    bool open = true;

    if (!(fuzz_u8(fuzz) & 1)) {
        send_piece(fd, (const uint8_t *)&hello, sizeof(hello), 0);
        open = serve(session, toy, fd);
    }
    for (unsigned i = 0; open && fuzz_more(fuzz) && i < 32; i++) {
        size_t size = 1 + fuzz_u16(fuzz) % PIECE_MAX;
        unsigned fds = fuzz_u8(fuzz) & 3;

        size = fuzz_bytes(fuzz, piece, size);
        send_piece(fd, piece, size, fds);
        open = serve(session, toy, fd);
    }
}

/* The lowest number that is free: a descriptor that leaks takes it. */
static int free_number(void)
{
    int fd = dup(STDERR_FILENO);

    close(fd);
    return fd;
}

static void setup(void)
{
    files[0] = memory_file(1 << 20, 0);
    files[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    files[2] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct emu_lock lock = EMU_LOCK_INIT;
    struct emu_session *session;
    struct fuzz fuzz = {data, size};
    struct toy *toy;
    int pair[2], room = ROOM, before;

    if (files[1] == 0)
        setup();
    before = free_number();
    toy = toy_create();
    FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    if (setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
        setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    session = emu_session_create(pair[1], &toy->dev, &lock, false);
    FUZZ_EXPECT(session != NULL);
    talk(session, toy, pair[0], &fuzz);
    emu_session_destroy(session);
    close(pair[0]);
    FUZZ_EXPECT(emu_device_orphan(&toy->dev) == 0);
    toy_destroy(toy);
    FUZZ_EXPECT(free_number() == before);
    return 0;
}
