// SPDX-License-Identifier: ISC
/*
 * The unikernel's view of its host: Solo5's API (solo5.h of Solo5 0.12, source compatible),
 * extended by PCI devices and DMA memory as F. Bonk's thesis "PCIe and DMA in MirageOS" adds them
 * (3.3), and by what they need to be used in full.
 *
 * The same calls exist on every target. No call is thread safe: a unikernel has one thread of
 * control.
 */
#ifndef SOLO5_H
#define SOLO5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    SOLO5_R_OK = 0, /* the call succeeded; on any other result no output is valid */
    SOLO5_R_AGAIN,  /* nothing available now, try again */
    SOLO5_R_EINVAL, /* an argument is wrong */
    SOLO5_R_EUNSPEC /* it failed for another reason, or this target has no such thing */
} solo5_result_t;

/* A device that was acquired: its index in the manifest, 1..63. */
typedef uint64_t solo5_handle_t;

/* Bit h stands for handle h. */
typedef uint64_t solo5_handle_set_t;

/* Nanoseconds. */
typedef uint64_t solo5_time_t;

/* ---- Start and end ---- */

struct solo5_start_info {
    const char *cmdline;  /* what stood behind the unikernel's name, without --solo5: options */
    uintptr_t heap_start; /* free memory, beside the stack. With a libc malloc() owns it: size 0 */
    size_t heap_size;     /* bytes */
};

/* The unikernel's entry point. Returning s is solo5_exit(s). */
int solo5_app_main(const struct solo5_start_info *info);

#define SOLO5_EXIT_SUCCESS 0
#define SOLO5_EXIT_FAILURE 1
#define SOLO5_EXIT_ABORT   255

/* Ends the unikernel; the tender exits with this status (0..254; higher ones are reserved). */
void solo5_exit(int status) __attribute__((noreturn));

/* Ends it in disorder: the tender exits with 255, and writes a core file if it was asked to. */
void solo5_abort(void) __attribute__((noreturn));

/*
 * Thread-local storage, for those who have no libc that sets it up: solo5_tls_size() bytes at
 * `tls`, the caller's, hold the variables of one thread. solo5_tls_init gives them their first
 * values (EINVAL: tls is 0), solo5_tls_tp_offset says where the thread pointer of this area points,
 * and solo5_set_tls_base makes that the thread pointer (%fs) of whoever runs. EUNSPEC and 0 on
 * native, where the host's libc does all that.
 */
size_t solo5_tls_size(void);
uintptr_t solo5_tls_tp_offset(uintptr_t tls);
solo5_result_t solo5_tls_init(uintptr_t tls);
solo5_result_t solo5_set_tls_base(uintptr_t base);

/* ---- Time ---- */

/* Time since an unspecified moment; never goes back. */
solo5_time_t solo5_clock_monotonic(void);

/* UTC, since the epoch. */
solo5_time_t solo5_clock_wall(void);

/*
 * Sleeps until `deadline` (of solo5_clock_monotonic) or until a device is ready, whichever is
 * first. A deadline that has passed makes it a poll. If ready_set is not NULL it receives the
 * devices that are ready (0: the deadline passed). A network device is ready while a frame can be
 * read; a PCI device when it raised an interrupt, or was lost, since this call reported it last.
 */
void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set);

/* ---- Console ---- */

/* Writes size bytes, as best it can. */
void solo5_console_write(const char *buf, size_t size);

/* ---- Network devices (manifest type NET_BASIC) ---- */

#define SOLO5_NET_ALEN 6  /* bytes of an Ethernet address */
#define SOLO5_NET_HLEN 14 /* bytes of an Ethernet header: destination, source, type */

struct solo5_net_info {
    uint8_t mac_address[SOLO5_NET_ALEN];
    size_t mtu; /* bytes, without the Ethernet header */
};

/* Takes the network device that the manifest calls `name`. EINVAL: no such device, or it is taken
 * already. */
solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle,
                                 struct solo5_net_info *info);

/*
 * Sends one frame of size bytes, its header included, without blocking. A frame that the host
 * cannot take now is dropped; that is no error. EINVAL: not acquired, size below SOLO5_NET_HLEN or
 * above mtu + SOLO5_NET_HLEN.
 */
solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buf, size_t size);

/*
 * Receives one frame without blocking; *read_size is its size, header included. AGAIN: there is
 * none, and solo5_yield waits for one. EINVAL: not acquired, size below mtu + SOLO5_NET_HLEN.
 */
solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buf, size_t size, size_t *read_size);

/* ---- Block devices (manifest type BLOCK_BASIC) ---- */

/* Bytes. */
typedef uint64_t solo5_off_t;

struct solo5_block_info {
    solo5_off_t capacity;   /* bytes */
    solo5_off_t block_size; /* bytes; offsets and sizes are multiples of it */

    /* What Solo5 does not have. */
    solo5_off_t max_io_size; /* bytes that one read or write may have, a multiple of block_size */
    bool read_only;          /* writing and discarding are EINVAL */
};

/* Takes the block device that the manifest calls `name`. EINVAL: no such device, or it is taken
 * already. */
solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle,
                                   struct solo5_block_info *info);

/*
 * Writes or reads all of size bytes at offset, or fails. EINVAL: not acquired, offset or size is
 * not a multiple of the block size, size is 0 or above max_io_size, beyond the end, or a write to a
 * read-only device. EUNSPEC: the host could not; after a write that failed so, the blocks hold the
 * old or the new data.
 */
solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buf,
                                 size_t size);
solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buf,
                                size_t size);

/* Not in Solo5. Returns when everything written so far outlasts a failure of the host's power.
 * EINVAL: not acquired. EUNSPEC: the host could not, or this tender cannot. */
solo5_result_t solo5_block_flush(solo5_handle_t handle);

/*
 * Not in Solo5. These blocks are not needed any more; what they hold from now on is unspecified.
 * The size may exceed max_io_size; otherwise EINVAL as for a write. EUNSPEC: the host could not, or
 * this tender or storage cannot; then nothing has changed.
 */
solo5_result_t solo5_block_discard(solo5_handle_t handle, solo5_off_t offset, solo5_off_t size);

/* ---- PCI devices (manifest type PCI_BASIC) ---- */

#define SOLO5_PCI_BARS       6
#define SOLO5_PCI_RANGES_MAX 8

/* A part of a BAR where a plain load or store goes to the device with no help. */
struct solo5_pci_range {
    uint64_t offset; /* bytes into the BAR, page granular, ascending */
    uint64_t size;   /* bytes */
};

struct solo5_pci_ranges {
    unsigned count;
    struct solo5_pci_range range[SOLO5_PCI_RANGES_MAX];
};

/* All of it as the device reports it, and checked against the manifest by the tender. */
struct solo5_pci_info {
    uint16_t vendor_id;
    uint16_t device_id;
    uint8_t class_code;
    uint8_t subclass_code;
    uint8_t progif;
    bool bus_master_enable; /* the device may do DMA */
    uint8_t *bar0;          /* the BAR's first byte, NULL if the manifest does not map it */
    size_t bar0_size;       /* bytes, or 0 */
    uint8_t *bar1;
    size_t bar1_size;
    uint8_t *bar2;
    size_t bar2_size;
    uint8_t *bar3;
    size_t bar3_size;
    uint8_t *bar4;
    size_t bar4_size;
    uint8_t *bar5;
    size_t bar5_size;

    /* What the thesis does not have. */
    solo5_handle_t handle;                          /* its bit in solo5_yield's ready set */
    uint8_t *dma;                                   /* its own DMA window, or NULL */
    size_t dma_size;                                /* bytes, or 0 */
    uint64_t dma_iova;                              /* what the device calls dma[0] */
    unsigned irq_vectors;                           /* interrupt vectors it can raise, 0: poll it */
    struct solo5_pci_ranges ranges[SOLO5_PCI_BARS]; /* the mapped parts of each BAR */
    uint64_t shared_dma_iova; /* what the device calls the first byte of solo5_dma_acquire's */
};

/*
 * Takes the PCI device that the manifest calls `name`. It has been reset, and its DMA windows are
 * mapped. EINVAL: no such device, or it is taken already. EUNSPEC: this target or tender has no PCI
 * devices.
 */
solo5_result_t solo5_pci_acquire(const char *name, struct solo5_pci_info *info);

/*
 * A device can be lost: it is unplugged, reset by somebody else or gives up, or its server dies.
 * Then solo5_yield reports it as ready, once, and solo5_pci_config_read and solo5_pci_region_* are
 * EUNSPEC from then on; registers that are mapped hold anything. The unikernel has a second to end
 * by itself. After that, or as soon as it touches a register that is not there any more, the tender
 * ends it with exit status 1.
 */

/*
 * The DMA memory that all PCI devices of this unikernel share (manifest: dma_size). All of them
 * call its first byte shared_dma_iova, which is the same number as *buffer but on a device without
 * an IOMMU. Page-aligned and zeroed. EINVAL, NULL and 0: the manifest asks for none. EUNSPEC as
 * above.
 */
solo5_result_t solo5_dma_acquire(uint8_t **buffer, size_t *size);

/*
 * Reads size (1, 2, 4) bytes of configuration space at offset, a multiple of size, into *value,
 * zero-extended. Served by the tender: slow. EINVAL: not acquired, or outside configuration space.
 */
solo5_result_t solo5_pci_config_read(solo5_handle_t handle, size_t offset, size_t size,
                                     uint32_t *value);

/*
 * One access of size (1, 2, 4, 8) bytes at offset, a multiple of size, in BAR `bar`, which the
 * manifest maps. Served by the tender: for the parts of a BAR that are not in its ranges. EINVAL:
 * not acquired, not such a BAR, outside it. EUNSPEC: the device refused the access.
 */
solo5_result_t solo5_pci_region_read(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                     size_t size, uint64_t *value);
solo5_result_t solo5_pci_region_write(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                      size_t size, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
