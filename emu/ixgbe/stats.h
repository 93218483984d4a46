// SPDX-License-Identifier: ISC
/* What the 82599 counts; stats.c has the registers. */
#ifndef PENSTOCK_EMU_IXGBE_STATS_H
#define PENSTOCK_EMU_IXGBE_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct nic;
struct port_frame;

#define NIC_FCS 4u /* bytes of a frame that the port does not see */

enum nic_counter {
    C_PRC64, /* the six sizes, in this order; so for PTC64 */
    C_PRC127,
    C_PRC255,
    C_PRC511,
    C_PRC1023,
    C_PRC1522,
    C_GPRC,
    C_BPRC,
    C_MPRC,
    C_GORC,
    C_TOR,
    C_TPR,
    C_RXNFGPC,
    C_RXNFGBC,
    C_RXDGPC,
    C_RXDGBC,
    C_MPC0,
    C_RLEC,
    C_RUC,
    C_ROC,
    C_XEC,
    C_PTC64,
    C_PTC127,
    C_PTC255,
    C_PTC511,
    C_PTC1023,
    C_PTC1522,
    C_GPTC,
    C_BPTC,
    C_MPTC,
    C_GOTC,
    C_TPT,
    C_TXDGPC,
    C_TXDGBC,
    C_QPTC,
    C_QBTC = C_QPTC + 16,
    C_COUNT = C_QBTC + 16,
};

/* Frames written to the driver's memory; and one that was not, though it is or is not a good one.
 */
void nic_count_rx(struct nic *nic, const struct port_frame *frames, unsigned count);
void nic_count_lost(struct nic *nic, const struct port_frame *frame, bool good);

/* Frames of a queue that were sent. */
void nic_count_tx(struct nic *nic, unsigned queue, const struct port_frame *frames, unsigned count);

void nic_count_queue_rx(struct nic *nic, unsigned queue, uint32_t packets, uint64_t bytes);
void nic_count_queue_drop(struct nic *nic, unsigned queue, uint32_t packets);

/* A read of a statistics register; of one in the queues' pages, if it is one, when no page is
 * shared. */
uint32_t nic_stat_read(struct nic *nic, uint32_t offset);
uint32_t nic_queue_stat_read(struct nic *nic, uint32_t offset);

#endif
