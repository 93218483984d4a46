// SPDX-License-Identifier: ISC
/*
 * The BLOCK_BASIC devices of one unikernel, for every tender: from the manifest and the --block:
 * and
 * --block-sector-size: options to open and locked files or host block devices, and requests to
 * them.
 *
 * hvt and native serve requests with the calls at the end; on spt the guest uses the descriptors
 * itself.
 */
#ifndef PENSTOCK_TENDER_MODULE_BLOCK_H
#define PENSTOCK_TENDER_MODULE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/hvt.h"
#include "abi/manifest.h"
#include "host/tender/error.h"

#define TENDER_BLOCK_MAX_IO (4u << 20) /* bytes of one read or write */

struct tender_block_device {
    char name[MFT_NAME_SIZE];
    unsigned handle;     /* index in the manifest */
    char *path;          /* of the option, without ":ro"; NULL: not attached */
    bool read_only;      /* ":ro" */
    bool is_host_device; /* a block device of the host, not a file: discarded by BLKDISCARD */
    uint16_t block_size; /* bytes, a power of two from 512 up; 0 until set */
    uint64_t capacity;   /* bytes, a multiple of block_size, not 0 */
    int fd;              /* open and locked: exclusively, or shared if read_only; -1: not open */
    bool warned;         /* of a failed request: said once */
};

struct tender_block {
    unsigned count;
    struct tender_block_device device[MFT_MAX_ENTRIES - 1];
};

/* Takes the BLOCK_BASIC entries of a manifest that was validated. */
void tender_block_init(struct tender_block *block, const struct mft *mft);

/*
 * What stands behind "--block:" (NAME=PATH or NAME=PATH:ro) and "--block-sector-size:"
 * (NAME=BYTES). They only remember. -EINVAL: not of that form, a name that is not in the manifest,
 * given twice, a size that is no power of two from 512 to 32768.
 */
int tender_block_option(struct tender_block *block, const char *value, struct tender_error *error);
int tender_block_sector_size_option(struct tender_block *block, const char *value,
                                    struct tender_error *error);

/*
 * Opens and locks all of them (flock: exclusively, shared for ":ro") and asks for their sizes.
 * -ENODEV: one of the manifest's devices has no option. -EBUSY: somebody else holds the lock.
 */
int tender_block_open(struct tender_block *block, struct tender_error *error);

/* Also of a zeroed object, and twice. */
void tender_block_close(struct tender_block *block);

/* Writes capacity and block size to a guest's copy of the manifest, and what Solo5's does not say
 * to the extension block: nothing of the host. */
void tender_block_describe(const struct tender_block *block, struct mft *mft, struct hvt_ext *ext);

/* The open device of a handle that a guest named, or NULL. */
struct tender_block_device *tender_block_find(struct tender_block *block, uint64_t handle);

/*
 * A guest's requests: enum hvt_result. HVT_R_EINVAL: offset or size is not a multiple of the block
 * size, size is 0, beyond TENDER_BLOCK_MAX_IO (not for a discard) or beyond the end, or the device
 * is read-only and this is no read or flush. HVT_R_EUNSPEC: the host could not (said once).
 */
int tender_block_check(const struct tender_block_device *device, uint64_t offset, uint64_t size);
int tender_block_read(struct tender_block_device *device, uint64_t offset, void *data,
                      uint64_t size);
int tender_block_write(struct tender_block_device *device, uint64_t offset, const void *data,
                       uint64_t size);

/* Makes what was written last through a power failure. */
int tender_block_flush(struct tender_block_device *device);

/* The guest does not need these blocks any more; what they hold then is not said. HVT_R_EUNSPEC
 * also if the host's file system or device cannot do it. */
int tender_block_discard(struct tender_block_device *device, uint64_t offset, uint64_t size);

#endif
