// SPDX-License-Identifier: ISC
/*
 * The PCI devices and the DMA memory of one unikernel, for every tender: from the manifest and the
 * --pci: options to devices that are checked, reset, mapped and allowed to do DMA, and back.
 *
 * The order is fixed: identity of all devices -> reset -> DMA memory -> BARs -> interrupts -> bus
 * mastering last. What fails before the reset has changed nothing on any device; every failure
 * undoes what was done.
 */
#ifndef PENSTOCK_TENDER_MODULE_PCI_H
#define PENSTOCK_TENDER_MODULE_PCI_H

#include <poll.h>
#include <stdatomic.h>

#include "abi/hvt.h"
#include "abi/manifest.h"
#include "host/pci/pci_access.h"
#include "host/tender/error.h"

/* DMA memory: a memfd, of 2 MiB pages where the host has them; without an IOMMU, what the device's
 * access gives. */
struct tender_dma {
    uint64_t addr; /* guest virtual = guest physical */
    uint64_t iova; /* the same, unless there is no IOMMU: then physical */
    uint64_t size; /* bytes: what the manifest asks for, in whole 2 MiB pages; 0: none */
    void *host;    /* where this process has it; NULL until tender_pci_start */
    int fd;        /* -1 without an IOMMU */
};

struct tender_range {
    uint64_t offset; /* bytes into the BAR */
    uint64_t size;
    void *host; /* where this process has it */
};

struct tender_bar {
    uint64_t addr; /* guest address of its first byte */
    uint64_t size; /* bytes as the device reports them, 0: not asked for */
    bool reserved; /* in this process at addr, to the end of its last page */
    unsigned ranges_count;
    struct tender_range ranges[HVT_EXT_RANGES_MAX];
};

struct tender_pci_device {
    char name[MFT_NAME_SIZE];
    unsigned handle; /* index in the manifest */
    unsigned index;  /* among the PCI devices, in manifest order, from 0 */
    struct mft_pci_basic want;
    char *where; /* of the option; NULL: not attached */
    bool allow_no_reset;
    struct pci_access *access;
    bool running; /* it was allowed to do what the manifest says */
    struct pci_identity identity;
    struct tender_bar bar[6];
    struct tender_dma dma;
    unsigned irq_vectors; /* 0: no interrupts */
    enum pci_irq_index irq_kind;
    bool irq_masked; /* it has masked itself and was taken: tender_pci_irq_rearm */
    int irq_fd; /* one eventfd for all vectors and for the loss, non-blocking; -1: not started */
    atomic_bool lost; /* from then on all requests are refused */
};

struct tender_pci {
    unsigned count;
    struct tender_pci_device device[MFT_MAX_ENTRIES - 1];
    struct tender_dma dma; /* DMA_BASIC: shared by all devices */
    uint64_t dma_wanted;   /* bytes, as the manifest says */
    bool may_be_physical;  /* a device without an IOMMU can be had: this process is the unikernel */
    struct pci_options options; /* for all devices; allow_no_reset is each device's own */
    struct tender_pci_watch *watch;
    atomic_bool ending; /* the devices are being stopped: what they do then is no loss */
};

/* Where guest addresses may lie, and whether this process is the guest. */
struct tender_space {
    uint64_t limit;  /* addresses below it can be used: 2^MAXPHYADDR for hvt, 2^47 for a process */
    bool in_process; /* map BARs and DMA memory in this process at their guest addresses (native,
                        spt) */
};

/* Takes the PCI_BASIC and DMA_BASIC entries of a manifest that was validated. Several DMA_BASIC
 * entries add up. */
int tender_pci_init(struct tender_pci *pci, const struct mft *mft, struct tender_error *error);

/*
 * An option's NAME=WHERE (behind "--pci:"). Unknown names and a second option for one name are
 * refused.
 */
int tender_pci_option(struct tender_pci *pci, const char *value, struct tender_error *error);

/* The NAME of --pci-allow-no-reset:, before or behind the device's --pci:. */
int tender_pci_no_reset_option(struct tender_pci *pci, const char *name,
                               struct tender_error *error);

/* The value of --iommu=: auto, type1, iommufd. */
int tender_pci_iommu_option(struct tender_pci *pci, const char *value, struct tender_error *error);

/* Opens all devices and compares them with the manifest; changes nothing on any of them. */
int tender_pci_open(struct tender_pci *pci, struct tender_error *error);

/* Everything else, bus mastering last. */
int tender_pci_start(struct tender_pci *pci, const struct tender_space *space,
                     struct tender_error *error);

/*
 * Stops the devices and leaves everything mapped, so that other threads may go on in memory and
 * registers: no interrupt and no DMA any more. For a process that is about to end.
 */
void tender_pci_quiesce(struct tender_pci *pci);

/*
 * Stops the devices, then frees their memory. Also after a failure of the above, and twice; of a
 * zeroed object too. Not from the `lost` of tender_pci_watch.
 */
void tender_pci_stop(struct tender_pci *pci);

/* Writes the extension block, HVT_EXT_SIZE(pci->count) bytes. */
void tender_pci_describe(const struct tender_pci *pci, struct hvt_ext *ext);

/* The attached device of a handle that a guest named, or NULL. */
struct tender_pci_device *tender_pci_find(struct tender_pci *pci, uint64_t handle);

/*
 * Has the device raised an interrupt, or was it lost, since this was asked last? Its irq_fd polls
 * readable until then.
 */
bool tender_pci_irq_take(struct tender_pci_device *device);

/*
 * Before the guest waits again: it has dealt with the interrupts that were taken, so those that are
 * of a kind that masks itself (INTx) are unmasked. Not earlier: the pin stays asserted until then,
 * and would interrupt for the same cause twice.
 */
void tender_pci_irq_rearm(struct tender_pci *pci);

/* The guest's requests, checked here: enum hvt_result. */
int tender_pci_config_read(struct tender_pci *pci, struct hvt_pci_config_read *request);
int tender_pci_region_read(struct tender_pci *pci, struct hvt_pci_region_access *request);
int tender_pci_region_write(struct tender_pci *pci, struct hvt_pci_region_access *request);

/* ---- A device that is lost: its server died, it was unplugged, reset by others, or gave up ----
 */

/* For how long the unikernel may go on, so that it can end by itself. */
#define TENDER_LOST_GRACE_MS 1000

/* How often the devices are asked whether they are still there. */
#define TENDER_LOST_LOOK_MS 1000

/* For one who polls: the devices' descriptors and what follows from them. */
struct tender_pci_loss {
    struct tender_pci *pci;
    struct pollfd *poll;                   /* the caller's, pci->count of them */
    uint64_t looked;                       /* ms: when they were last asked */
    uint64_t since;                        /* ms: of the first loss */
    const struct tender_pci_device *first; /* NULL: none is lost */
};

/* All devices are started. */
void tender_pci_loss_init(struct tender_pci_loss *loss, struct tender_pci *pci,
                          struct pollfd *poll);

/* How long to poll at most, in ms. */
int tender_pci_loss_timeout(const struct tender_pci_loss *loss);

/*
 * After each poll. A device that was lost is reported on stderr, once, and the unikernel is told:
 * the device's irq_fd becomes readable, and each request about it is refused. -ENODEV: the grace is
 * over, the message names the device.
 */
int tender_pci_loss_step(struct tender_pci_loss *loss, struct tender_error *error);

/*
 * The unikernel could not access memory, at guest address `addr` (0: nobody knows where), and has
 * ended. -ENODEV if that was a device's register, and the message is the report. 0: it was not.
 */
int tender_pci_fault(struct tender_pci *pci, uint64_t addr, struct tender_error *error);

/*
 * Does the above from a thread of its own, and calls lost(arg, reason) there, once, when a grace is
 * over; `reason` stays until tender_pci_stop.
 */
int tender_pci_watch(struct tender_pci *pci, void (*lost)(void *arg, const char *reason), void *arg,
                     struct tender_error *error);

/* Ends that thread, as tender_pci_stop does: for one who holds a lock there that `lost` takes. Also
 * where there is none. */
void tender_pci_unwatch(struct tender_pci *pci);

/* What ends that thread is written to this descriptor: for a sandbox. -1: there is none. */
int tender_pci_watch_fd(const struct tender_pci *pci);

#endif
