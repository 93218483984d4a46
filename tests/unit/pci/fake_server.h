// SPDX-License-Identifier: ISC
/*
 * A vfio-user server inside the test: a thread that serves one client, well or, at the command that
 * a test names, badly. Its state may be looked at while the client is not inside a call.
 */
#ifndef PENSTOCK_TEST_FAKE_SERVER_H
#define PENSTOCK_TEST_FAKE_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/pci/fake_wire.h"

#define FAKE_REGIONS              9
#define FAKE_DMA_MAX              8
#define FAKE_LOG_COMMAND_REGISTER 100

enum fake_fault {
    FAKE_GOOD,
    FAKE_ERROR,         /* an error reply with fake.error */
    FAKE_GARBAGE,       /* what is no message */
    FAKE_SHORT_SIZE,    /* a header that is smaller than a header */
    FAKE_TRUNCATED,     /* a payload shorter than its command's */
    FAKE_SILENT,        /* no reply, the connection stays */
    FAKE_CLOSE,         /* no reply, the connection is closed */
    FAKE_CLOSE_MIDWAY,  /* half a reply */
    FAKE_STALE_REPLIES, /* replies to other requests first, with descriptors */
    FAKE_NO_REPLIES,    /* replies to other requests only, for ever */
    FAKE_DMA_READ,      /* first asks for memory at fake.ask_address */
    FAKE_DMA_WRITE,     /* first writes fake.ask_value there */
    FAKE_UNKNOWN,       /* first asks for what no client can do */
    FAKE_MANY_FDS,      /* more descriptors than were announced */
};

struct fake_region {
    struct vfio_user_region_info info;
    uint8_t caps[6000]; /* behind info, in the reply */
    size_t caps_size;
    bool fd; /* send the memory's descriptor */
    uint8_t registers[4096];
};

struct fake_dma {
    struct vfio_user_dma_map map;
    int fd; /* -1: none came */
};

struct fake {
    /* Set before fake_start. */
    enum fake_fault fault;
    uint16_t fault_command;
    int error;
    const char *version_data;
    uint16_t minor;
    uint32_t device_flags;
    uint32_t irq_count[VFIO_USER_IRQ_COUNT];
    uint32_t irq_flags[VFIO_USER_IRQ_COUNT];
    struct fake_region region[FAKE_REGIONS];
    uint64_t ask_address;
    uint64_t ask_count;
    uint64_t ask_value;

    /* What it saw. */
    int memory; /* a memfd: what regions are mapped from */
    unsigned requests[32];
    uint16_t log[1024]; /* commands in their order; a write to the command register: 100 + value */
    unsigned log_count;
    unsigned most_fds; /* in one SET_IRQS message */
    int irq_fd[VFIO_USER_IRQ_COUNT][FAKE_FDS_MAX];
    struct fake_dma dma[FAKE_DMA_MAX];
    uint32_t asked_flags; /* of the header that answered an ask */
    uint32_t asked_error;
    uint64_t asked_data;

    char dir[32];
    char path[64];
    char where[80];
    int listener;
    int client;
    pthread_t thread;
};

/* A PCI device without BARs, with an empty configuration space of 256 bytes. */
void fake_init(struct fake *fake);

/* Makes BAR `bar` memory of `size` bytes, whose descriptor is sent. */
void fake_bar(struct fake *fake, unsigned bar, uint64_t size);

/* Adds a sparse-mmap capability with these areas to a region's description. */
void fake_sparse(struct fake *fake, unsigned region, const struct vfio_user_sparse_area *areas,
                 unsigned count);

/* An MSI-X capability at 0x70 of configuration space. */
void fake_msix(struct fake *fake, unsigned vectors, uint32_t table, uint32_t pba);

void fake_config16(struct fake *fake, unsigned offset, uint16_t value);
void fake_config32(struct fake *fake, unsigned offset, uint32_t value);

void fake_start(struct fake *fake);

/* Waits until the client is gone, closes and frees everything. */
void fake_end(struct fake *fake);

/* How many descriptors this process has open. */
unsigned fake_descriptors(void);

#endif
