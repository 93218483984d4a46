// SPDX-License-Identifier: ISC
/*
 * The PCI devices and the DMA memory of one unikernel, for every tender: from the manifest and the
 * --pci: options to devices that are checked, reset, mapped and allowed to do DMA, and back.
 *
 * The order is fixed (design 3.5): identity of all devices -> reset -> DMA memory -> BARs ->
 * interrupts -> bus mastering last. What fails before the reset has changed nothing on any device;
 * every failure undoes what was done.
 */
#ifndef PENSTOCK_TENDER_MODULE_PCI_H
#define PENSTOCK_TENDER_MODULE_PCI_H

#include "abi/hvt.h"
#include "abi/manifest.h"
#include "host/pci/pci_access.h"
#include "host/tender/error.h"

/* DMA memory: a memfd, of 2 MiB pages where the host has them. */
struct tender_dma {
    uint64_t addr; /* guest virtual = guest physical = IOVA */
    uint64_t size; /* bytes: what the manifest asks for, in whole 2 MiB pages; 0: none */
    void *host;    /* where this process has it; NULL until tender_pci_start */
    int fd;
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
    struct pci_access *access;
    struct pci_identity identity;
    struct tender_bar bar[6];
    struct tender_dma dma;
    unsigned irq_vectors;
    enum pci_irq_index irq_kind;
    int irq_fd; /* one eventfd for all vectors, non-blocking; -1: no interrupts */
};

struct tender_pci {
    unsigned count;
    struct tender_pci_device device[MFT_MAX_ENTRIES - 1];
    struct tender_dma dma; /* DMA_BASIC: shared by all devices */
    uint64_t dma_wanted;   /* bytes, as the manifest says */
    struct pci_options options;
    struct tender_pci_watch *watch;
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
 * Has the device raised an interrupt since this was asked last? Its irq_fd polls readable until
 * then. Once answered the device may raise the next one, of whatever kind its interrupts are.
 */
bool tender_pci_irq_take(struct tender_pci_device *device);

/* The guest's requests, checked here: enum hvt_result. */
int tender_pci_config_read(struct tender_pci *pci, struct hvt_pci_config_read *request);
int tender_pci_region_read(struct tender_pci *pci, struct hvt_pci_region_access *request);
int tender_pci_region_write(struct tender_pci *pci, struct hvt_pci_region_access *request);

/* Calls lost(arg, device) from a thread of its own, once, when a device is lost while the unikernel
 * runs. */
int tender_pci_watch(struct tender_pci *pci,
                     void (*lost)(void *arg, const struct tender_pci_device *device), void *arg,
                     struct tender_error *error);

/* What ends that thread is written to this descriptor: for a sandbox. -1: there is none. */
int tender_pci_watch_fd(const struct tender_pci *pci);

#endif
