// SPDX-License-Identifier: ISC
/*
 * The inside of the 82599 model. A file per concept:
 *
 *   device.c       PCI identity, creation, the turn of the data path
 *   regs.c         the register table and its accesses
 *   nvm.c, sfp.c   EEPROM; the SFP+ module
 *   irq.c          causes, masks, throttling, messages
 *   loopback.c     what is sent comes back
 *   stats.c        the counters
 *   ring.c         descriptor rings in the driver's memory
 *   filter.c       what the filter registers amount to
 *   rx_classify.c  what becomes of a frame; rss.c: by its hash
 *   rx.c           from the port to the queues
 *   rx_write.c     frames to buffers and descriptors
 *   tx.c           descriptors to frames to the port
 *   tx_offload.c   tags, checksums, segments
 *
 * Trapped registers are values in nic.regs, out of the driver's reach. The pages of the queues
 * (0x1000, 0x6000-0x7fff, 0xd000) are shared with the driver: nic.hot. What is read there is
 * checked each time. A device that is to be exact shares nothing: then they are in nic.regs, too.
 */
#ifndef PENSTOCK_EMU_IXGBE_NIC_H
#define PENSTOCK_EMU_IXGBE_NIC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "abi/hw/ixgbe.h"
#include "emu/device.h"
#include "ixgbe_model.h"
#include "ring.h"
#include "stats.h"
#include "sum.h"

#define NIC_QUEUES      IXGBE_HW_QUEUES
#define NIC_BATCH       PORT_BATCH /* descriptors of a queue in one turn */
#define NIC_NVM_WORDS   1024u
#define NIC_RARS        128u
#define NIC_RSS_INPUT   36u /* bytes: two IPv6 addresses and two ports */
#define NIC_TX_DESC_MAX 40u /* descriptors of one packet (datasheet 7.2.1.1) */
#define NIC_TX_ARENA    131072u
/* Bytes of a packet before segmentation: PAYLEN has 18 bits. */
#define NIC_TX_PACKET (262144u + 512u)

/* ---- queues ---- */

struct nic_rxq {
    struct nic_ring ring;
    uint32_t packets; /* written in this turn */
    uint64_t bytes;
    uint32_t free;        /* descriptors the driver has given, as of this turn */
    uint32_t buffer_size; /* bytes */
    uint64_t turn;        /* when it was last looked at */
    bool legacy, drop_en, strip_vlan;
};

/* The last two context descriptors (7.2.3.2.3). */
struct nic_contexts {
    struct ixgbe_tx_context slot[2];
};

struct nic_txq {
    struct nic_ring ring;
    struct nic_contexts contexts;
    uint32_t segments; /* sent of the packet at the head */
};

/* ---- the parts with a state of their own ---- */

struct nic_irq {
    uint64_t cause;     /* EICR(1), EICR(2): bits 15:0 are also EICR[15:0] */
    uint64_t mask;      /* EIMS likewise */
    uint64_t auto_mask; /* EIAM likewise */
    uint32_t misc_cause, misc_mask, misc_auto_mask; /* bits 30:16 of EICR, EIMS, EIAM */
    uint64_t unsent; /* causes since the last message; what is throttled waits here */
    uint32_t misc_unsent;
    uint64_t quiet_until[IXGBE_MSIX_VECTORS]; /* ns: EITR */
};

struct nic_spi { /* the EEPROM's pins (nvm.c) */
    uint32_t shift;
    unsigned bits; /* received since it was selected, up to 24 */
    uint8_t opcode;
    bool output;
    bool line;         /* what it puts out */
    uint32_t position; /* of the next bit to put out */
};

struct nic_i2c { /* the SFP+ module's pins (sfp.c) */
    enum { I2C_IDLE, I2C_ADDRESS, I2C_OFFSET, I2C_WRITE, I2C_READ } phase;
    bool scl, sda; /* as the master drives them */
    bool low;      /* the module pulls SDA down */
    unsigned bits; /* of the current byte, with the acknowledge */
    uint8_t byte;
    uint8_t offset;
};

/* Receive settings, worked out from the registers when one of them has changed. */
struct nic_filter {
    unsigned addresses;
    uint64_t address[NIC_RARS]; /* 48 bits, first byte lowest */
    bool all_unicast, all_multicast, broadcast, multicast_table, vlan_filter;
    unsigned multicast_shift;
    uint16_t vlan_type;
    uint32_t max_frame; /* bytes without FCS and VLAN tag */
    bool check_length, strip_crc;
    bool rss, rss_in_descriptor;
    uint32_t rss_fields; /* MRQC bits 31:16 */
    uint8_t reta[128];
    uint32_t toeplitz[NIC_RSS_INPUT][256];
};

/* Where a transmit queue stands. */
struct nic_tx_mark {
    uint16_t descriptors; /* of those fetched in this turn, done */
    uint16_t contexts;    /* index of the contexts that hold */
    uint32_t segments;    /* of the packet that comes next, sent */
};

/* One queue's turn: the descriptors it has fetched, the frames they make, and what is done once a
 * frame is sent. */
struct nic_tx_batch {
    union ixgbe_tx_desc desc[NIC_BATCH];
    unsigned desc_count;
    struct port_frame frames[NIC_BATCH];
    unsigned count;
    struct nic_tx_mark marks[NIC_BATCH + 1]; /* [n]: when n frames have been sent */
    struct nic_contexts contexts[NIC_BATCH + 1];
    unsigned contexts_count;
    uint32_t arena_used;
    uint8_t arena[NIC_TX_ARENA];   /* frames that are not as they lie in the driver's memory */
    uint8_t packet[NIC_TX_PACKET]; /* what the descriptors of one packet point to */
};

struct nic {
    struct emu_device dev;
    volatile uint32_t *hot; /* BAR 0 as memory: only the hot pages of it count */
    bool exact;             /* no page is shared: each access is one of ours */
    struct port *loopback;
    uint64_t now;        /* of this turn, or of the access to an interrupt register */
    uint64_t turn;       /* their number */
    bool filter_stale;   /* a register that nic.filter is made from has changed */
    uint64_t rx_blocked; /* since when the first frame finds no descriptor; 0: it does not */
    uint64_t rx_touched[NIC_QUEUES / 64]; /* queues that got something in this turn */
    uint64_t tx_active[NIC_QUEUES / 64];  /* queues that were seen enabled */
    uint64_t tx_scan_at;                  /* when they are looked for again */
    struct nic_irq irq;
    struct nic_spi spi;
    struct nic_i2c i2c;
    struct nic_filter filter;
    struct nic_rxq rxq[NIC_QUEUES];
    struct nic_txq txq[NIC_QUEUES];
    uint64_t count[C_COUNT];
    uint32_t count_high[C_COUNT]; /* bits 35:32 of a counter whose low word has been read */
    uint16_t nvm[NIC_NVM_WORDS];
    uint8_t mac[6];
    uint8_t reg_class[IXGBE_REGS_SIZE / 4]; /* index into the register table */
    uint32_t regs[IXGBE_REGS_SIZE / 4];
    uint32_t msix[IXGBE_MSIX_BAR_SIZE / 4];
    struct nic_tx_batch tx;
};

static inline struct nic *nic_of(struct emu_device *dev)
{
    return (struct nic *)dev;
}

/* ---- regs.c ---- */

/* A trapped register; offset is one of the macros of abi/hw/ixgbe.h. */
static inline uint32_t *nic_reg(struct nic *nic, uint32_t offset)
{
    return &nic->regs[offset / 4];
}

static inline bool nic_is_hot(uint32_t offset)
{
    return offset >> 12 == 0x1 || offset >> 13 == 0x3 || offset >> 12 == 0xd;
}

/* A register in a hot page: the driver may change it at any time. */
static inline uint32_t nic_hot_get(const struct nic *nic, uint32_t offset)
{
    return nic->hot[offset / 4];
}

static inline void nic_hot_put(struct nic *nic, uint32_t offset, uint32_t value)
{
    nic->hot[offset / 4] = value;
}

void nic_regs_init(struct nic *nic);
void nic_regs_reset(struct nic *nic);
uint32_t nic_reg_read(struct nic *nic, uint32_t offset);
void nic_reg_write(struct nic *nic, uint32_t offset, uint32_t value);

/* ---- device.c ---- */

/* All registers and state to their defaults, as CTRL.RST does (4.2.1.6.1). */
void nic_reset(struct nic *nic);

static inline bool nic_link_up(const struct nic *nic)
{
    return nic->dev.port != NULL;
}

/* Where frames go to and come from; NULL: nowhere. */
static inline struct port *nic_port(const struct nic *nic)
{
    return nic->regs[IXGBE_HLREG0 / 4] & IXGBE_HLREG0_LPBK ? nic->loopback : nic->dev.port;
}

/* ---- loopback.c ---- */

struct port *nic_loopback_create(void); /* NULL: no memory */

/* ---- nvm.c, sfp.c: registers with a device behind them ---- */

void nic_nvm_init(struct nic *nic);
uint32_t nic_eec_read(struct nic *nic, uint32_t offset);
void nic_eec_write(struct nic *nic, uint32_t offset, uint32_t value);
void nic_eerd_write(struct nic *nic, uint32_t offset, uint32_t value);
uint32_t nic_i2cctl_read(struct nic *nic, uint32_t offset);
void nic_i2cctl_write(struct nic *nic, uint32_t offset, uint32_t value);
void nic_msca_write(struct nic *nic, uint32_t offset, uint32_t value);

/* ---- irq.c ---- */

/* Causes that happened to a queue (entry: its byte of IVAR) or elsewhere (bits 30:16 of EICR). */
void nic_irq_queue(struct nic *nic, uint8_t ivar);
void nic_irq_misc(struct nic *nic, uint32_t causes);

/* Sends what throttling has held back and may go now. */
void nic_irq_poll(struct nic *nic);

/* True while a message waits for its time. */
bool nic_irq_waiting(const struct nic *nic);

uint32_t nic_irq_read(struct nic *nic, uint32_t offset);
void nic_irq_write(struct nic *nic, uint32_t offset, uint32_t value);
void nic_eitr_write(struct nic *nic, uint32_t offset, uint32_t value);

static inline uint8_t nic_ivar(struct nic *nic, unsigned queue, bool tx)
{
    return (uint8_t)(*nic_reg(nic, IXGBE_IVAR(queue / 2)) >> (queue % 2 * 16 + tx * 8));
}

/* ---- filter.c, rss.c ---- */

/* Works nic->filter out from the registers. */
void nic_filter_update(struct nic *nic);
void nic_rss_update(struct nic *nic);

enum nic_fate {
    NIC_ACCEPT,
    NIC_ACCEPT_INEXACT, /* its address is none of RAL/RAH: PIF */
    NIC_REJECT,         /* a good frame for somebody else */
    NIC_UNDERSIZE,
    NIC_OVERSIZE,
    NIC_BAD_LENGTH,
    NIC_DROPPED, /* its queue has no descriptor and does not wait, or is off */
    NIC_MISSED,  /* waited too long for a descriptor */
};
/*
 * The RSS hash and its type, by packet type (IXGBE_RXD_INFO_*) and the offsets of the headers (0:
 * none). IXGBE_RSS_NONE: the frame is not hashed.
 */
enum ixgbe_rss_type nic_rss_hash(const struct nic_filter *filter, const uint8_t *frame,
                                 uint32_t info, unsigned l3, unsigned l4, uint32_t *hash);
uint32_t nic_toeplitz(const struct nic_filter *filter, const uint8_t *input, unsigned len);

/* ---- rx.c, rx_write.c ---- */

/* A bounded turn; returns how many frames were received. */
unsigned nic_rx_poll(struct nic *nic);

/* What the descriptor of a frame says beside its length. */
struct nic_rx_meta {
    uint32_t info;
    uint32_t rss;
    uint32_t status; /* with errors; without DD and EOP */
    uint16_t vlan;
    uint8_t queue;
    uint8_t fate; /* enum nic_fate */
};

/* What becomes of frames, and what their descriptors will say. */
void nic_rx_classify(struct nic *nic, const struct port_frame *frames, struct nic_rx_meta *meta,
                     unsigned count);

/* Writes frames to the descriptors of one queue; returns how many found room. */
unsigned nic_rx_write(struct nic *nic, unsigned queue, const struct port_frame *frames,
                      const struct nic_rx_meta *meta, unsigned count);

/* Looks at the queue, once a turn; returns it. */
struct nic_rxq *nic_rx_open(struct nic *nic, unsigned queue);

/* Publishes heads, counts and causes of the queues that got something. */
void nic_rx_publish(struct nic *nic);

/* ---- tx.c, tx_offload.c ---- */

/* A bounded turn; returns how many descriptors were done. */
unsigned nic_tx_poll(struct nic *nic);

/*
 * Adds the frames of the packet of len bytes in nic->tx.packet, as its descriptor and the contexts
 * say: tag, checksums, segments. When the last of them is sent, the queue stands at `then`. false:
 * no room in this turn for all of them. A packet that makes no sense is dropped, with *wrong saying
 * why: true.
 */
bool nic_tx_offload(struct nic *nic, uint32_t len, const union ixgbe_tx_desc *desc,
                    struct nic_tx_mark then, const char **wrong);

#endif
