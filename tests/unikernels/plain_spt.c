// SPDX-License-Identifier: ISC
/*
 * plain_spt UNIKERNEL COMMAND_LINE: starts a unikernel without devices as an spt tender that knows
 * nothing of ours would: no extension block, only segments with bytes in the file, its own
 * thread-local storage still in %fs, and registers that nobody has cleared. Not a sandbox.
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "abi/spt.h"

#define MEM_SIZE (64ull << 20)

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static void must_read(int fd, void *to, size_t size, uint64_t offset)
{
    if (pread(fd, to, size, (off_t)offset) != (ssize_t)size)
        errx(1, "the executable ends early");
}

static void load_segment(int fd, const Elf64_Phdr *segment)
{
    if (segment->p_type != PT_LOAD || segment->p_filesz == 0)
        return;
    if (segment->p_vaddr < SPT_GUEST_MIN_BASE || segment->p_vaddr >= MEM_SIZE ||
        segment->p_filesz > MEM_SIZE - segment->p_vaddr)
        errx(1, "a segment outside of memory");
    must_read(fd, at(segment->p_vaddr), segment->p_filesz, segment->p_offset);
    if (segment->p_flags & PF_X &&
        mprotect(at(segment->p_vaddr & ~4095ull), segment->p_filesz, PROT_READ | PROT_EXEC))
        err(1, "mprotect");
}

static uint64_t load(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf64_Ehdr header;
    Elf64_Phdr segment;

    if (fd < 0)
        err(1, "%s", path);
    must_read(fd, &header, sizeof(header), 0);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        must_read(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment));
        load_segment(fd, &segment);
    }
    close(fd);
    return header.e_entry;
}

static struct spt_boot_info *boot(const char *command_line)
{
    struct spt_boot_info *info = at(SPT_BOOT_INFO_BASE);
    struct mft *mft = (void *)(info + 1);
    char *line = (char *)mft + MFT_SIZE(1);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = SPT_TIMER_DATA};

    mft->version = MFT_VERSION;
    mft->entries = 1;
    mft->e[0].type = MFT_RESERVED_FIRST;
    snprintf(line, SPT_CMDLINE_SIZE, "%s", command_line);
    *info = (struct spt_boot_info){
        .mem_size = MEM_SIZE,
        .cmdline = (uintptr_t)line,
        .mft = (uintptr_t)mft,
        .epollfd = epoll_create1(EPOLL_CLOEXEC),
        .timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
    };
    if (epoll_ctl(info->epollfd, EPOLL_CTL_ADD, info->timerfd, &event))
        err(1, "epoll_ctl");
    return info;
}

int main(int argc, char **argv)
{
    struct spt_boot_info *info;
    uint64_t entry;

    if (argc != 3)
        errx(1, "usage: plain_spt UNIKERNEL COMMAND_LINE");
    if (mmap(at(SPT_HOST_MEM_BASE), MEM_SIZE - SPT_HOST_MEM_BASE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
        err(1, "mmap");
    entry = load(argv[1]);
    info = boot(argv[2]);
    __asm__ __volatile__("movq %0, %%rsp\n\t"
                         "movq $-1, %%rdx\n\t"
                         "movq $-1, %%rsi\n\t"
                         "jmp *%2"
                         :
                         : "r"(MEM_SIZE - 8), "D"(info), "r"(entry)
                         : "rdx", "rsi", "memory");
    __builtin_unreachable();
}
