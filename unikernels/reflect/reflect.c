// SPDX-License-Identifier: ISC
/*
 * Sends every packet back where it came from, unchanged: Figure 5.5 of the thesis.
 *   reflect [--seconds=N]    stop after N seconds and say how it went
 */
#include <penstock/cycles.h>
#include <penstock/ixgbe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64

struct tally {
    uint64_t packets;
    uint64_t cycles; /* spent on them, without waiting for them to come or for room to send them */
    solo5_time_t nanoseconds;
};

/* Two lines do it, rx_batch and tx_batch_busy_wait; the others count. */
static void reflect(struct ixgbe *dev, solo5_time_t duration, struct tally *tally)
{
    solo5_time_t start = solo5_clock_monotonic();
    uint64_t last = cycles_now();

    for (uint64_t round = 1; tally->nanoseconds < duration; round++) {
        struct packet *batch[BATCH];
        unsigned n = ixgbe_rx_batch(dev, 0, batch, BATCH);
        uint64_t waited = ixgbe_tx_batch_busy_wait(dev, 0, batch, n);
        uint64_t now = cycles_now();

        tally->packets += n;
        tally->cycles += n ? now - last - waited : 0;
        last = now;
        if (round % 1024 == 0)
            tally->nanoseconds = solo5_clock_monotonic() - start;
    }
}

static void report(const struct tally *tally)
{
    double seconds = (double)tally->nanoseconds / 1e9;
    double packets = (double)tally->packets;

    printf("reflect: %.0f packets in %.3f s, %.3f Mpps, %.1f cycles per packet\n", packets, seconds,
           packets / seconds / 1e6, packets > 0 ? (double)tally->cycles / packets : 0.0);
}

/* How long to run, in ns; 0 if the command line makes no sense. */
static solo5_time_t duration_of(const char *cmdline)
{
    static const char option[] = "--seconds=";
    unsigned long seconds;
    char *end;

    if (cmdline[0] == '\0')
        return UINT64_MAX;
    if (strncmp(cmdline, option, strlen(option)) != 0)
        return 0;
    seconds = strtoul(cmdline + strlen(option), &end, 10);
    return *end == '\0' && seconds <= 1000000 ? seconds * 1000000000 : 0;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    solo5_time_t duration = duration_of(info->cmdline);
    struct tally tally = {0};
    struct pci_device pci;
    struct ixgbe *dev;

    if (duration == 0) {
        printf("reflect: \"%s\" is not --seconds=N with N from 1 up\n", info->cmdline);
        return SOLO5_EXIT_FAILURE;
    }
    if (pci_acquire("nic0", &pci) < 0 || ixgbe_create(&pci, 1, 1, &dev) < 0) {
        printf("reflect: cannot use nic0\n");
        return SOLO5_EXIT_FAILURE;
    }
    ixgbe_set_promiscuous(dev, true);
    reflect(dev, duration, &tally);
    report(&tally);
    ixgbe_destroy(dev);
    return SOLO5_EXIT_SUCCESS;
}
