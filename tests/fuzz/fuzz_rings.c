// SPDX-License-Identifier: ISC
/*
 * A driver of the software 82599 that does anything: registers through the socket and in the shared
 * pages, descriptors and buffers in its memory, and frames that arrive meanwhile.
 *
 * Input: operations of one byte, see step(). The addresses of rings and buffers are in the DMA
 * memory more often than not.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "emu/ixgbe/nic.h"
#include "emu/port_impl.h"
#include "tests/fuzz/fuzz.h"

#define IOVA      0x100000ull
#define MEMORY    0x40000u
#define FRAMES    8u
#define RING_SIZE 16u /* descriptors of a ring that is set up properly */

struct fuzz_port {
    struct port port;
    uint8_t *frames[FRAMES]; /* each as long as it is: one byte more is a fault */
    uint32_t len[FRAMES];
    unsigned count;
    uint8_t sum;
};

static struct fuzz_port *port_of(struct port *port)
{
    return (struct fuzz_port *)(void *)port;
}

static unsigned peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    struct fuzz_port *fuzz = port_of(port);
    unsigned n = fuzz->count < max ? fuzz->count : max;

    (void)now;
    for (unsigned i = 0; i < n; i++)
        frames[i] = (struct port_frame){fuzz->frames[i], fuzz->len[i]};
    return n;
}

static uint64_t done(struct port *port, unsigned count)
{
    struct fuzz_port *fuzz = port_of(port);
    uint64_t bytes = 0;

    FUZZ_EXPECT(count <= fuzz->count);
    for (unsigned i = 0; i < count; i++) {
        bytes += fuzz->len[i];
        free(fuzz->frames[i]);
    }
    fuzz->count -= count;
    memmove(fuzz->frames, fuzz->frames + count, fuzz->count * sizeof(fuzz->frames[0]));
    memmove(fuzz->len, fuzz->len + count, fuzz->count * sizeof(fuzz->len[0]));
    return bytes;
}

static void tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        FUZZ_EXPECT(frames[i].len > 0 && frames[i].len <= PORT_FRAME_MAX);
        for (uint32_t b = 0; b < frames[i].len; b++)
            port_of(port)->sum ^= frames[i].data[b];
    }
}

static uint64_t flush(struct port *port)
{
    unsigned count = port_of(port)->count;

    done(port, count);
    return count;
}

static void close_port(struct port *port)
{
    flush(port);
    free(port);
}

static const struct port_ops port_ops = {peek, done, tx, flush, close_port};

struct rig {
    struct emu_device *dev;
    struct fuzz_port *port;
    uint8_t *memory;
    uint64_t now;
};

static void inject(struct rig *rig, struct fuzz *fuzz)
{
    uint32_t len = PORT_FRAME_MIN + fuzz_u16(fuzz) % (PORT_FRAME_MAX - PORT_FRAME_MIN + 1);
    uint32_t prefix = fuzz_u8(fuzz); /* the rest is zeros */
    struct fuzz_port *port = rig->port;
    uint8_t *frame;

    if (port->count == FRAMES)
        return;
    frame = calloc(1, len);
    FUZZ_EXPECT(frame != NULL);
    fuzz_bytes(fuzz, frame, prefix < len ? prefix : len);
    port->frames[port->count] = frame;
    port->len[port->count++] = len;
}

/* A ring with nothing wrong about it: at queue * 256 bytes of the memory. */
static void start_ring(struct rig *rig, struct fuzz *fuzz, bool transmit)
{
    unsigned queue = fuzz_u8(fuzz) % NIC_QUEUES;
    uint32_t block = transmit ? IXGBE_TDBAL(queue) : IXGBE_RDBAL(queue);
    uint64_t base = IOVA + 256ull * (queue + (transmit ? NIC_QUEUES : 0u));

    rig->dev->ops->write(rig->dev, 0, block, 4, (uint32_t)base);
    rig->dev->ops->write(rig->dev, 0, block + 4, 4, base >> 32);
    rig->dev->ops->write(rig->dev, 0, block + 8, 4, RING_SIZE * 16);
    if (transmit) {
        rig->dev->ops->write(rig->dev, 0, IXGBE_DMATXCTL, 4, IXGBE_DMATXCTL_TE);
        rig->dev->ops->write(rig->dev, 0, IXGBE_TXDCTL(queue), 4, IXGBE_TXDCTL_ENABLE);
        rig->dev->ops->write(rig->dev, 0, IXGBE_TDT(queue), 4, fuzz_u8(fuzz) % RING_SIZE);
    } else {
        rig->dev->ops->write(rig->dev, 0, IXGBE_SRRCTL(queue), 4, fuzz_u32(fuzz));
        rig->dev->ops->write(rig->dev, 0, IXGBE_RXDCTL(queue), 4, IXGBE_RXDCTL_ENABLE);
        rig->dev->ops->write(rig->dev, 0, IXGBE_FCTRL, 4, fuzz_u32(fuzz));
        rig->dev->ops->write(rig->dev, 0, IXGBE_RXCTRL, 4, IXGBE_RXCTRL_RXEN);
        rig->dev->ops->write(rig->dev, 0, IXGBE_RDT(queue), 4, fuzz_u8(fuzz) % RING_SIZE);
    }
}

/* A descriptor somewhere in the rings' memory whose address is (mostly) one of ours. */
static void put_descriptor(struct rig *rig, struct fuzz *fuzz)
{
    uint32_t at = fuzz_u16(fuzz) * 16u % MEMORY;
    uint64_t words[2] = {fuzz_u32(fuzz), fuzz_u64(fuzz)};

    if (words[0] & 0xff)
        words[0] = IOVA + words[0] % MEMORY;
    memcpy(rig->memory + at, words, sizeof(words));
}

static void put_bytes(struct rig *rig, struct fuzz *fuzz)
{
    uint32_t at = fuzz_u32(fuzz) % (MEMORY - 256);

    fuzz_bytes(fuzz, rig->memory + at, fuzz_u8(fuzz));
}

static void poll_device(struct rig *rig, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        rig->now += 100000;
        rig->dev->ops->poll(rig->dev, rig->now);
    }
}

static void hot_write(struct rig *rig, struct fuzz *fuzz)
{
    uint32_t offset = fuzz_u32(fuzz) % IXGBE_REGS_SIZE & ~3u;

    if (nic_is_hot(offset))
        nic_hot_put(nic_of(rig->dev), offset, fuzz_u32(fuzz));
}

static void step(struct rig *rig, struct fuzz *fuzz)
{
    uint8_t op = fuzz_u8(fuzz);
    uint32_t offset;

    switch (op % 10) {
    case 0:
        offset = fuzz_u32(fuzz) % IXGBE_REGS_SIZE & ~3u;
        rig->dev->ops->write(rig->dev, 0, offset, 4, fuzz_u32(fuzz));
        break;
    case 1:
        rig->dev->ops->read(rig->dev, 0, fuzz_u32(fuzz) % IXGBE_REGS_SIZE & ~3u, 4);
        break;
    case 2:
        hot_write(rig, fuzz);
        break;
    case 3:
        put_bytes(rig, fuzz);
        break;
    case 4:
        put_descriptor(rig, fuzz);
        break;
    case 5:
    case 6:
        start_ring(rig, fuzz, op % 10 == 6);
        break;
    case 7:
        inject(rig, fuzz);
        break;
    case 8:
        poll_device(rig, 1 + op / 64);
        break;
    case 9:
        rig->dev->ops->write(rig->dev, 0, IXGBE_TDT(fuzz_u8(fuzz) % NIC_QUEUES), 4,
                             fuzz_u8(fuzz) % RING_SIZE);
        break;
    }
}

static void open_rig(struct rig *rig, int fd)
{
    struct emu_nic_config config = {
        .name = "fuzz", .mac = {2, 0, 0, 0, 0, 1}, .log_level = EMU_LOG_ERROR};

    rig->port = calloc(1, sizeof(*rig->port));
    FUZZ_EXPECT(rig->port != NULL);
    rig->port->port.ops = &port_ops;
    rig->port->port.fd = -1;
    config.port = &rig->port->port;
    FUZZ_EXPECT(ixgbe_model_create(&config, &rig->dev) == 0);
    FUZZ_EXPECT(emu_dma_map(&rig->dev->dma, fd, 0, IOVA, MEMORY, EMU_DMA_READ | EMU_DMA_WRITE) ==
                0);
    rig->dev->config.data[PCI_COMMAND] |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    memset(rig->memory, 0, MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static struct rig rig = {.now = 1000000000};
    struct fuzz fuzz = {data, size};

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_EXPECT(ftruncate(fd, MEMORY) == 0);
        rig.memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        FUZZ_EXPECT(rig.memory != MAP_FAILED);
    }
    open_rig(&rig, fd);
    for (unsigned i = 0; fuzz_more(&fuzz) && i < 256; i++)
        step(&rig, &fuzz);
    poll_device(&rig, 4);
    rig.dev->ops->destroy(rig.dev);
    return 0;
}
