// SPDX-License-Identifier: ISC
/*
 * Waits until its device is lost, and says so. The argument says what then: "end" in order, "sleep"
 * on, "poll" the device's register; or "touch" that register now and again, without being told.
 */
#include <penstock/pci.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"

#define SECOND 1000000000ull
#define STATUS 7

/* The loop ends when the tender ends us. */
static void touch(const struct pci_device *dev, solo5_time_t every)
{
    for (;;) {
        pci_read32(dev, 0, 0);
        if (every > 0)
            solo5_yield(solo5_clock_monotonic() + every, NULL);
    }
}

static void wait_for_loss(const struct pci_device *dev)
{
    solo5_handle_set_t ready = 0;
    uint64_t value;

    while (ready == 0)
        solo5_yield(solo5_clock_monotonic() + 60 * SECOND, &ready);
    EXPECT(ready == 1ull << dev->info.handle);
    EXPECT(pci_is_lost(dev));
    EXPECT(solo5_pci_region_read(dev->info.handle, 0, 0, 4, &value) == SOLO5_R_EUNSPEC);
    EXPECT(solo5_pci_region_write(dev->info.handle, 0, 0, 4, 0) == SOLO5_R_EUNSPEC);
    printf("lost\n");
}

int solo5_app_main(const struct solo5_start_info *info)
{
    struct pci_device dev;

    EXPECT(pci_acquire("nic0", &dev) == 0);
    EXPECT(!pci_is_lost(&dev));
    printf("ready\n");
    if (strcmp(info->cmdline, "touch") == 0)
        touch(&dev, SECOND / 10);
    wait_for_loss(&dev);
    if (strcmp(info->cmdline, "poll") == 0)
        touch(&dev, 0);
    while (strcmp(info->cmdline, "sleep") == 0)
        solo5_yield(solo5_clock_monotonic() + SECOND, NULL);
    return STATUS;
}
