// SPDX-License-Identifier: ISC
/*
 * The network and block devices of one unikernel as its bindings know them, on every target in the
 * same form: the manifest's copy says what there is, the extension block what the tender can do
 * beyond Solo5's. What the calls of solo5.h refuse is refused here; what remains is one system call
 * or hypercall.
 */
#ifndef PENSTOCK_BINDINGS_IO_INFO_H
#define PENSTOCK_BINDINGS_IO_INFO_H

#include <solo5.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/hvt.h"
#include "abi/manifest.h"

/* Zero-initialised it stands for a unikernel without devices. */
struct io_table {
    const struct mft *mft;
    uint64_t acquired;  /* bit h: handle h */
    uint64_t max_io;    /* bytes of one block request; 0: one block */
    uint64_t read_only; /* bit h: block device h */
    bool extended;      /* the tender knows flush and discard */
};

/*
 * Takes the manifest as the tender filled it in, which must stay as it is, and the extension block;
 * NULL under a tender of Solo5's. EINVAL, and the table stays empty: not a manifest.
 */
solo5_result_t io_table_init(struct io_table *table, const struct mft *mft,
                             const struct hvt_ext *ext);

/* The calls of solo5.h. */
solo5_result_t io_table_net_acquire(struct io_table *table, const char *name,
                                    solo5_handle_t *handle, struct solo5_net_info *info);
solo5_result_t io_table_block_acquire(struct io_table *table, const char *name,
                                      solo5_handle_t *handle, struct solo5_block_info *info);

/* May this be asked of the device? OK or EINVAL (also for a buffer that is NULL); EUNSPEC for a
 * flush or discard that the tender does not know. */
solo5_result_t io_table_net_write(const struct io_table *table, solo5_handle_t handle,
                                  const void *buf, size_t size);
solo5_result_t io_table_net_read(const struct io_table *table, solo5_handle_t handle,
                                 const void *buf, size_t size, const size_t *read_size);
solo5_result_t io_table_block_write(const struct io_table *table, solo5_handle_t handle,
                                    solo5_off_t offset, const void *buf, size_t size);
solo5_result_t io_table_block_read(const struct io_table *table, solo5_handle_t handle,
                                   solo5_off_t offset, const void *buf, size_t size);
solo5_result_t io_table_block_flush(const struct io_table *table, solo5_handle_t handle);
solo5_result_t io_table_block_discard(const struct io_table *table, solo5_handle_t handle,
                                      solo5_off_t offset, solo5_off_t size);

#endif
