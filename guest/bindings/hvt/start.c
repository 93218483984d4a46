// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/hvt_guest.h"

#include "guest/bindings/common/cmdline.h"
#include "guest/bindings/common/libc_hooks.h"
#include "guest/bindings/common/stack_guard.h"

#define PAGE_SIZE 4096u

struct hvt_guest hvt_guest = {.log.level = LOG_WARN, .wall.monotonic = UINT64_MAX};

/* unikernel.ld's symbols: their addresses are what they mean. */
extern const char _stext[], _etext[], _erodata[], _end[];

/* Solo5's tenders do not look at a segment without bytes in the file, so .bss may be beyond RAM
 * until this has been asked. */
static bool fits(const struct hvt_boot_info *boot)
{
    return (uintptr_t)_end <= boot->mem_size - PAGE_SIZE;
}

/* Solo5's tenders refuse a buffer that ends exactly where RAM ends, so the last page is not used.
 */
static struct solo5_start_info heap(const struct hvt_boot_info *boot)
{
    uintptr_t start = ((uintptr_t)_end + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);

    return (struct solo5_start_info){
        .heap_start = start,
        .heap_size = boot->mem_size - PAGE_SIZE - start,
    };
}

static void take_devices(const struct hvt_boot_info *boot, const struct hvt_ext *ext)
{
    const struct mft *mft = (const void *)(uintptr_t)boot->mft;

    hvt_guest.ext = ext;
    if (ext && pci_table_init(&hvt_guest.pci, mft, ext) != SOLO5_R_OK) {
        log_line(&hvt_guest.log, LOG_ERROR,
                 "the tender's extension block is not one that I understand");
        solo5_abort();
    }
    if (io_table_init(&hvt_guest.io, mft, ext) != SOLO5_R_OK) {
        log_line(&hvt_guest.log, LOG_ERROR, "the tender's manifest is not one that I understand");
        solo5_abort();
    }
}

static void banner(const struct hvt_boot_info *boot, const struct solo5_start_info *info)
{
    const struct log *log = &hvt_guest.log;

    log_line(log, LOG_INFO, "%s for hvt, %lu MiB, time stamp counter at %lu MHz, %s",
             PENSTOCK_VERSION, boot->mem_size >> 20, boot->cpu_cycle_freq / 1000000,
             hvt_guest.ext ? "with the tender's extensions" : "without the tender's extensions");
    log_line(log, LOG_INFO, "  text   0x%lx-0x%lx", (unsigned long)_stext, (unsigned long)_etext);
    log_line(log, LOG_INFO, "  rodata 0x%lx-0x%lx", (unsigned long)_etext, (unsigned long)_erodata);
    log_line(log, LOG_INFO, "  data   0x%lx-0x%lx", (unsigned long)_erodata, (unsigned long)_end);
    log_line(log, LOG_INFO, "  heap   0x%lx-0x%lx", info->heap_start,
             info->heap_start + info->heap_size);
}

void hvt_start(const struct hvt_boot_info *boot, const struct hvt_ext *ext)
{
    struct solo5_start_info info;

    stack_guard_init();
    if (!fits(boot)) {
        log_line(&(struct log){LOG_ERROR}, LOG_ERROR, "%lu MiB of memory are not enough",
                 boot->mem_size >> 20);
        solo5_abort();
    }
    info = heap(boot);
    info.cmdline = cmdline_options((const void *)(uintptr_t)boot->cmdline, &hvt_guest.log);
    hvt_guest.boot = boot;
    tick_scale_init(&hvt_guest.ticks, boot->cpu_cycle_freq);
    take_devices(boot, ext);
    banner(boot, &info);
    if (guest_libc_start)
        guest_libc_start(&info);
    solo5_exit(solo5_app_main(&info));
}
