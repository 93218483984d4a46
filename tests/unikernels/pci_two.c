// SPDX-License-Identifier: ISC
/* Two 82599s, nic0 with DMA memory of its own and nic1 with the shared (pci_two.json): both work at
 * once, apart. */
#include <solo5.h>

#include "abi/hw/ixgbe.h"
#include "pci_print.h"

static const uint64_t offsets[] = {IXGBE_LEDCTL, IXGBE_RDBAL(0), IXGBE_TDBAL(1), IXGBE_RDBAL(127)};

#define OFFSETS (sizeof(offsets) / sizeof(offsets[0]))

static uint32_t mark(unsigned nic, unsigned i)
{
    return (nic + 1) << 16 | (i + 1) << 8;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    bool pointers = strcmp(info->cmdline, "pointers") == 0; /* as in pci_info */
    struct solo5_pci_info nic[2];
    uint8_t *shared;
    size_t size;

    EXPECT(solo5_pci_acquire("nic1", &nic[1]) == SOLO5_R_OK);
    EXPECT(solo5_pci_acquire("nic0", &nic[0]) == SOLO5_R_OK);
    pci_print("nic0", &nic[0]);
    pci_print("nic1", &nic[1]);
    EXPECT(nic[0].handle == 1 && nic[1].handle == 2);
    for (unsigned i = 0; i < OFFSETS; i++)
        for (unsigned n = 0; n < 2; n++)
            pci_set(&nic[n], offsets[i], pointers, mark(n, i));
    for (unsigned i = 0; i < OFFSETS; i++)
        for (unsigned n = 0; n < 2; n++)
            EXPECT(pci_get(&nic[n], offsets[i], pointers) == mark(n, i));
    EXPECT(nic[0].bar4 == NULL && nic[1].bar4 != NULL);
    EXPECT(nic[1].dma == NULL && nic[1].dma_size == 0);
    EXPECT(solo5_dma_acquire(&shared, &size) == SOLO5_R_OK);
    pci_use_memory(nic[0].dma, nic[0].dma_size, 1);
    pci_use_memory(shared, size, 2);
    EXPECT(nic[0].dma[0] == 1 && shared[0] == 2);
    return success();
}
