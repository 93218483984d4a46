// SPDX-License-Identifier: ISC
/* What a guest is told when it starts: boot info, its manifest, its command line, our extension
 * block (abi/spt.h). */
#include <assert.h>
#include <string.h>

#include "host/spt/spt.h"
#include "host/tender/manifest.h"

#define ALIGN(size) (((size) + 63ull) & ~63ull)

#define MFT_AT     (SPT_BOOT_INFO_BASE + ALIGN(sizeof(struct spt_boot_info)))
#define CMDLINE_AT (MFT_AT + ALIGN(MFT_SIZE(MFT_MAX_ENTRIES)))
#define EXT_AT     (CMDLINE_AT + SPT_CMDLINE_SIZE)
#define DEVICES_AT (EXT_AT + ALIGN(sizeof(struct spt_ext)))
#define END        (DEVICES_AT + HVT_EXT_SIZE(MFT_MAX_ENTRIES))

static_assert(END <= SPT_GUEST_MIN_BASE, "boot information ends before the executable begins");

const uint64_t spt_ext_addr = EXT_AT;

static void *pointer(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

/*
 * The guest's copy says which devices there are, and under which descriptors it has those that it
 * reads and writes itself: these are the one thing of the host's that it must know.
 */
static void write_manifest(const struct spt *spt, struct mft *to)
{
    manifest_guest_copy(to, spt->notes.mft);
    for (unsigned i = 0; i < spt->net.count; i++)
        to->e[spt->net.device[i].handle].backend = (unsigned)spt->net.device[i].fd;
    for (unsigned i = 0; i < spt->block.count; i++)
        to->e[spt->block.device[i].handle].backend = (unsigned)spt->block.device[i].fd;
}

static void write_ext(const struct spt *spt, struct spt_ext *ext)
{
    *ext = (struct spt_ext){.magic = SPT_EXT_MAGIC,
                            .version = SPT_EXT_VERSION,
                            .size = sizeof *ext,
                            .devices = DEVICES_AT,
                            .server_fd = spt->server_fd,
                            .block_classes = SPT_BLOCK_CLASSES};
    for (unsigned i = 0; i < MFT_MAX_ENTRIES; i++)
        ext->irq_fd[i] = -1;
    for (unsigned i = 0; i < spt->pci.count; i++) {
        const struct tender_pci_device *device = &spt->pci.device[i];

        ext->irq_fd[device->handle] = device->irq_fd;
        if (device->irq_vectors > 0 && device->irq_kind == PCI_IRQ_INTX)
            ext->irq_unmask |= 1ull << device->handle;
    }
}

void spt_boot_info_write(const struct spt *spt)
{
    const struct spt_boot_info boot = {.mem_size = spt->mem_size,
                                       .kernel_end = spt->elf.end,
                                       .cmdline = CMDLINE_AT,
                                       .mft = MFT_AT,
                                       .epollfd = spt->epoll_fd,
                                       .timerfd = spt->timer_fd};

    memcpy(pointer(SPT_BOOT_INFO_BASE), &boot, sizeof boot);
    write_manifest(spt, pointer(MFT_AT));
    memcpy(pointer(CMDLINE_AT), spt->cmdline, strlen(spt->cmdline) + 1);
    write_ext(spt, pointer(EXT_AT));
    tender_pci_describe(&spt->pci, pointer(DEVICES_AT));
    tender_net_describe(&spt->net, pointer(MFT_AT));
    tender_block_describe(&spt->block, pointer(MFT_AT), pointer(DEVICES_AT));
}
