// SPDX-License-Identifier: ISC
/*
 * The vfio-user wire protocol, as specified in QEMU's docs/interop/vfio-user.rst ("spec" below; the
 * section is the one named after the command). All numbers are in host byte order. A message is a
 * header and, unless it is an error reply, the payload of its command; file descriptors travel
 * beside it (SCM_RIGHTS).
 *
 * Constants that the spec takes from linux/vfio.h are repeated here under names of our own, so that
 * host and device agree without kernel headers and both can be included together.
 */
#ifndef PENSTOCK_ABI_VFIO_USER_H
#define PENSTOCK_ABI_VFIO_USER_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* ---- spec, "Commands" ---- */

enum vfio_user_command {
    VFIO_USER_VERSION = 1,
    VFIO_USER_DMA_MAP = 2,
    VFIO_USER_DMA_UNMAP = 3,
    VFIO_USER_DEVICE_GET_INFO = 4,
    VFIO_USER_DEVICE_GET_REGION_INFO = 5,
    VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
    VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
    VFIO_USER_DEVICE_SET_IRQS = 8,
    VFIO_USER_REGION_READ = 9,
    VFIO_USER_REGION_WRITE = 10,
    VFIO_USER_DMA_READ = 11,  /* server to client */
    VFIO_USER_DMA_WRITE = 12, /* server to client */
    VFIO_USER_DEVICE_RESET = 13,
    VFIO_USER_DIRTY_PAGES = 14, /* libvfio-user before 2023; not in the spec any more */
    VFIO_USER_REGION_WRITE_MULTI = 15,
    VFIO_USER_DEVICE_FEATURE = 16,
    VFIO_USER_MIG_DATA_READ = 17,
    VFIO_USER_MIG_DATA_WRITE = 18,
};

/* ---- spec, "Header" ---- */

struct vfio_user_header {
    uint16_t msg_id; /* the sender's; echoed in the reply */
    uint16_t command;
    uint32_t msg_size; /* bytes, header included */
    uint32_t flags;    /* VFIO_USER_TYPE_* and VFIO_USER_FLAG_* */
    uint32_t error;    /* in a reply with VFIO_USER_FLAG_ERROR: an errno or 0 */
};
static_assert(sizeof(struct vfio_user_header) == 16, "vfio_user_header");

#define VFIO_USER_TYPE_MASK     0xfu
#define VFIO_USER_TYPE_COMMAND  0x0u
#define VFIO_USER_TYPE_REPLY    0x1u
#define VFIO_USER_FLAG_NO_REPLY 0x10u
#define VFIO_USER_FLAG_ERROR    0x20u /* the reply is the header alone */

/* ---- spec, "VFIO_USER_VERSION" ---- */

#define VFIO_USER_MAJOR 0u
#define VFIO_USER_MINOR 1u

/* Values of capabilities that a peer did not mention. */
#define VFIO_USER_DEFAULT_MAX_MSG_FDS   1u
#define VFIO_USER_DEFAULT_MAX_DATA_XFER (1024u * 1024) /* bytes in one region or DMA access */
#define VFIO_USER_DEFAULT_MAX_DMA_MAPS  65535u
#define VFIO_USER_DEFAULT_PGSIZES       4096u

/* Followed by optional JSON text with its NUL: {"capabilities": {"max_msg_fds": 8, ...}}. */
struct vfio_user_version {
    uint16_t major; /* the reply has the major that was proposed */
    uint16_t minor; /* ... and a minor not above it */
    char data[];
};
static_assert(sizeof(struct vfio_user_version) == 4, "vfio_user_version");

/* ---- spec, "VFIO_USER_DMA_MAP": no reply payload; at most one descriptor; EEXIST over an existing
 * mapping ---- */

#define VFIO_USER_DMA_READABLE  (1u << 0)
#define VFIO_USER_DMA_WRITEABLE (1u << 1)

struct vfio_user_dma_map {
    uint32_t argsz;
    uint32_t flags;   /* VFIO_USER_DMA_* */
    uint64_t offset;  /* bytes into the descriptor's file; 0 without a descriptor */
    uint64_t address; /* IOVA */
    uint64_t size;    /* bytes */
};
static_assert(sizeof(struct vfio_user_dma_map) == 32, "vfio_user_dma_map");

/* ---- spec, "VFIO_USER_DMA_UNMAP": the reply repeats the request's payload ---- */

#define VFIO_USER_DMA_UNMAP_ALL \
    (1u << 1) /* linux/vfio.h, VFIO_DMA_UNMAP_FLAG_ALL: address and size are 0 */

struct vfio_user_dma_unmap {
    uint32_t argsz;
    uint32_t flags;
    uint64_t address;
    uint64_t size;
};
static_assert(sizeof(struct vfio_user_dma_unmap) == 24, "vfio_user_dma_unmap");

/* ---- spec, "VFIO_USER_DEVICE_GET_INFO" ---- */

#define VFIO_USER_DEVICE_FLAG_RESET (1u << 0)
#define VFIO_USER_DEVICE_FLAG_PCI   (1u << 1)

struct vfio_user_device_info {
    uint32_t argsz;
    uint32_t flags; /* VFIO_USER_DEVICE_FLAG_* */
    uint32_t num_regions;
    uint32_t num_irqs;
};
static_assert(sizeof(struct vfio_user_device_info) == 16, "vfio_user_device_info");

/* linux/vfio.h, VFIO_PCI_*_REGION_INDEX and VFIO_PCI_*_IRQ_INDEX. */
enum vfio_user_region {
    VFIO_USER_REGION_BAR0 = 0,
    VFIO_USER_REGION_BAR5 = 5,
    VFIO_USER_REGION_ROM = 6,
    VFIO_USER_REGION_CONFIG = 7,
    VFIO_USER_REGION_VGA = 8,
    VFIO_USER_REGION_COUNT = 9,
};

enum vfio_user_irq {
    VFIO_USER_IRQ_INTX = 0,
    VFIO_USER_IRQ_MSI = 1,
    VFIO_USER_IRQ_MSIX = 2,
    VFIO_USER_IRQ_ERR = 3,
    VFIO_USER_IRQ_REQ = 4,
    VFIO_USER_IRQ_COUNT = 5,
};

/* ---- spec, "VFIO_USER_DEVICE_GET_REGION_INFO": the reply has a descriptor if
 * VFIO_USER_REGION_MMAP is set ---- */

#define VFIO_USER_REGION_READABLE  (1u << 0)
#define VFIO_USER_REGION_WRITEABLE (1u << 1)
#define VFIO_USER_REGION_MMAP      (1u << 2)
#define VFIO_USER_REGION_CAPS      (1u << 3)

struct vfio_user_region_info {
    uint32_t argsz; /* request: room for the reply; reply: what the whole of it needs */
    uint32_t flags; /* VFIO_USER_REGION_* */
    uint32_t index;
    uint32_t cap_offset; /* of the first capability, from the start of this structure */
    uint64_t size;
    uint64_t offset; /* of the region in the descriptor's file */
};
static_assert(sizeof(struct vfio_user_region_info) == 32, "vfio_user_region_info");

struct vfio_user_cap_header {
    uint16_t id;
    uint16_t version;
    uint32_t next; /* from the start of vfio_user_region_info; 0 ends the list */
};
static_assert(sizeof(struct vfio_user_cap_header) == 8, "vfio_user_cap_header");

#define VFIO_USER_CAP_SPARSE_MMAP 1u /* version 1 */

/* Mapped with mmap offset = region's offset + area's offset. */
struct vfio_user_sparse_area {
    uint64_t offset; /* bytes into the region */
    uint64_t size;
};
static_assert(sizeof(struct vfio_user_sparse_area) == 16, "vfio_user_sparse_area");

struct vfio_user_cap_sparse_mmap {
    struct vfio_user_cap_header header;
    uint32_t nr_areas;
    uint32_t reserved;
    struct vfio_user_sparse_area areas[];
};
static_assert(sizeof(struct vfio_user_cap_sparse_mmap) == 16, "vfio_user_cap_sparse_mmap");

/* ---- spec, "VFIO_USER_DEVICE_GET_IRQ_INFO" ---- */

#define VFIO_USER_IRQ_EVENTFD    (1u << 0)
#define VFIO_USER_IRQ_MASKABLE   (1u << 1)
#define VFIO_USER_IRQ_AUTOMASKED (1u << 2)
#define VFIO_USER_IRQ_NORESIZE   (1u << 3)

struct vfio_user_irq_info {
    uint32_t argsz;
    uint32_t flags; /* VFIO_USER_IRQ_* */
    uint32_t index; /* enum vfio_user_irq */
    uint32_t count;
};
static_assert(sizeof(struct vfio_user_irq_info) == 16, "vfio_user_irq_info");

/* ---- spec, "VFIO_USER_DEVICE_SET_IRQS": no reply payload ---- */

#define VFIO_USER_IRQ_SET_DATA_NONE (1u << 0)
#define VFIO_USER_IRQ_SET_DATA_BOOL (1u << 1) /* `count` bytes follow */
#define VFIO_USER_IRQ_SET_DATA_EVENTFD \
    (1u << 2) /* `count` descriptors beside the message; none: de-assign */
#define VFIO_USER_IRQ_SET_DATA_MASK      0x07u
#define VFIO_USER_IRQ_SET_ACTION_MASK    (1u << 3)
#define VFIO_USER_IRQ_SET_ACTION_UNMASK  (1u << 4)
#define VFIO_USER_IRQ_SET_ACTION_TRIGGER (1u << 5)
#define VFIO_USER_IRQ_SET_ACTIONS        0x38u

struct vfio_user_irq_set {
    uint32_t argsz;
    uint32_t flags; /* VFIO_USER_IRQ_SET_*: one of each kind */
    uint32_t index;
    uint32_t start;
    uint32_t count; /* 0 with DATA_NONE | ACTION_TRIGGER: all of the index off */
    uint8_t data[];
};
static_assert(sizeof(struct vfio_user_irq_set) == 20, "vfio_user_irq_set");

/* ---- spec, "VFIO_USER_REGION_READ" and "..._WRITE": data follows a read's reply and a write's
 * request ---- */

struct vfio_user_region_access {
    uint64_t offset;
    uint32_t region;
    uint32_t count; /* bytes, not above max_data_xfer_size */
    uint8_t data[];
};
static_assert(sizeof(struct vfio_user_region_access) == 16, "vfio_user_region_access");

/* ---- spec, "VFIO_USER_DMA_READ" and "..._WRITE" (server to client): data follows a read's reply
 * and a write's request ---- */

struct vfio_user_dma_access {
    uint64_t address; /* IOVA */
    uint64_t count;
    uint8_t data[];
};
static_assert(sizeof(struct vfio_user_dma_access) == 16, "vfio_user_dma_access");

/* ---- spec, "VFIO_USER_REGION_WRITE_MULTI": only to a server that says {"write_multiple": true};
 * reply: wr_cnt ---- */

struct vfio_user_one_write {
    uint64_t offset;
    uint32_t region;
    uint32_t count; /* 1..8 */
    uint8_t data[8];
};
static_assert(sizeof(struct vfio_user_one_write) == 24, "vfio_user_one_write");

struct vfio_user_write_multi {
    uint64_t wr_cnt;
    struct vfio_user_one_write wrs[];
};
static_assert(sizeof(struct vfio_user_write_multi) == 8, "vfio_user_write_multi");

#endif
