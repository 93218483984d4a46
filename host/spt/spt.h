// SPDX-License-Identifier: ISC
/*
 * A unikernel under penstock-spt: what the parts of the tender share.
 *
 * The unikernel is a process. Without PCI devices it is the tender's own, which in its last step
 * unmaps itself and leaves nothing but the guest's memory behind a seccomp filter. With PCI devices
 * it is a child; the tender stays with the devices, watches them, and serves what the child cannot
 * do for itself (supervise.c).
 */
#ifndef PENSTOCK_SPT_SPT_H
#define PENSTOCK_SPT_SPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/spt.h"
#include "host/tender/elf.h"
#include "host/tender/error.h"
#include "host/tender/module_block.h"
#include "host/tender/module_net.h"
#include "host/tender/module_pci.h"
#include "host/tender/notes.h"
#include "host/tender/privileges.h"

struct spt {
    /* What the command line says. */
    uint64_t mem_size;
    bool exec_heap;
    struct tender_privileges privileges;
    bool misused; /* the command line itself is wrong: say how it should be */
    char cmdline[SPT_CMDLINE_SIZE];
    /* What the executable says. */
    struct elf_file elf;
    struct notes notes;
    /* What the guest has. */
    struct tender_net net;
    struct tender_block block;
    struct tender_pci pci;
    bool mapped; /* its memory is, in this process */
    int epoll_fd;
    int timer_fd;
    int server_fd; /* the guest's end of the socket that supervise.c serves; -1 without PCI */
    int guest_fd;  /* the tender's end */
    int status;    /* exit status of the guest */
    int killed_by; /* the signal that ended the guest instead, or 0 */
    struct tender_error error;
};

/* spt.c: everything up to a guest that is ready to be launched, from a structure of zeros. */
int spt_open(struct spt *spt, int argc, char **argv);

/* Stops the devices first, then gives back all the rest. Also after a failure of spt_open. */
void spt_close(struct spt *spt);

/* memory.c: maps the guest's memory at its addresses, loads the executable into it; protects it. */
int spt_memory_open(struct spt *spt);
int spt_memory_protect(struct spt *spt);
void spt_memory_close(struct spt *spt);

/* boot_info.c: writes what the guest is told when it starts, before it is protected. */
void spt_boot_info_write(const struct spt *spt);

/* Where in the guest's memory that lies. */
extern const uint64_t spt_ext_addr;

/* wait.c: the descriptors that the guest waits with. */
int spt_wait_open(struct spt *spt);

/* launch.c: writes what spt_launch needs into the guest's memory, before that is protected. */
int spt_launch_prepare(struct spt *spt);

/* launch.c: locks this process up and enters the guest. Returns only if that fails. */
int spt_launch(struct spt *spt);

/* supervise.c: launches the guest in a child and stays until it ends: 0, and spt->status; or a
 * negative errno, and spt->error. */
int spt_supervise(struct spt *spt);

/* confine.c: takes from the tender what it does not need any more while `child` runs. */
int spt_confine(struct spt *spt, int signal_fd, int child);

#endif
