// SPDX-License-Identifier: ISC
/*
 * The software 82599 on a bench: a driver's view of it (registers, rings and buffers in DMA memory)
 * and a port whose other end is the test. Everything asserts: a rig that cannot be set up fails the
 * test.
 */
#ifndef PENSTOCK_TESTS_EMU_IXGBE_RIG_H
#define PENSTOCK_TESTS_EMU_IXGBE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "emu/ixgbe/nic.h"
#include "emu/port_impl.h"

#define RIG_IOVA   0x200000000ull
#define RIG_MEMORY (4u << 20)
#define RIG_RING   64u /* descriptors; a ring of queue q at RIG_RX_RING(q) */
#define RIG_FRAMES 512u
#define RIG_BUFFER 2048u

/* Addresses (I/O virtual) of what is in the memory. */
#define RIG_RX_RING(q)   (RIG_IOVA + 0x1000ull * (q))
#define RIG_TX_RING(q)   (RIG_IOVA + 0x10000ull + 0x1000ull * (q))
#define RIG_RX_BUFFER(i) (RIG_IOVA + 0x100000ull + RIG_BUFFER * (uint64_t)(i))
#define RIG_TX_BUFFER    (RIG_IOVA + 0x200000ull) /* the test's to use */

struct rig_frame {
    uint32_t len;
    uint8_t data[PORT_FRAME_MAX];
};

/* Frames to the device wait in `in`; those from it are in `out`. */
struct rig_port {
    struct port port;
    struct rig_frame in[RIG_FRAMES], out[RIG_FRAMES];
    unsigned in_head, in_tail, out_count;
    unsigned accept; /* frames that the port still takes: its "later" */
    unsigned flushes;
};

struct rig {
    struct emu_device *dev;
    struct nic *nic;
    struct rig_port *port;
    uint8_t *memory; /* RIG_MEMORY bytes at RIG_IOVA */
    int fd;
    int eventfd[IXGBE_MSIX_VECTORS]; /* -1 until rig_msix */
    uint64_t now;
};

int rig_setup(void **state);
int rig_setup_exact(void **state); /* no page is shared */
int rig_teardown(void **state);

uint32_t rig_read(struct rig *rig, uint32_t offset);
void rig_write(struct rig *rig, uint32_t offset, uint32_t value);
void *rig_at(struct rig *rig, uint64_t iova);

/* One turn of the data path, 20 us after the last. */
unsigned rig_poll(struct rig *rig);

/* Connects MSI-X vectors 0 to count - 1; rig_fired says how often a vector has fired since it was
 * last asked. */
void rig_msix(struct rig *rig, unsigned count);
unsigned rig_fired(struct rig *rig, unsigned vector);

/* Queue q with RIG_RING descriptors, RIG_RING - 1 of them given; buffers from RIG_RX_BUFFER(64 q)
 * on; receive enabled. */
void rig_rx_start(struct rig *rig, unsigned queue, uint32_t srrctl);
union ixgbe_rx_desc *rig_rx_desc(struct rig *rig, unsigned queue, unsigned i);

/* An empty transmit queue; rig_tx adds a descriptor at its tail (cmd: IXGBE_TXD_CMD_*) and
 * rig_tx_kick tells the device. */
void rig_tx_start(struct rig *rig, unsigned queue);
union ixgbe_tx_desc *rig_tx_desc(struct rig *rig, unsigned queue, unsigned i);
void rig_tx(struct rig *rig, unsigned queue, uint64_t addr, uint32_t len, uint32_t cmd,
            uint32_t options);
void rig_tx_context(struct rig *rig, unsigned queue, struct ixgbe_tx_context context);

/* Lets a frame arrive. */
void rig_inject(struct rig *rig, const void *data, uint32_t len);

/* ---- frames ---- */

struct rig_flow {
    bool v6, vlan;
    uint8_t protocol; /* 6, 17, or anything */
    uint16_t payload; /* bytes behind the TCP or UDP header */
};

/* Builds a frame to 02:00:00:00:00:01 with right checksums; returns its length, at least 60. */
uint32_t rig_build(uint8_t *frame, struct rig_flow flow);

/* The sums again, computed byte by byte: true if the IPv4 header's and the TCP or UDP checksum are
 * right. */
bool rig_sums_right(const uint8_t *frame);

/* Offset of the network and the transport header. */
unsigned rig_l3(const uint8_t *frame);
unsigned rig_l4(const uint8_t *frame);

#endif
