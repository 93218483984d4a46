// SPDX-License-Identifier: ISC
/*
 * System calls of a unikernel for spt. "call NR [ARGUMENTS]" makes one, by number: words are
 * numbers, "epoll" and "timer" are the descriptors of those names, "disk" and "wire" those of the
 * first two devices, "buffer" is some memory, "null" is 0. What the tender's filter does not let
 * through ends the unikernel.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include "abi/spt.h"
#include "expect.h"

static const struct spt_boot_info *const boot = (const void *)SPT_BOOT_INFO_BASE;
static uint64_t buffer[1 << 17];

static long device(unsigned handle)
{
    const struct mft *mft = (const void *)(uintptr_t)boot->mft;

    return (int)mft->e[handle].backend;
}

static long word_value(const char *word)
{
    if (strcmp(word, "disk") == 0)
        return device(1);
    if (strcmp(word, "wire") == 0)
        return device(2);
    if (strcmp(word, "epoll") == 0)
        return boot->epollfd;
    if (strcmp(word, "timer") == 0)
        return boot->timerfd;
    if (strcmp(word, "buffer") == 0)
        return (long)buffer;
    return strcmp(word, "null") == 0 ? 0 : strtol(word, NULL, 0);
}

static long system_call(const long *a)
{
    register long r10 __asm__("r10") = a[4];
    register long r8 __asm__("r8") = a[5];
    register long r9 __asm__("r9") = a[6];
    long result;

    __asm__ __volatile__("syscall"
                         : "=a"(result)
                         : "a"(a[0]), "D"(a[1]), "S"(a[2]), "d"(a[3]), "r"(r10), "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
    return result;
}

static void call(const char *argument)
{
    char words[256];
    long a[7] = {0};
    char *rest = words;

    snprintf(words, sizeof(words), "%s", argument);
    for (unsigned i = 0; i < 7; i++) {
        char *word = strtok_r(NULL, " ", &rest);

        if (!word)
            break;
        a[i] = word_value(word);
    }
    printf("result %ld\n", system_call(a));
}

/* The same numbers mean other calls there; the filter must not be fooled. */
static void call_32(const char *argument)
{
    long result;

    (void)argument;
    __asm__ __volatile__("int $0x80" : "=a"(result) : "a"(20), "b"(0) : "memory"); /* getpid */
    printf("result %ld\n", result);
}

static void call_x32(const char *argument)
{
    const long a[7] = {0x40000000 + 39}; /* getpid */

    (void)argument;
    printf("result %ld\n", system_call(a));
}

/* Is there anything of the tender's left? Its code, the vDSO and the C library lie up there. */
static void touch(const char *argument)
{
    volatile uint8_t *address = (void *)strtoull(argument, NULL, 0);

    printf("value %u\n", *address);
}

static const struct test_case cases[] = {
    {"call", call},
    {"call_32", call_32},
    {"call_x32", call_x32},
    {"touch", touch},
};

int solo5_app_main(const struct solo5_start_info *info)
{
    RUN_CASE(cases, info->cmdline);
    return success();
}
