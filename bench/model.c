// SPDX-License-Identifier: ISC
/*
 * How fast the software 82599 is by itself: one thread plays the data thread and an ideal driver in
 * turn, whose rings are always full. Packets come from a generator and end there. Run it pinned:
 * taskset -c 1 build/bench/model [--json]
 *
 *   receive   packets written to the driver's memory, descriptors given back
 *   transmit  packets sent from prepared rings
 *   both      each packet is received and then sent on: what "forwarded" means elsewhere
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi/hw/ixgbe.h"
#include "emu/ixgbe/ixgbe_model.h"

#define IOVA        (1ull << 32)
#define MEMORY      (8u << 20)
#define RING        512u /* descriptors in each ring */
#define RX_RING     0u   /* offsets into the memory */
#define TX_RING     (RING * 16)
#define BUFFERS     (1u << 20)
#define BUFFER_SIZE 2048u
#define STRIDE \
    (BUFFER_SIZE + 128) /* or all packets' first lines would share a few sets of the cache */
#define POLLS 256u      /* between two looks at the clock */

enum mode { RECEIVE, TRANSMIT, BOTH, MODES };
static const char *const names[MODES] = {"receive", "transmit", "both"};

struct driver {
    struct emu_device *dev;
    volatile uint32_t *bar;
    uint8_t *memory;
    union ixgbe_rx_desc *rx;
    union ixgbe_tx_desc *tx;
    uint64_t rx_buffer[RING], tx_buffer[RING]; /* I/O virtual addresses */
    uint32_t rx_next, tx_next;                 /* the descriptors to look at next */
    uint32_t tx_done;
};

static void write_register(struct driver *drv, uint32_t offset, uint32_t value)
{
    drv->dev->ops->write(drv->dev, 0, offset, 4, value);
}

/* Hugepages where there are some, as a tender does it. */
static int make_memory(void)
{
    int fd = memfd_create("bench", MFD_CLOEXEC | MFD_HUGETLB);
    void *probe;

    if (fd >= 0 && ftruncate(fd, MEMORY) == 0) {
        probe = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (probe != MAP_FAILED) {
            munmap(probe, MEMORY);
            return fd;
        }
    }
    if (fd >= 0)
        close(fd);
    fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, MEMORY) != 0)
        err(1, "memory");
    return fd;
}

static void attach_memory(struct driver *drv)
{
    int fd = make_memory();
    int error = emu_dma_map(&drv->dev->dma, fd, 0, IOVA, MEMORY, EMU_DMA_READ | EMU_DMA_WRITE);

    if (error)
        errx(1, "mapping memory: %s", strerror(-error));
    close(fd);
    drv->memory = emu_dma_at(&drv->dev->dma, IOVA, MEMORY, EMU_DMA_WRITE);
    memset(drv->memory, 0, MEMORY);
    drv->rx = (void *)(drv->memory + RX_RING);
    drv->tx = (void *)(drv->memory + TX_RING);
}

static void put_tx(struct driver *drv, uint32_t i, uint32_t len)
{
    drv->tx[i].data.addr = drv->tx_buffer[i];
    drv->tx[i].data.cmd_type_len = len | IXGBE_TXD_DTYP_DATA | IXGBE_TXD_CMD_DEXT |
                                   IXGBE_TXD_CMD_EOP | IXGBE_TXD_CMD_IFCS |
                                   (i % 32 == 31 ? IXGBE_TXD_CMD_RS : 0);
    drv->tx[i].data.olinfo_status = len << IXGBE_TXD_PAYLEN_SHIFT;
}

static void start_queues(struct driver *drv, enum mode mode, uint32_t len)
{
    for (uint32_t i = 0; i < RING; i++) {
        drv->rx_buffer[i] = IOVA + BUFFERS + (uint64_t)i * STRIDE;
        drv->tx_buffer[i] = IOVA + BUFFERS + (uint64_t)(RING + i) * BUFFER_SIZE;
        drv->rx[i].read = (struct ixgbe_rx_read){drv->rx_buffer[i], 0};
        put_tx(drv, i, len);
    }
    write_register(drv, IXGBE_FCTRL, IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE | IXGBE_FCTRL_BAM);
    write_register(drv, IXGBE_HLREG0, 0x08012c0b | IXGBE_HLREG0_JUMBOEN);
    write_register(drv, IXGBE_MAXFRS, 16000u << IXGBE_MAXFRS_SHIFT);
    if (mode != TRANSMIT) {
        write_register(drv, IXGBE_RDBAL(0u), (uint32_t)(IOVA + RX_RING));
        write_register(drv, IXGBE_RDBAH(0u), IOVA >> 32);
        write_register(drv, IXGBE_RDLEN(0u), RING * 16);
        write_register(drv, IXGBE_RXDCTL(0u), IXGBE_RXDCTL_ENABLE);
        write_register(drv, IXGBE_RDT(0u), RING - 1);
        write_register(drv, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    }
    if (mode != RECEIVE) {
        write_register(drv, IXGBE_TDBAL(0u), (uint32_t)(IOVA + TX_RING));
        write_register(drv, IXGBE_TDBAH(0u), IOVA >> 32);
        write_register(drv, IXGBE_TDLEN(0u), RING * 16);
        write_register(drv, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE);
        write_register(drv, IXGBE_TXDCTL(0u), IXGBE_TXDCTL_ENABLE);
        write_register(drv, IXGBE_TDT(0u), mode == TRANSMIT ? RING - 1 : 0);
    }
}

static void create(struct driver *drv, enum mode mode, unsigned size)
{
    struct emu_nic_config config = {
        .name = "bench", .mac = {2, 0, 0, 0, 0, 1}, .log_level = EMU_LOG_WARN};
    struct port_config port = {.mac = config.mac};
    char spec[32], error[160];
    int code;

    memset(drv, 0, sizeof(*drv));
    snprintf(spec, sizeof(spec), "generator:%u", size);
    code = port_open(spec, &port, &config.port, error, sizeof(error));
    if (code)
        errx(1, "%s", error);
    code = ixgbe_model_create(&config, &drv->dev);
    if (code)
        errx(1, "the model: %s", strerror(-code));
    emu_config_put(&drv->dev->config, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
                   0xffff);
    drv->bar = (volatile uint32_t *)(void *)drv->dev->regions[0].mem;
    attach_memory(drv);
    start_queues(drv, mode, size - 4);
}

/* Gives received descriptors back at once. */
static void refill(struct driver *drv)
{
    uint32_t i = drv->rx_next;

    for (; drv->rx[i].wb.status & IXGBE_RXD_STAT_DD; i = (i + 1) % RING)
        drv->rx[i].read = (struct ixgbe_rx_read){drv->rx_buffer[i], 0};
    drv->rx_next = i;
    drv->bar[IXGBE_RDT(0u) / 4] = (i + RING - 1) % RING;
}

/* Sends what was received; the buffer that its transmit descriptor had goes to the receive ring. */
static void forward(struct driver *drv)
{
    uint32_t i = drv->rx_next, t = drv->tx_next;

    while (drv->tx[(drv->tx_done + 31) % RING].data.olinfo_status & IXGBE_TXD_STAT_DD &&
           (t - drv->tx_done) % RING >= 32)
        drv->tx_done = (drv->tx_done + 32) % RING;
    while (drv->rx[i].wb.status & IXGBE_RXD_STAT_DD && (t + 1) % RING != drv->tx_done) {
        uint64_t received = drv->rx_buffer[i];
        uint32_t len = drv->rx[i].wb.length;

        drv->rx_buffer[i] = drv->tx_buffer[t];
        drv->tx_buffer[t] = received;
        put_tx(drv, t, len);
        drv->rx[i].read = (struct ixgbe_rx_read){drv->rx_buffer[i], 0};
        i = (i + 1) % RING;
        t = (t + 1) % RING;
    }
    drv->rx_next = i;
    drv->tx_next = t;
    drv->bar[IXGBE_RDT(0u) / 4] = (i + RING - 1) % RING;
    drv->bar[IXGBE_TDT(0u) / 4] = t;
}

/* All descriptors but the last can be sent again: their contents have not changed. */
static void resend(struct driver *drv)
{
    drv->bar[IXGBE_TDT(0u) / 4] = (drv->bar[IXGBE_TDH(0u) / 4] + RING - 1) % RING;
}

/* The thread's own time in ns: what other programs take of the core is not the model's fault. */
static uint64_t cpu_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void turns(struct driver *drv, enum mode mode)
{
    uint64_t now = emu_now();

    for (unsigned i = 0; i < POLLS; i++) {
        drv->dev->ops->poll(drv->dev, now);
        if (mode == RECEIVE)
            refill(drv);
        else if (mode == TRANSMIT)
            resend(drv);
        else
            forward(drv);
    }
}

/* Million packets a second in this mode; *lost: the share of time that others had the core. */
static double measure(enum mode mode, unsigned size, double seconds, double *lost)
{
    static struct driver drv;
    const uint64_t *counter;
    uint64_t cpu, wall, packets, end;

    create(&drv, mode, size);
    counter = mode == RECEIVE ? &drv.dev->stats.rx_packets : &drv.dev->stats.tx_packets;
    for (end = cpu_now() + (uint64_t)(seconds * 1e8); cpu_now() < end;) /* warm up */
        turns(&drv, mode);
    packets = *counter;
    wall = emu_now();
    cpu = cpu_now();
    for (end = cpu + (uint64_t)(seconds * 1e9); cpu_now() < end;)
        turns(&drv, mode);
    cpu = cpu_now() - cpu;
    wall = emu_now() - wall;
    packets = *counter - packets;
    *lost = 1 - (double)cpu / (double)wall;
    if (drv.dev->stats.rx_errors + drv.dev->stats.tx_errors + drv.dev->stats.rx_missed > 0)
        errx(1, "%s: the model counted errors", names[mode]);
    drv.dev->ops->destroy(drv.dev);
    return (double)packets * 1e3 / (double)cpu;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"runs", required_argument, NULL, 'r'},
                                            {"size", required_argument, NULL, 'b'},
                                            {NULL, 0, NULL, 0}};
    double seconds = 1, rates[MODES][32], lost[MODES] = {0};
    unsigned runs = 3, size = 64;
    bool json = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'j')
            json = true;
        else if (option == 's')
            seconds = strtod(optarg, NULL);
        else if (option == 'r')
            runs = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'b')
            size = (unsigned)strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    if (seconds < 0.01 || seconds > 60 || runs < 1 || runs > 32 || size < 64 ||
        size > BUFFER_SIZE || optind < argc)
        errx(2, "usage: model [--json] [--seconds 1] [--runs 3 (up to 32)] [--size 64 (up to %u)]",
             BUFFER_SIZE);
    for (unsigned run = 0; run < runs; run++)
        for (enum mode mode = 0; mode < MODES; mode++) {
            double share;

            rates[mode][run] = measure(mode, size, seconds, &share);
            lost[mode] += share / runs;
        }
    for (enum mode mode = 0; mode < MODES; mode++) {
        qsort(rates[mode], runs, sizeof(double), by_value);
        if (!json)
            printf("%-9s %6.1f Mpps (%.1f to %.1f, others had %.0f %% of the core)\n", names[mode],
                   rates[mode][runs / 2], rates[mode][0], rates[mode][runs - 1], 100 * lost[mode]);
    }
    if (json)
        printf("{\"model_mpps\": %.2f, \"rx_mpps\": %.2f, \"tx_mpps\": %.2f, \"size\": %u, "
               "\"runs\": %u}\n",
               rates[BOTH][runs / 2], rates[RECEIVE][runs / 2], rates[TRANSMIT][runs / 2], size,
               runs);
    return 0;
}
