// SPDX-License-Identifier: ISC
/* From a command line to a guest that is ready to be launched: each step refuses what it does not
 * like before the next one begins. */
#include "host/spt/spt.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/spt/spt_options.h"
#include "host/tender/sandbox.h"

#define ADDRESS_LIMIT (1ull << 47) /* of a process, with four levels of page tables */

static int read_unikernel(struct spt *spt, const char *path)
{
    int rc = elf_open(&spt->elf, path, &spt->error);

    if (rc == 0)
        rc = notes_read(&spt->elf, &spt->notes, &spt->error);
    if (rc == 0)
        rc = notes_check_abi(&spt->elf, &spt->notes, ABI_TARGET_SPT, SPT_ABI_VERSION, &spt->error);
    if (rc == 0)
        rc = tender_pci_init(&spt->pci, spt->notes.mft, &spt->error);
    if (rc == 0)
        tender_net_init(&spt->net, spt->notes.mft);
    if (rc == 0)
        tender_block_init(&spt->block, spt->notes.mft);
    return rc;
}

/* The guest's memory is mapped by now, so that devices find their places beside it. */
static int start_devices(struct spt *spt)
{
    const struct tender_space space = {.limit = ADDRESS_LIMIT, .in_process = true};
    int pair[2], rc;

    if (spt->pci.count == 0 && spt->pci.dma_wanted == 0)
        return 0;
    rc = tender_pci_open(&spt->pci, &spt->error);
    if (rc == 0)
        rc = tender_pci_start(&spt->pci, &space, &spt->error);
    if (rc < 0 || spt->pci.count == 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return tender_fail(&spt->error, -errno, "socketpair: %s", strerror(errno));
    spt->server_fd = pair[0];
    spt->guest_fd = pair[1];
    return 0;
}

int spt_open(struct spt *spt, int argc, char **argv)
{
    int first, rc;

    spt->elf.fd = spt->epoll_fd = spt->timer_fd = spt->server_fd = spt->guest_fd = -1;
    rc = spt_options_scan(spt, argc, argv, &first);
    if (rc == 0)
        rc = tender_sandbox_check(&spt->error);
    if (rc == 0)
        rc = read_unikernel(spt, argv[first]);
    if (rc == 0)
        rc = spt_options_apply(spt, argc, argv, first);
    if (rc == 0)
        rc = elf_plan(&spt->elf, SPT_GUEST_MIN_BASE, spt->mem_size, &spt->error);
    if (rc == 0)
        rc = tender_net_open(&spt->net, &spt->error);
    if (rc == 0)
        rc = tender_block_open(&spt->block, &spt->error);
    if (rc == 0)
        rc = spt_memory_open(spt);
    if (rc == 0)
        rc = start_devices(spt);
    if (rc == 0)
        rc = spt_wait_open(spt);
    if (rc == 0) {
        spt_boot_info_write(spt);
        rc = spt_launch_prepare(spt);
    }
    if (rc == 0)
        rc = spt_memory_protect(spt);
    if (rc == 0)
        rc = tender_privileges_drop(&spt->privileges, &spt->error);
    return rc;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void spt_close(struct spt *spt)
{
    tender_pci_stop(&spt->pci);
    tender_net_close(&spt->net);
    tender_block_close(&spt->block);
    spt_memory_close(spt);
    close_fd(&spt->epoll_fd);
    close_fd(&spt->timer_fd);
    close_fd(&spt->server_fd);
    close_fd(&spt->guest_fd);
    notes_free(&spt->notes);
    elf_close(&spt->elf);
}
