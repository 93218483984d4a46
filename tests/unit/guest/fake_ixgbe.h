// SPDX-License-Identifier: ISC
/*
 * A scripted 82599 on top of fake_pci.h: registers that answer as a healthy device's do, and rings
 * that move when the test says so.
 */
#ifndef PENSTOCK_TESTS_FAKE_IXGBE_H
#define PENSTOCK_TESTS_FAKE_IXGBE_H

#include "fake_pci.h"
#include "guest/drivers/ixgbe/driver.h"

struct fake_ixgbe {
    uint32_t stuck_reg; /* this register reads as stuck_value, whatever was written */
    uint32_t stuck_value;
    bool is_stuck;
    unsigned resets;
    uint32_t rx_head[IXGBE_QUEUES_MAX]; /* the next descriptor to fill */
    uint32_t tx_head[IXGBE_QUEUES_MAX];
    uint64_t sent_iova; /* of the packet sent last */
    uint16_t sent_len;
};

extern struct fake_ixgbe fake_ixgbe;

/* A healthy device, hot pages mapped or nothing mapped. */
void fake_ixgbe_reset(bool map_hot_pages);

/* Fills the next receive descriptor with this write-back. False: the device owns none. */
bool fake_ixgbe_receive(unsigned queue, uint32_t status, uint16_t length);

/* Sends up to n packets; returns how many there were. DD is written where RS asked for it. */
unsigned fake_ixgbe_send(unsigned queue, unsigned n);

#endif
