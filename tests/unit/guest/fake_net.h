// SPDX-License-Identifier: ISC
/* A network device whose wire the test holds, and a peer that writes its own frames: nothing of it
 * comes from the stack. */
#ifndef PENSTOCK_TESTS_FAKE_NET_H
#define PENSTOCK_TESTS_FAKE_NET_H

#include <penstock/net.h>
#include <penstock/stack.h>

#define FAKE_FRAMES 1024
#define FRAME_MAX   2048
#define OUR_IP      0x0a000002u /* 10.0.0.2 */
#define PEER_IP     0x0a000001u
#define TCP_FIN     1u
#define TCP_SYN     2u
#define TCP_RST     4u
#define TCP_PSH     8u
#define TCP_ACK     16u
#define IP_HEADER   14 /* where it begins in a frame */
#define IP_PAYLOAD  34
#define TCP_HDR     34
#define TCP_DATA    54
#define IP_MORE     0x2000 /* more fragments */
#define PROTO_ICMP  1
#define PROTO_TCP   6

struct frame {
    uint16_t len;
    uint32_t flags; /* PACKET_* that the device reports */
    uint8_t data[FRAME_MAX];
};

struct frame_queue {
    struct frame frame[FAKE_FRAMES];
    unsigned first; /* the next to take */
    unsigned count;
};

struct fake_net {
    struct net_device dev;
    struct packet_pool pool;
    struct frame_queue in;  /* to the stack */
    struct frame_queue out; /* from the stack */
    unsigned tx_room;       /* packets that tx still takes */
    bool link_up;
    int arm_result;
    unsigned arms;
    unsigned disarms;
};

/* The one device and stack of a test program: lwIP has one state for a process. */
extern struct fake_net fake_net;
extern struct stack *fake_stack;

/* Makes both, with a pool of `packets`, and answers the stack's question who 10.0.0.1 is once and
 * for all. */
void fake_net_start(unsigned packets);

/* Empties the wire, and makes the device well again. */
void fake_net_reset(void);

/* Lets the stack run for so many milliseconds of its time. */
void run_ms(unsigned ms);

/* True if every packet is back in its pool. */
bool packets_conserved(void);

/* ---- Frames from the peer ---- */

/* A frame to send; its data is zero. */
struct frame *new_frame(uint16_t len);

/* Fills in Ethernet and IPv4 headers with right checksums for a frame whose payload is complete. */
void finish_ip(struct frame *frame, uint8_t protocol, uint16_t fragment);

/* Adds the ICMP or TCP checksum to a frame, as if it were not a fragment. */
void finish_l4(struct frame *frame, uint8_t protocol);

void send_arp_request(uint32_t target);

/* ---- Frames to the peer ---- */

/* The next frame that the stack sent, or NULL. It stays good until fake_net_reset. */
const struct frame *next_frame(void);

uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
void put16(uint8_t *p, uint16_t value);
void put32(uint8_t *p, uint32_t value);

/* The Internet checksum, one byte at a time. */
uint16_t naive_checksum(const uint8_t *data, size_t len, uint32_t sum);

/* ---- A TCP peer ---- */

struct peer {
    uint16_t port;   /* its own */
    uint16_t server; /* the stack's */
    uint32_t seq;    /* its next byte */
    uint32_t ack;    /* the next byte it expects */
    uint32_t edge;   /* the end of the stack's window when the connection was opened */
    uint16_t window;
};

/* One TCP segment as the stack sent it. */
struct segment {
    unsigned flags;
    uint32_t seq;
    uint32_t ack;
    uint32_t window;
    const uint8_t *data;
    size_t len;
};

/* Builds a segment, without moving peer->seq, and hands it to the device. */
struct frame *peer_send(struct peer *peer, unsigned flags, const void *data, size_t len);

/* The next segment to this peer; frames to others are skipped. False if there is none. */
bool peer_receive(const struct peer *peer, struct segment *segment);

/* Opens a connection from `port`; the stack must answer. */
void peer_connect(struct peer *peer, uint16_t port, uint16_t server);

/* Sends data and lets the stack take it; peer->seq moves on. */
void peer_write(struct peer *peer, const void *data, size_t len);

/* Takes all data segments that are there, in order, and acknowledges them. How many bytes they had.
 */
size_t peer_read(struct peer *peer, void *data, size_t room);

#endif
