// SPDX-License-Identifier: ISC
#include "stats.h"

#include <inttypes.h>

/* proc(5), /proc/PID/schedstat: time on the CPU, time ready and waiting, in ns. */
struct emu_times emu_times_read(int tid)
{
    struct emu_times times;
    char path[64];
    FILE *file;
    int got = 0;

    snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", tid);
    file = fopen(path, "re");
    if (file) {
        got = fscanf(file, "%" SCNu64 " %" SCNu64, &times.cpu_ns, &times.wait_ns);
        fclose(file);
    }
    return got == 2 ? times : (struct emu_times){0};
}

void emu_snapshot_take(struct emu_snapshot *snapshot, const struct emu_device *dev)
{
    *snapshot = (struct emu_snapshot){
        .time = emu_now(), .device = dev->stats, .dma_faults = dev->dma.faults};
    if (dev->port)
        snapshot->port = *port_stats(dev->port);
}

void emu_stats_print(FILE *out, const char *nic, const struct emu_snapshot *now,
                     const struct emu_snapshot *last)
{
    const struct emu_stats *dev = &now->device;
    double ns = now->time > last->time ? (double)(now->time - last->time) : 1;

    fprintf(out, "{\"nic\":\"%s\",\"seconds\":%.3f", nic, ns / 1e9);
    fprintf(out, ",\"rx_packets\":%" PRIu64 ",\"rx_bytes\":%" PRIu64, dev->rx_packets,
            dev->rx_bytes);
    fprintf(out, ",\"rx_missed\":%" PRIu64 ",\"rx_errors\":%" PRIu64, dev->rx_missed,
            dev->rx_errors);
    fprintf(out, ",\"tx_packets\":%" PRIu64 ",\"tx_bytes\":%" PRIu64 ",\"tx_errors\":%" PRIu64,
            dev->tx_packets, dev->tx_bytes, dev->tx_errors);
    fprintf(out, ",\"port_dropped\":%" PRIu64 ",\"port_flushed\":%" PRIu64, now->port.tx_dropped,
            now->port.flushed);
    fprintf(out, ",\"dma_faults\":%" PRIu64 ",\"interrupts\":%" PRIu64, now->dma_faults,
            dev->interrupts);
    fprintf(out, ",\"rx_mpps\":%.6f,\"tx_mpps\":%.6f",
            (double)(dev->rx_packets - last->device.rx_packets) * 1e3 / ns,
            (double)(dev->tx_packets - last->device.tx_packets) * 1e3 / ns);
    fprintf(out, ",\"cpu\":%.3f,\"lost\":%.3f}\n",
            (double)(now->times.cpu_ns - last->times.cpu_ns) / ns,
            (double)(now->times.wait_ns - last->times.wait_ns) / ns);
    fflush(out);
}
