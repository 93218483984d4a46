// SPDX-License-Identifier: ISC
#include "host/hvt/boot_info.h"

#include <assert.h>
#include <string.h>

#include "host/tender/manifest.h"

#define ALIGN(size) (((size) + 63ull) & ~63ull)

#define MFT_AT     (HVT_BOOT_INFO_BASE + ALIGN(sizeof(struct hvt_boot_info)))
#define CMDLINE_AT (MFT_AT + ALIGN(MFT_SIZE(MFT_MAX_ENTRIES)))
#define EXT_AT     (CMDLINE_AT + HVT_CMDLINE_SIZE)
#define END        (EXT_AT + HVT_EXT_SIZE(MFT_MAX_ENTRIES))

static_assert(END <= HVT_GUEST_MIN_BASE, "boot information ends before the executable begins");

struct boot_addresses boot_info_write(uint8_t *ram, const struct boot_info *info)
{
    struct hvt_boot_info boot = {.mem_size = info->mem_size,
                                 .kernel_end = info->kernel_end,
                                 .cpu_cycle_freq = info->cycle_frequency,
                                 .cmdline = CMDLINE_AT,
                                 .mft = MFT_AT};
    struct mft *mft = (struct mft *)(void *)(ram + MFT_AT);
    struct hvt_ext *ext = (struct hvt_ext *)(void *)(ram + EXT_AT);

    memcpy(ram + HVT_BOOT_INFO_BASE, &boot, sizeof boot);
    manifest_guest_copy(mft, info->mft);
    memcpy(ram + CMDLINE_AT, info->cmdline, strlen(info->cmdline) + 1);
    tender_pci_describe(info->pci, ext);
    tender_net_describe(info->net, mft);
    tender_block_describe(info->block, mft, ext);
    return (struct boot_addresses){.boot_info = HVT_BOOT_INFO_BASE, .extension = EXT_AT};
}
