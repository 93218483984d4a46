// SPDX-License-Identifier: ISC
/*
 * What the guest's process may ask of the kernel: these calls, with these descriptors, commands and
 * lengths. Anything else kills it.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host/spt/launch.h"

/* Of a scmp_filter_ctx: rules go on being added until one fails. */
struct rules {
    scmp_filter_ctx ctx;
    int rc;
};

#define ALLOW(rules, call, count, ...)                                                            \
    do {                                                                                          \
        if ((rules)->rc == 0)                                                                     \
            (rules)->rc = seccomp_rule_add((rules)->ctx, SCMP_ACT_ALLOW, SCMP_SYS(call), (count), \
                                           __VA_ARGS__);                                          \
    } while (0)

/* Argument `n` of the call. */
#define IS(n, value) \
    ((struct scmp_arg_cmp){.arg = (n), .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)(value)})
#define UP_TO(n, value) \
    ((struct scmp_arg_cmp){.arg = (n), .op = SCMP_CMP_LE, .datum_a = (scmp_datum_t)(value)})
/* Only bits of `bits` are set. */
#define WITHIN(n, bits)     \
    ((struct scmp_arg_cmp){ \
        .arg = (n), .op = SCMP_CMP_MASKED_EQ, .datum_a = ~(scmp_datum_t)(bits), .datum_b = 0})
#define FD(fd) IS(0, (unsigned)(fd))

/* What every guest may do: Solo5's list. */
static void allow_basics(struct rules *rules, const struct spt *spt)
{
    ALLOW(rules, write, 1, FD(SPT_CONSOLE_FD));
    ALLOW(rules, epoll_pwait, 1, FD(spt->epoll_fd));
    ALLOW(rules, timerfd_settime, 1, FD(spt->timer_fd));
    ALLOW(rules, clock_gettime, 1, IS(0, CLOCK_MONOTONIC));
    ALLOW(rules, clock_gettime, 1, IS(0, CLOCK_REALTIME));
    ALLOW(rules, arch_prctl, 1, IS(0, ARCH_SET_FS));
    if (rules->rc == 0)
        rules->rc = seccomp_rule_add(rules->ctx, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0);
}

/* Interrupts are read from their descriptors, all else is asked of the tender. */
static void allow_pci(struct rules *rules, const struct spt *spt)
{
    const struct scmp_arg_cmp request = IS(2, sizeof(struct spt_request));
    const struct scmp_arg_cmp counter = IS(2, sizeof(uint64_t));

    if (spt->server_fd >= 0) {
        ALLOW(rules, write, 2, FD(spt->server_fd), request);
        ALLOW(rules, read, 2, FD(spt->server_fd), request);
    }
    for (unsigned i = 0; i < spt->pci.count; i++)
        if (spt->pci.device[i].irq_fd >= 0)
            ALLOW(rules, read, 2, FD(spt->pci.device[i].irq_fd), counter);
}

/* What one read or write transfers is a frame. A device that is gone need not be waited for. */
static void allow_net(struct rules *rules, const struct spt *spt)
{
    for (unsigned i = 0; i < spt->net.count; i++) {
        ALLOW(rules, read, 1, FD(spt->net.device[i].fd));
        ALLOW(rules, write, 1, FD(spt->net.device[i].fd));
        ALLOW(rules, epoll_ctl, 3, FD(spt->epoll_fd), IS(1, EPOLL_CTL_DEL),
              IS(2, (unsigned)spt->net.device[i].fd));
    }
}

/* The blocks of a class are one less than a power of two, and so is the mask of their lengths. */
static void allow_class(struct rules *rules, const struct tender_block_device *device, unsigned c)
{
    uint64_t most = SPT_BLOCK_CLASS(c) * device->block_size;

    if (most > device->capacity)
        return;
    ALLOW(rules, pread64, 3, FD(device->fd), WITHIN(2, most), UP_TO(3, device->capacity - most));
    if (!device->read_only)
        ALLOW(rules, pwrite64, 3, FD(device->fd), WITHIN(2, most),
              UP_TO(3, device->capacity - most));
}

static void allow_block(struct rules *rules, const struct spt *spt)
{
    for (unsigned i = 0; i < spt->block.count; i++) {
        const struct tender_block_device *device = &spt->block.device[i];

        for (unsigned c = 0; c < SPT_BLOCK_CLASSES; c++)
            allow_class(rules, device, c);
        ALLOW(rules, fdatasync, 1, FD(device->fd));
        if (!device->read_only)
            ALLOW(rules, fallocate, 2, FD(device->fd),
                  IS(1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE));
    }
}

/* libseccomp writes the program to a descriptor. */
static int export(scmp_filter_ctx ctx, struct sock_filter *program, unsigned short *length)
{
    const size_t room = BPF_MAXINSNS * sizeof *program;
    int fd = memfd_create("penstock-filter", MFD_CLOEXEC);
    ssize_t size = -1;
    int rc = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);

    if (rc == 0)
        size = pread(fd, program, room, 0);
    if (rc == 0 && size < 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0 && (size == 0 || (size_t)size % sizeof *program != 0))
        rc = -EIO;
    *length = (unsigned short)((size_t)(size > 0 ? size : 0) / sizeof *program);
    return rc;
}

int spt_filter_make(struct spt *spt, struct sock_filter *program, unsigned short *length)
{
    struct rules rules = {.ctx = seccomp_init(SCMP_ACT_KILL_PROCESS), .rc = -ENOMEM};

    if (rules.ctx != NULL) {
        rules.rc = seccomp_attr_set(rules.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        allow_basics(&rules, spt);
        allow_net(&rules, spt);
        allow_block(&rules, spt);
        allow_pci(&rules, spt);
        if (rules.rc == 0)
            rules.rc = export(rules.ctx, program, length);
        seccomp_release(rules.ctx);
    }
    if (rules.rc < 0)
        return tender_fail(&spt->error, rules.rc, "cannot make the seccomp filter: %s",
                           strerror(-rules.rc));
    return 0;
}
