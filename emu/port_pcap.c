// SPDX-License-Identifier: ISC
/* pcap:IN,OUT: classic capture files (draft-ietf-opsawg-pcap), Ethernet, both byte orders, micro-
 * and nanoseconds. */
#include "port_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAGIC_MICRO    0xa1b2c3d4u
#define MAGIC_NANO     0xa1b23c4du
#define LINK_ETHERNET  1u
#define LINK_MASK      0x0fffffffu /* the rest says whether there is an FCS */
#define ETHERNET_SIZE  14u
#define FILE_SIZE_MAX  (1ull << 32)
#define IN_FRAME_ALIGN 8u

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy;
    uint32_t snap_len, link;
};

struct packet_header {
    uint32_t seconds, fraction;
    uint32_t captured; /* bytes that follow */
    uint32_t original;
};

struct pcap {
    struct port port;
    FILE *out;
    uint8_t *data;             /* the frames of IN, padded */
    struct port_frame *frames; /* into data */
    unsigned count, next;
};

static unsigned pcap_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    struct pcap *pcap = (struct pcap *)port;

    (void)now;
    if (max > pcap->count - pcap->next)
        max = pcap->count - pcap->next;
    if (max > 0)
        memcpy(frames, &pcap->frames[pcap->next], max * sizeof(*frames));
    return max;
}

static uint64_t pcap_done(struct port *port, unsigned count)
{
    struct pcap *pcap = (struct pcap *)port;
    uint64_t bytes = 0;

    for (; count > 0; count--)
        bytes += pcap->frames[pcap->next++].len;
    return bytes;
}

static void pcap_tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    struct pcap *pcap = (struct pcap *)port;
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    for (unsigned i = 0; i < count; i++) {
        struct packet_header header = {(uint32_t)ts.tv_sec, (uint32_t)(ts.tv_nsec / 1000),
                                       frames[i].len, frames[i].len};

        if (frames[i].len > PORT_FRAME_MAX ||
            (pcap->out && (fwrite(&header, sizeof(header), 1, pcap->out) != 1 ||
                           fwrite(frames[i].data, 1, frames[i].len, pcap->out) != frames[i].len))) {
            port->stats.tx_dropped++;
            continue;
        }
        port->stats.tx_packets++;
        port->stats.tx_bytes += frames[i].len;
    }
    if (pcap->out)
        fflush(pcap->out);
}

static void pcap_close(struct port *port)
{
    struct pcap *pcap = (struct pcap *)port;

    if (pcap->out)
        fclose(pcap->out);
    free(pcap->frames);
    free(pcap->data);
    free(pcap);
}

static const struct port_ops pcap_ops = {pcap_peek, pcap_done, pcap_tx, NULL, pcap_close};

static uint32_t order(uint32_t value, bool swapped)
{
    return swapped ? __builtin_bswap32(value) : value;
}

/* Why the file is refused, or NULL; swapped: it was written on a machine of the other byte order.
 */
static const char *check_header(const struct file_header *header, bool *swapped)
{
    uint32_t magic = header->magic;

    *swapped = magic == __builtin_bswap32(MAGIC_MICRO) || magic == __builtin_bswap32(MAGIC_NANO);
    magic = order(magic, *swapped);
    if (magic != MAGIC_MICRO && magic != MAGIC_NANO)
        return "not a classic pcap file";
    if ((order(header->link, *swapped) & LINK_MASK) != LINK_ETHERNET)
        return "its link type is not Ethernet";
    return NULL;
}

/* Appends one frame, padded to the minimum and aligned. */
static const char *add_frame(struct pcap *pcap, FILE *in, uint32_t len, size_t *used, size_t *room)
{
    uint32_t padded = len < PORT_FRAME_MIN ? PORT_FRAME_MIN : len;
    size_t need = *used + (padded + IN_FRAME_ALIGN - 1) / IN_FRAME_ALIGN * IN_FRAME_ALIGN;

    if (need > *room) {
        size_t bigger = need + *room;
        uint8_t *data = bigger <= FILE_SIZE_MAX ? realloc(pcap->data, bigger) : NULL;

        if (!data)
            return "too large";
        pcap->data = data;
        *room = bigger;
    }
    memset(pcap->data + *used, 0, padded);
    if (fread(pcap->data + *used, 1, len, in) != len)
        return "ends in the middle of a packet";
    if ((pcap->count & (pcap->count - 1)) == 0) { /* powers of two: time to double */
        size_t slots = pcap->count ? 2 * (size_t)pcap->count : 1;
        struct port_frame *frames = realloc(pcap->frames, slots * sizeof(*frames));

        if (!frames)
            return "too large";
        pcap->frames = frames;
    }
    pcap->frames[pcap->count++] = (struct port_frame){.len = padded};
    *used = need;
    return NULL;
}

/* Frames lie one behind the other; their addresses are known when data moves no more. */
static void place_frames(struct pcap *pcap)
{
    const uint8_t *at = pcap->data;

    for (unsigned i = 0; i < pcap->count; i++) {
        pcap->frames[i].data = at;
        at += (pcap->frames[i].len + IN_FRAME_ALIGN - 1) / IN_FRAME_ALIGN * IN_FRAME_ALIGN;
    }
}

static const char *load(struct pcap *pcap, FILE *in)
{
    struct packet_header packet;
    struct file_header header;
    size_t used = 0, room = 0, got;
    const char *problem;
    bool swapped;

    if (fread(&header, sizeof(header), 1, in) != 1)
        return "too short for a pcap file";
    problem = check_header(&header, &swapped);
    while (!problem && (got = fread(&packet, 1, sizeof(packet), in)) > 0) {
        uint32_t len = order(packet.captured, swapped);

        if (got < sizeof(packet))
            problem = "ends in the middle of a packet's header";
        else if (len < ETHERNET_SIZE || len > PORT_FRAME_MAX)
            problem = "has a packet that is no Ethernet frame (14 to 16384 bytes)";
        else
            problem = add_frame(pcap, in, len, &used, &room);
    }
    if (!problem && ferror(in))
        problem = "cannot be read";
    place_frames(pcap);
    return problem;
}

static int open_in(struct pcap *pcap, const char *path, char *error, size_t error_size)
{
    FILE *in = fopen(path, "re");
    const char *problem;
    unsigned count;

    if (!in)
        return port_error(error, error_size, -errno, "port pcap: %s: %s", path, strerror(errno));
    problem = load(pcap, in);
    count = pcap->count;
    fclose(in);
    if (problem)
        return port_error(error, error_size, -EINVAL, "port pcap: %s: %s (after %u packets)", path,
                          problem, count);
    return 0;
}

static int open_out(struct pcap *pcap, const char *path, char *error, size_t error_size)
{
    const struct file_header header = {MAGIC_MICRO, 2, 4, 0, 0, PORT_FRAME_MAX, LINK_ETHERNET};

    pcap->out = fopen(path, "we");
    if (!pcap->out || fwrite(&header, sizeof(header), 1, pcap->out) != 1 || fflush(pcap->out) != 0)
        return port_error(error, error_size, -errno, "port pcap: %s: %s", path, strerror(errno));
    return 0;
}

int port_open_pcap(const char *text, const struct port_config *config, struct port **port,
                   char *error, size_t error_size)
{
    const char *comma = strchr(text, ',');
    struct pcap *pcap;
    char *in;
    int err = 0;

    (void)config;
    if (!comma || strchr(comma + 1, ','))
        return port_error(error, error_size, -EINVAL,
                          "port pcap:%s: give IN,OUT, either may be empty", text);
    pcap = port_alloc(sizeof(*pcap), &pcap_ops, error, error_size);
    in = strndup(text, (size_t)(comma - text));
    if (!pcap || !in)
        err = port_error(error, error_size, -ENOMEM, "no memory for a port");
    if (!err && in[0])
        err = open_in(pcap, in, error, error_size);
    if (!err && comma[1])
        err = open_out(pcap, comma + 1, error, error_size);
    free(in);
    if (err && pcap)
        pcap_close(&pcap->port);
    if (!err)
        *port = &pcap->port;
    return err;
}
