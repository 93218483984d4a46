// SPDX-License-Identifier: ISC
#include "host/spt/launch.h"

#include <errno.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/tender/log.h"

#define PAGE          4096u
#define RSEQ_SIZE_MAX 512u

static void *pointer(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

/*
 * The C library has told the kernel where it keeps a note about the CPU that it runs on. The kernel
 * must forget that before the place is unmapped. It wants to hear the size again, which the library
 * does not say. False: it could not be done.
 */
static bool forget_rseq(void)
{
    uint8_t *area = (uint8_t *)__builtin_thread_pointer() + __rseq_offset;

    if (__rseq_size == 0)
        return true;
    for (unsigned size = 32; size <= RSEQ_SIZE_MAX; size += 4)
        if (syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0)
            return true;
    return false;
}

int spt_launch_prepare(struct spt *spt)
{
    struct launch *launch = pointer(LAUNCH_DATA_AT);
    const char *code = (const char *)(uintptr_t)spt_launch_code;
    int rc;

    memcpy(pointer(LAUNCH_CODE_AT), code, (size_t)(spt_launch_code_end - code));
    rc = spt_filter_make(spt, pointer(LAUNCH_FILTER_AT), &launch->filter.len);
    if (rc < 0)
        return rc;
    launch->filter.filter = pointer(LAUNCH_FILTER_AT);
    launch->entry = spt->elf.header.e_entry;
    launch->stack = spt->mem_size - 8;
    launch->boot_info = SPT_BOOT_INFO_BASE;
    launch->extension = spt_ext_addr;
    if (forget_rseq())
        launch->gaps_count = spt_gaps(spt, launch->gaps);
    else
        tender_debug("the tender stays mapped beside the guest: rseq(2) cannot be undone");
    if (mprotect(pointer(LAUNCH_CODE_AT), PAGE, PROT_READ | PROT_EXEC) < 0)
        return tender_fail(&spt->error, -errno, "mprotect: %s", strerror(errno));
    return 0;
}

/* ---- descriptors ---- */

struct kept {
    unsigned count;
    int fd[MFT_MAX_ENTRIES + 4];
};

static void keep(struct kept *kept, int fd)
{
    if (fd >= 0)
        kept->fd[kept->count++] = fd;
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes what the guest has no use for: its filter would not let it, but what is not there cannot
 * be used, and a device's socket closes for its server when the tender closes it. */
static void close_others(const struct spt *spt)
{
    struct kept kept = {.count = 0};
    unsigned first = STDERR_FILENO + 1;

    keep(&kept, spt->epoll_fd);
    keep(&kept, spt->timer_fd);
    keep(&kept, spt->server_fd);
    for (unsigned i = 0; i < spt->pci.count; i++)
        keep(&kept, spt->pci.device[i].irq_fd);
    for (unsigned i = 0; i < spt->net.count; i++)
        keep(&kept, spt->net.device[i].fd);
    for (unsigned i = 0; i < spt->block.count; i++)
        keep(&kept, spt->block.device[i].fd);
    qsort(kept.fd, kept.count, sizeof kept.fd[0], ascending);
    for (unsigned i = 0; i < kept.count; i++) {
        unsigned fd = (unsigned)kept.fd[i];

        if (first < fd)
            syscall(SYS_close_range, first, fd - 1, 0);
        first = fd >= first ? fd + 1 : first;
    }
    syscall(SYS_close_range, first, ~0u, 0);
}

int spt_launch(struct spt *spt)
{
    void (*enter)(const struct launch *) = (void (*)(const struct launch *))LAUNCH_CODE_AT;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return tender_fail(&spt->error, -errno, "no_new_privs: %s", strerror(errno));
    close_others(spt);
    enter(pointer(LAUNCH_DATA_AT));
    return 0;
}
