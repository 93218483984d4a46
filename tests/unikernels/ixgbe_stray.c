// SPDX-License-Identifier: ISC
/*
 * An 82599 (pci.json) that is told to reach beyond its memory: a descriptor ring to read from, a
 * place to write to. Prints where it aimed; who refuses says so elsewhere.
 */
#include <solo5.h>

#include "abi/hw/ixgbe.h"
#include "abi/hw/ixgbe_desc.h"
#include "pci_print.h"

#define RING     128u /* descriptors */
#define FRAME    60u
#define PATIENCE 10000000000ull /* ns */
#define PAUSE    300000000ull   /* between two tries: not too many lines a second */

static struct solo5_pci_info nic;
static volatile uint64_t canary[512] __attribute__((aligned(4096)));

static void pause_a_little(void)
{
    solo5_time_t end = solo5_clock_monotonic() + PAUSE;

    while (solo5_clock_monotonic() < end)
        solo5_yield(end, NULL);
}

static bool wait_for(uint64_t offset, uint32_t mask, uint32_t value)
{
    solo5_time_t end = solo5_clock_monotonic() + PATIENCE;

    while ((pci_get(&nic, offset, false) & mask) != value) {
        if (solo5_clock_monotonic() > end)
            return false;
        solo5_yield(solo5_clock_monotonic() + 1000000, NULL);
    }
    return true;
}

/* One frame in the ring; head: where the device is to write its progress. */
static void transmit(uint64_t ring, uint64_t head)
{
    pci_set(&nic, IXGBE_TXDCTL(0u), false, 0);
    pause_a_little();
    pci_set(&nic, IXGBE_TDBAL(0u), false, (uint32_t)ring);
    pci_set(&nic, IXGBE_TDBAH(0u), false, (uint32_t)(ring >> 32));
    pci_set(&nic, IXGBE_TDLEN(0u), false, RING * 16);
    pci_set(&nic, IXGBE_TDWBAL(0u), false, (uint32_t)head | IXGBE_TDWBAL_HEAD_WB_EN);
    pci_set(&nic, IXGBE_TDWBAH(0u), false, (uint32_t)(head >> 32));
    pci_set(&nic, IXGBE_TDH(0u), false, 0);
    pci_set(&nic, IXGBE_TDT(0u), false, 0);
    pci_set(&nic, IXGBE_DMATXCTL, false, pci_get(&nic, IXGBE_DMATXCTL, false) | IXGBE_DMATXCTL_TE);
    pci_set(&nic, IXGBE_TXDCTL(0u), false, IXGBE_TXDCTL_ENABLE);
    pci_set(&nic, IXGBE_TDT(0u), false, 1);
}

/* The ring is elsewhere: the device cannot read it, and stops the queue. */
static void stray_read(uint64_t place)
{
    transmit(place, nic.dma_iova + 8192);
    EXPECT(wait_for(IXGBE_TXDCTL(0u), IXGBE_TXDCTL_ENABLE, 0));
    printf("stray: read at %#" PRIx64 "\n", place);
}

/* The ring is where it should be; what the device has to say about it is not. */
static void stray_write(uint64_t place)
{
    union ixgbe_tx_desc *desc = (union ixgbe_tx_desc *)(void *)nic.dma;

    memset(nic.dma, 0, 8192);
    memset(nic.dma + 4096, 0xff, 6);
    desc->data = (struct ixgbe_tx_data){nic.dma_iova + 4096,
                                        FRAME | IXGBE_TXD_CMD_DEXT | IXGBE_TXD_DTYP_DATA |
                                            IXGBE_TXD_CMD_EOP | IXGBE_TXD_CMD_RS,
                                        FRAME << IXGBE_TXD_PAYLEN_SHIFT};
    transmit(nic.dma_iova, place);
    EXPECT(wait_for(IXGBE_TDH(0u), 0xffff, 1));
    printf("stray: write at %#" PRIx64 "\n", place);
}

int solo5_app_main(const struct solo5_start_info *info)
{
    uint64_t places[] = {(uintptr_t)canary, 4096, 0};

    (void)info;
    EXPECT(solo5_pci_acquire("nic0", &nic) == SOLO5_R_OK);
    places[2] = nic.dma_iova + nic.dma_size;
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        stray_read(places[i]);
        stray_write(places[i]);
    }
    for (unsigned i = 0; i < sizeof(canary) / sizeof(canary[0]); i++)
        EXPECT(canary[i] == 0);
    return success();
}
