// SPDX-License-Identifier: ISC
/*
 * A software PCI device: what a model provides, and what the vfio-user server (server.h) does for
 * it.
 *
 * Threads. A message thread serves the client's requests; a data thread calls ops->poll in a loop.
 * The server holds one lock around every callback, and hands it over fairly, so a model sees one
 * call at a time and needs no locking of its own. It shares the hot areas of its regions with the
 * client, who reads and writes them whenever it likes: those, and DMA memory, are read once into a
 * local and checked before use.
 *
 * Nothing a client does is fatal: a model logs it (emu_log is rate-limited), counts it, and goes
 * on.
 */
#ifndef PENSTOCK_EMU_DEVICE_H
#define PENSTOCK_EMU_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/vfio_user.h"
#include "config.h"
#include "dma.h"
#include "irq.h"
#include "log.h"
#include "port.h"

#define EMU_AREAS_MAX 8u

struct emu_device;

struct emu_area {
    uint64_t offset; /* bytes into the region, page granular */
    uint64_t size;
};

/*
 * A region of the device; size 0: it has none. The hot areas are shared with the client as memory,
 * everything else is trapped: each access is a call of ops->read or ops->write. `mem` maps the
 * whole region, but only its hot areas mean anything: what is trapped, the model keeps elsewhere,
 * out of the client's reach.
 */
struct emu_region {
    uint64_t size; /* a power of two for a BAR */
    uint32_t
        flags; /* VFIO_USER_REGION_READABLE | ..._WRITEABLE (| ..._MMAP, set by emu_region_init) */
    unsigned areas_count;
    struct emu_area areas[EMU_AREAS_MAX];
    int fd;       /* memfd behind mem, or -1 */
    uint8_t *mem; /* NULL without hot areas */
};

/* What a model counts; printed by --stats. Counted since the process started: a reset does not
 * clear them. */
struct emu_stats {
    uint64_t rx_packets; /* written to the driver's memory */
    uint64_t rx_bytes;   /* without FCS */
    uint64_t rx_missed;  /* no descriptor was free and the frame was given up */
    uint64_t rx_errors;  /* too long, filtered, or descriptors that made no sense */
    uint64_t tx_packets;
    uint64_t tx_bytes;
    uint64_t tx_errors;  /* descriptors that made no sense */
    uint64_t interrupts; /* counted by emu_irq_raise */
};

struct emu_device_ops {
    /*
     * One access to a region other than configuration space, outside or (through the socket all the
     * same) inside its hot areas: size 1, 2, 4 or 8, naturally aligned, within the region. Larger
     * requests arrive in pieces.
     */
    uint64_t (*read)(struct emu_device *dev, unsigned region, uint64_t offset, unsigned size);
    void (*write)(struct emu_device *dev, unsigned region, uint64_t offset, unsigned size,
                  uint64_t value);

    /* Configuration space has taken a write: [offset, offset + size) may have changed. May be NULL.
     */
    void (*config_written)(struct emu_device *dev, unsigned offset, unsigned size);

    /*
     * To the state after power-on: VFIO_USER_DEVICE_RESET, a function-level reset, and when a
     * client has gone. The server has reset `config`, and irqs and DMA if the client is gone. Drops
     * every cached pointer.
     */
    void (*reset)(struct emu_device *dev);

    /*
     * A bounded turn of the data path (about 64 frames a queue): looks at the hot areas, moves
     * frames. now: emu_now(). Returns how much was done; 0 lets the thread slow down.
     */
    unsigned (*poll)(struct emu_device *dev, uint64_t now);

    /* True while poll has something to watch (an enabled queue): false lets the data thread sleep
     * until a message comes. */
    bool (*active)(const struct emu_device *dev);

    /* Frees the model; emu_device_fini inside. */
    void (*destroy)(struct emu_device *dev);
};

/* A model embeds this as its first member. */
struct emu_device {
    const struct emu_device_ops *ops;
    const char *model; /* "82599" */
    struct emu_region regions[VFIO_USER_REGION_COUNT];
    struct emu_config config; /* region VFIO_USER_REGION_CONFIG is served from here */
    struct emu_irqs irqs;
    struct emu_dma dma; /* faults are logged by the device's log */
    struct emu_log log;
    struct emu_stats stats;
    struct port *port; /* NULL: none; the device's, closed by emu_device_fini */
};

/* What `penstock emulate` was told about a NIC; a model's constructor takes it. The port is the
 * device's from then on. */
struct emu_nic_config {
    const char *name; /* in front of log lines; copied */
    uint8_t mac[6];
    struct port *port;
    enum emu_log_level log_level;
    bool exact; /* share no register with the driver: slow, and exact to the last bit */
};

/* Sets the common part up: no regions but an empty configuration space, no interrupts. */
void emu_device_init(struct emu_device *dev, const struct emu_device_ops *ops, const char *model,
                     const struct emu_nic_config *config);
void emu_device_fini(struct emu_device *dev);

/* Gives the device a region. areas: ascending, page granular, within size. 0 or -errno. */
int emu_region_init(struct emu_device *dev, unsigned index, uint64_t size,
                    const struct emu_area *areas, unsigned areas_count);

/* Zeroes the hot areas of all regions (a part of a device's reset). */
void emu_regions_zero(struct emu_device *dev);

/* The server's: a reset of the configuration space and of the model. Interrupts and DMA mappings
 * stay, as in VFIO. */
void emu_device_reset(struct emu_device *dev);

/*
 * The server's, when a client has gone: takes its interrupts and its memory away, gives the hot
 * areas new pages at the same addresses (a process that still maps the old ones reaches nothing),
 * and resets. 0 or -errno: no memory for the pages.
 */
int emu_device_orphan(struct emu_device *dev);

/* Bus mastering, from the command register: without it a device must not touch memory nor raise
 * message interrupts. */
static inline bool emu_bus_master(const struct emu_device *dev)
{
    return dev->config.data[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

/* Signals vector `vector` of the interrupt kind that the driver has enabled (MSI-X, else MSI, else
 * INTx: then vector 0). */
void emu_irq_raise(struct emu_device *dev, unsigned vector);

/* The level of the INTx pin, for a driver that uses it: a masked level is signalled when it is
 * unmasked. */
void emu_intx_level(struct emu_device *dev, bool level);

/* CLOCK_MONOTONIC in ns. */
uint64_t emu_now(void);

/* Prints to stderr with the device's name in front, at most a few lines a second, then how many
 * were left out. */
void emu_log(struct emu_device *dev, enum emu_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
