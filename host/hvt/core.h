// SPDX-License-Identifier: ISC
/*
 * The core file of a guest that aborted or trapped, for `gdb UNIKERNEL CORE` (ELF, ET_CORE; the
 * notes as Linux writes them). Its descriptor is open before the guest runs, for later there is no
 * open(2) any more; a file that is not needed is removed in the end.
 */
#ifndef PENSTOCK_HVT_CORE_H
#define PENSTOCK_HVT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/tender/error.h"

#define CORE_NAME_SIZE 64u

struct core {
    const char *folder; /* as the option named it; NULL: no core file is wanted */
    int folder_fd;      /* -1: closed, as the other */
    int fd;
    char *name; /* "core.penstock-hvt.PID", in a page of its own that nobody can write */
    bool written;
};

/* What of the guest's memory goes into it. */
struct core_memory {
    uint64_t addr; /* guest address */
    uint64_t size; /* bytes, whole pages */
    const uint8_t *host;
};

/* The folder, while it can be reached. Nothing if there is none. */
int core_open_folder(struct core *core, struct tender_error *error);

/* The file, as who we are from then on. */
int core_open(struct core *core, struct tender_error *error);

/*
 * Writes it: `note` is the content of an NT_PRSTATUS note. Pages of zeros take no room on the disk.
 */
int core_write(struct core *core, const void *note, size_t note_size,
               const struct core_memory *memory, unsigned count, struct tender_error *error);

/* Also of one that is not open (folder_fd and fd are -1). */
void core_close(struct core *core);

#endif
