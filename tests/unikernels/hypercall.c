// SPDX-License-Identifier: ISC
/* Hypercalls that a tender must refuse, one per run, and some odd ones that it must not. */
#include <solo5.h>
#include <stdint.h>
#include <stdlib.h>

#include "abi/hvt.h"
#include "expect.h"

static const struct hvt_boot_info *const boot = (const void *)HVT_BOOT_INFO_BASE;

static void out32(unsigned port, uintptr_t value)
{
    __asm__ __volatile__("outl %0, %w1" : : "a"((uint32_t)value), "d"(port) : "memory");
}

static void call(unsigned nr, const void *argument)
{
    out32(HVT_PORT(nr), (uintptr_t)argument);
}

static void puts_at(uint64_t data, uint64_t length)
{
    struct hvt_puts puts = {.data = data, .len = length};

    call(HVT_PUTS, &puts);
}

static void puts_address(const char *argument)
{
    puts_at(strtoull(argument, NULL, 0), 16);
}

static void puts_across_the_end_of_ram(const char *argument)
{
    (void)argument;
    puts_at(boot->mem_size - 8, 16);
}

static void puts_huge(const char *argument)
{
    puts_at((uintptr_t)argument, UINT64_MAX);
}

static void puts_wrapping(const char *argument)
{
    (void)argument;
    puts_at(UINT64_MAX - 7, 16);
}

/* Solo5's tenders refuse this one; it is within RAM. */
static void puts_up_to_the_end_of_ram(const char *argument)
{
    (void)argument;
    puts_at(boot->mem_size - 1, 1);
}

static void puts_nothing(const char *argument)
{
    (void)argument;
    puts_at((uintptr_t)boot, 0);
}

static void puts_boot_info(const char *argument)
{
    (void)argument;
    puts_at(boot->cmdline, strlen((const char *)(uintptr_t)boot->cmdline));
}

static void argument_beyond_ram(const char *argument)
{
    (void)argument;
    call(HVT_PUTS, (const void *)(uintptr_t)0xfffffff8);
}

static void argument_null(const char *argument)
{
    (void)argument;
    call(HVT_WALLTIME, NULL);
}

/* An answer would be written there. */
static void argument_in_text(const char *argument)
{
    (void)argument;
    call(HVT_WALLTIME, (const void *)(uintptr_t)argument_in_text);
}

static void argument_in_boot_info(const char *argument)
{
    (void)argument;
    call(HVT_POLL, boot);
}

static void number(const char *argument)
{
    struct hvt_puts puts = {0};

    call((unsigned)strtoul(argument, NULL, 0), &puts);
}

static void out_port(const char *argument)
{
    out32((unsigned)strtoul(argument, NULL, 0), 0);
}

static void out_byte(const char *argument)
{
    (void)argument;
    __asm__ __volatile__("outb %%al, %w0" : : "d"(HVT_PORT(HVT_PUTS)) : "memory");
}

static void in_port(const char *argument)
{
    uint32_t value;

    (void)argument;
    __asm__ __volatile__("inl %w1, %0" : "=a"(value) : "d"(HVT_PORT(HVT_PUTS)) : "memory");
}

static void out_string(const char *argument)
{
    uint32_t words[4] = {0};
    const void *source = words;
    unsigned long count = 4;

    (void)argument;
    __asm__ __volatile__("rep outsl"
                         : "+S"(source), "+c"(count)
                         : "d"(HVT_PORT(HVT_PUTS))
                         : "memory");
}

static void tls_base(const char *argument)
{
    struct hvt_set_tls_base base = {.base = strtoull(argument, NULL, 0)};

    call(HVT_SET_TLS_BASE, &base);
}

/* There is no such device here, and no call may take down the tender for it. */
static void pci_of_nobody(const char *argument)
{
    struct hvt_pci_config_read config = {.handle = 1, .size = 4, .ret = -1};
    struct hvt_pci_region_access region = {.handle = UINT64_MAX, .size = 4, .ret = -1};

    (void)argument;
    call(HVT_PCI_CONFIG_READ, &config);
    EXPECT(config.ret == SOLO5_R_EINVAL);
    call(HVT_PCI_REGION_READ, &region);
    EXPECT(region.ret == SOLO5_R_EINVAL);
    call(HVT_PCI_REGION_WRITE, &region);
    EXPECT(region.ret == SOLO5_R_EINVAL);
}

static void poll_with_no_time(const char *argument)
{
    struct hvt_poll poll = {.ret = -1};

    (void)argument;
    call(HVT_POLL, &poll);
    EXPECT(poll.ret == 0 && poll.ready_set == 0);
}

static const struct test_case cases[] = {
    {"puts_address", puts_address},
    {"puts_across_the_end_of_ram", puts_across_the_end_of_ram},
    {"puts_huge", puts_huge},
    {"puts_wrapping", puts_wrapping},
    {"puts_up_to_the_end_of_ram", puts_up_to_the_end_of_ram},
    {"puts_nothing", puts_nothing},
    {"puts_boot_info", puts_boot_info},
    {"argument_beyond_ram", argument_beyond_ram},
    {"argument_null", argument_null},
    {"argument_in_text", argument_in_text},
    {"argument_in_boot_info", argument_in_boot_info},
    {"number", number},
    {"out_port", out_port},
    {"out_byte", out_byte},
    {"in_port", in_port},
    {"out_string", out_string},
    {"tls_base", tls_base},
    {"pci_of_nobody", pci_of_nobody},
    {"poll_with_no_time", poll_with_no_time},
};

int solo5_app_main(const struct solo5_start_info *info)
{
    RUN_CASE(cases, info->cmdline);
    return success();
}
