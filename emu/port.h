// SPDX-License-Identifier: ISC
/*
 * The network side of a NIC model: where its frames go to and come from.
 *
 *   tap:NAME               an existing TAP interface
 *   pcap:IN,OUT            classic capture files; either may be empty
 *   generator:SIZE[,RATE]  frames of SIZE bytes (FCS included, as in "64-byte packets"), RATE a
 *                          second; counts what comes back
 *   sink                   swallows and counts, gives nothing
 *   wire:NAME              the other NIC of this process with the same NAME
 *
 * Frames are without FCS here and at least 60 bytes long on the receive side. All calls on a port
 * come from the thread that holds the device lock (device.h), and `now` is emu_now()'s time in ns,
 * the same or later at each call.
 */
#ifndef PENSTOCK_EMU_PORT_H
#define PENSTOCK_EMU_PORT_H

#include <stddef.h>
#include <stdint.h>

#define PORT_FRAME_MAX 16384u /* bytes without FCS */
#define PORT_FRAME_MIN 60u
#define PORT_BATCH     64u

struct port;

struct port_frame {
    const uint8_t *data;
    uint32_t len;
};

/* "Received" is what the port had for the device, "sent" what the device gave to the port. */
struct port_stats {
    uint64_t rx_packets; /* taken by the device */
    uint64_t rx_bytes;   /* without FCS */
    uint64_t tx_packets; /* delivered */
    uint64_t tx_bytes;
    uint64_t
        tx_dropped;   /* the other side had no room, or the frame was longer than PORT_FRAME_MAX */
    uint64_t flushed; /* thrown away by port_flush */
};

/* The wires of one process. */
struct port_wires;
struct port_wires *port_wires_create(void);        /* NULL: no memory */
void port_wires_destroy(struct port_wires *wires); /* after the ports */

struct port_config {
    uint64_t rate; /* bits a second on the wire in each direction (preamble, gap, FCS included); 0:
                      no limit */
    const uint8_t *mac;       /* the device's address: generated frames are sent to it */
    struct port_wires *wires; /* may be NULL if no port is a wire: */
};

/* Opens the port that `spec` describes. On error -errno and one line in error[]. */
int port_open(const char *spec, const struct port_config *config, struct port **port, char *error,
              size_t error_size);
void port_close(struct port *port); /* NULL is fine; writes out what a capture file still lacks */

/*
 * Frames that wait for the device: fills in up to max (<= PORT_BATCH) and returns how many; they
 * stay valid, and first in line, until port_rx_done says how many of them the device has taken (the
 * others are offered again).
 */
unsigned port_rx_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max);
void port_rx_done(struct port *port, unsigned count);

/*
 * Sends frames; their memory is the caller's again on return. Returns how many were accepted: fewer
 * than count only when the rate limit says "later" (a frame that the other side has no room for is
 * accepted, dropped and counted).
 */
unsigned port_tx(struct port *port, uint64_t now, const struct port_frame *frames, unsigned count);

/* Throws away what came in while nobody was listening; a model calls it when its receiver is
 * switched on. */
void port_flush(struct port *port);

/* A descriptor that is readable when frames wait, or -1. */
int port_fd(const struct port *port);

const struct port_stats *port_stats(const struct port *port);

/* A number with an optional k, M or G (powers of 1000): "14.88M", "10G". 0 or -EINVAL. */
int port_parse_rate(const char *text, uint64_t *value);

#endif
