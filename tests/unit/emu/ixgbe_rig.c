// SPDX-License-Identifier: ISC
#include "ixgbe_rig.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    struct rig_port *rig = (struct rig_port *)port;
    unsigned n;

    (void)now;
    for (n = 0; n < max && rig->in_head + n < rig->in_tail; n++) {
        const struct rig_frame *frame = &rig->in[rig->in_head + n];

        frames[n] = (struct port_frame){frame->data, frame->len};
    }
    return n;
}

static uint64_t done(struct port *port, unsigned count)
{
    struct rig_port *rig = (struct rig_port *)port;
    uint64_t bytes = 0;

    for (; count > 0; count--)
        bytes += rig->in[rig->in_head++].len;
    return bytes;
}

static void tx(struct port *port, const struct port_frame *frames, unsigned count)
{
    struct rig_port *rig = (struct rig_port *)port;

    for (unsigned i = 0; i < count; i++) {
        struct rig_frame *frame = &rig->out[rig->out_count++ % RIG_FRAMES];

        frame->len = frames[i].len;
        memcpy(frame->data, frames[i].data, frames[i].len);
    }
    rig->accept -= count;
}

static uint64_t flush(struct port *port)
{
    struct rig_port *rig = (struct rig_port *)port;

    rig->flushes++;
    return 0;
}

static void close_port(struct port *port)
{
    free(port);
}

static const struct port_ops port_ops = {peek, done, tx, flush, close_port};

/* The port's public face: port.c's rate limit is replaced by rig_port.accept. */
unsigned port_rx_peek(struct port *port, uint64_t now, struct port_frame *frames, unsigned max)
{
    return port->ops->peek(port, now, frames, max);
}

void port_rx_done(struct port *port, unsigned count)
{
    port->ops->done(port, count);
}

unsigned port_tx(struct port *port, uint64_t now, const struct port_frame *frames, unsigned count)
{
    unsigned accept = port->ops == &port_ops ? ((struct rig_port *)port)->accept : count;

    (void)now;
    count = count < accept ? count : accept;
    port->ops->tx(port, frames, count);
    return count;
}

void port_flush(struct port *port)
{
    port->ops->flush(port);
}

void port_close(struct port *port)
{
    port->ops->close(port);
}

static struct rig_port *make_port(void)
{
    struct rig_port *port = calloc(1, sizeof(*port));

    assert_non_null(port);
    port->port.ops = &port_ops;
    port->port.fd = -1;
    port->accept = ~0u;
    return port;
}

static int setup(void **state, bool exact)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct emu_nic_config config = {
        .name = "rig", .mac = {2, 0, 0, 0, 0, 1}, .log_level = EMU_LOG_ERROR, .exact = exact};

    assert_non_null(rig);
    rig->port = make_port();
    config.port = &rig->port->port;
    assert_int_equal(ixgbe_model_create(&config, &rig->dev), 0);
    rig->nic = nic_of(rig->dev);
    rig->fd = memfd_create("rig", MFD_CLOEXEC);
    assert_int_equal(ftruncate(rig->fd, RIG_MEMORY), 0);
    assert_int_equal(emu_dma_map(&rig->dev->dma, rig->fd, 0, RIG_IOVA, RIG_MEMORY, 3), 0);
    rig->memory = mmap(NULL, RIG_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, rig->fd, 0);
    assert_ptr_not_equal(rig->memory, MAP_FAILED);
    rig->dev->config.data[PCI_COMMAND] |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    rig->now = emu_now();
    for (unsigned i = 0; i < IXGBE_MSIX_VECTORS; i++)
        rig->eventfd[i] = -1;
    *state = rig;
    return 0;
}

int rig_setup(void **state)
{
    return setup(state, false);
}

int rig_setup_exact(void **state)
{
    return setup(state, true);
}

int rig_teardown(void **state)
{
    struct rig *rig = *state;

    rig->dev->ops->destroy(rig->dev);
    munmap(rig->memory, RIG_MEMORY);
    close(rig->fd);
    for (unsigned i = 0; i < IXGBE_MSIX_VECTORS; i++)
        if (rig->eventfd[i] >= 0)
            close(rig->eventfd[i]);
    free(rig);
    return 0;
}

uint32_t rig_read(struct rig *rig, uint32_t offset)
{
    return (uint32_t)rig->dev->ops->read(rig->dev, 0, offset, 4);
}

void rig_write(struct rig *rig, uint32_t offset, uint32_t value)
{
    rig->dev->ops->write(rig->dev, 0, offset, 4, value);
}

void *rig_at(struct rig *rig, uint64_t iova)
{
    assert_in_range(iova, RIG_IOVA, RIG_IOVA + RIG_MEMORY - 1);
    return rig->memory + (iova - RIG_IOVA);
}

unsigned rig_poll(struct rig *rig)
{
    rig->now += 20000;
    return rig->dev->ops->poll(rig->dev, rig->now);
}

void rig_msix(struct rig *rig, unsigned count)
{
    struct emu_irq_index *index = &rig->dev->irqs.index[VFIO_USER_IRQ_MSIX];

    for (unsigned i = 0; i < count; i++) {
        rig->eventfd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        assert_true(rig->eventfd[i] >= 0);
        index->fds[i] = dup(rig->eventfd[i]);
    }
    index->enabled = count;
}

unsigned rig_fired(struct rig *rig, unsigned vector)
{
    uint64_t count = 0;

    return read(rig->eventfd[vector], &count, sizeof(count)) == sizeof(count) ? (unsigned)count : 0;
}

/* ---- queues ---- */

void rig_rx_start(struct rig *rig, unsigned queue, uint32_t srrctl)
{
    for (unsigned i = 0; i < RIG_RING; i++) {
        union ixgbe_rx_desc *desc = rig_rx_desc(rig, queue, i);

        desc->qword[0] = RIG_RX_BUFFER(64 * queue + i);
        desc->qword[1] = 0;
    }
    rig_write(rig, IXGBE_RDBAL(queue), (uint32_t)RIG_RX_RING(queue));
    rig_write(rig, IXGBE_RDBAH(queue), RIG_RX_RING(queue) >> 32);
    rig_write(rig, IXGBE_RDLEN(queue), RIG_RING * 16);
    rig_write(rig, IXGBE_RDH(queue), 0);
    rig_write(rig, IXGBE_SRRCTL(queue), srrctl);
    rig_write(rig, IXGBE_RDT(queue), RIG_RING - 1);
    rig_write(rig, IXGBE_RXDCTL(queue), IXGBE_RXDCTL_ENABLE);
    rig_write(rig, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
}

union ixgbe_rx_desc *rig_rx_desc(struct rig *rig, unsigned queue, unsigned i)
{
    return rig_at(rig, RIG_RX_RING(queue) + 16ull * i);
}

void rig_tx_start(struct rig *rig, unsigned queue)
{
    rig_write(rig, IXGBE_TDBAL(queue), (uint32_t)RIG_TX_RING(queue));
    rig_write(rig, IXGBE_TDBAH(queue), RIG_TX_RING(queue) >> 32);
    rig_write(rig, IXGBE_TDLEN(queue), RIG_RING * 16);
    rig_write(rig, IXGBE_TDH(queue), 0);
    rig_write(rig, IXGBE_TDT(queue), 0);
    rig_write(rig, IXGBE_DMATXCTL, rig_read(rig, IXGBE_DMATXCTL) | IXGBE_DMATXCTL_TE);
    rig_write(rig, IXGBE_TXDCTL(queue), IXGBE_TXDCTL_ENABLE);
}

union ixgbe_tx_desc *rig_tx_desc(struct rig *rig, unsigned queue, unsigned i)
{
    return rig_at(rig, RIG_TX_RING(queue) + 16ull * i);
}

static union ixgbe_tx_desc *next_tx(struct rig *rig, unsigned queue)
{
    uint32_t tail = rig_read(rig, IXGBE_TDT(queue));

    rig_write(rig, IXGBE_TDT(queue), (tail + 1) % RIG_RING);
    return rig_tx_desc(rig, queue, tail);
}

void rig_tx(struct rig *rig, unsigned queue, uint64_t addr, uint32_t len, uint32_t cmd,
            uint32_t options)
{
    union ixgbe_tx_desc *desc = next_tx(rig, queue);

    desc->data = (struct ixgbe_tx_data){addr, len | cmd, options};
}

void rig_tx_context(struct rig *rig, unsigned queue, struct ixgbe_tx_context context)
{
    union ixgbe_tx_desc *desc = next_tx(rig, queue);

    context.type_tucmd |= IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_CONTEXT;
    desc->context = context;
}

void rig_inject(struct rig *rig, const void *data, uint32_t len)
{
    struct rig_port *port = rig->port;
    struct rig_frame *frame = &port->in[port->in_tail++];

    assert_in_range(port->in_tail, 1, RIG_FRAMES);
    assert_in_range(len, 1, PORT_FRAME_MAX);
    frame->len = len;
    memcpy(frame->data, data, len);
}
