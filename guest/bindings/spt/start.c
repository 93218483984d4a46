// SPDX-License-Identifier: ISC
#include "guest/bindings/common/cmdline.h"
#include "guest/bindings/common/libc_hooks.h"
#include "guest/bindings/common/stack_guard.h"
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

#define PAGE_SIZE 4096u

struct spt_guest spt_guest = {.log.level = LOG_WARN, .wall.monotonic = UINT64_MAX};

/* unikernel.ld's symbols: their addresses are what they mean. */
extern const char _stext[], _etext[], _erodata[], _end[];

static struct solo5_start_info heap(const struct spt_boot_info *boot)
{
    uintptr_t start = ((uintptr_t)_end + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);

    return (struct solo5_start_info){.heap_start = start, .heap_size = boot->mem_size - start};
}

static bool is_known(const struct spt_ext *ext)
{
    return ext->magic == SPT_EXT_MAGIC && ext->version != 0 && ext->version <= SPT_EXT_VERSION &&
           ext->size >= sizeof(*ext);
}

static solo5_result_t take_extension(const struct spt_ext *ext)
{
    if (!is_known(ext))
        return SOLO5_R_EINVAL;
    spt_guest.ext = ext;
    return pci_table_init(&spt_guest.pci, spt_guest.mft, (const void *)(uintptr_t)ext->devices);
}

static void banner(const struct spt_boot_info *boot, const struct solo5_start_info *info)
{
    const struct log *log = &spt_guest.log;

    log_line(log, LOG_INFO, "%s for spt, %lu MiB, clock carried on by the %s, %s", PENSTOCK_VERSION,
             boot->mem_size >> 20, spt_guest.counts ? "time stamp counter" : "kernel alone",
             spt_guest.ext ? "with the tender's extensions" : "without the tender's extensions");
    log_line(log, LOG_INFO, "  text   0x%lx-0x%lx", (unsigned long)_stext, (unsigned long)_etext);
    log_line(log, LOG_INFO, "  rodata 0x%lx-0x%lx", (unsigned long)_etext, (unsigned long)_erodata);
    log_line(log, LOG_INFO, "  data   0x%lx-0x%lx", (unsigned long)_erodata, (unsigned long)_end);
    log_line(log, LOG_INFO, "  heap   0x%lx-0x%lx", info->heap_start,
             info->heap_start + info->heap_size);
}

void spt_start(const struct spt_boot_info *boot, const struct spt_ext *ext, uint64_t magic)
{
    struct solo5_start_info info;

    stack_guard_init();
    /* Solo5's tender leaves its own thread-local storage there. */
    sys_set_tls_base(0);
    /* Solo5's tenders do not look at a segment without bytes in the file, so .bss may be beyond
     * memory until this has been asked. */
    if ((uintptr_t)_end > boot->mem_size) {
        log_line(&(struct log){LOG_ERROR}, LOG_ERROR, "%lu MiB of memory are not enough",
                 boot->mem_size >> 20);
        sys_exit(SOLO5_EXIT_ABORT);
    }
    spt_guest.boot = boot;
    spt_guest.mft = (const void *)(uintptr_t)boot->mft;
    spt_guest.counts = sys_ticks_are_constant();
    info = heap(boot);
    info.cmdline = cmdline_options((const void *)(uintptr_t)boot->cmdline, &spt_guest.log);
    if (magic == SPT_ENTRY_MAGIC && take_extension(ext) != SOLO5_R_OK) {
        log_line(&spt_guest.log, LOG_ERROR,
                 "the tender's extension block is not one that I understand");
        solo5_abort();
    }
    io_table_init(&spt_guest.io, spt_guest.mft, spt_guest.pci.ext);
    banner(boot, &info);
    if (guest_libc_start)
        guest_libc_start(&info);
    solo5_exit(solo5_app_main(&info));
}
