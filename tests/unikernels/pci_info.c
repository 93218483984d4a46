// SPDX-License-Identifier: ISC
/* One 82599 named nic0 (pci.json): what acquire says, configuration space, and registers by pointer
 * and by call. */
#include <solo5.h>

#include "abi/hw/ixgbe.h"
#include "pci_print.h"

static struct solo5_pci_info nic;
static bool pointers;

static void acquire(void)
{
    struct solo5_pci_info other;

    EXPECT(solo5_pci_acquire("nic1", &other) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_acquire("", &other) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_acquire("nic0", &nic) == SOLO5_R_OK);
    EXPECT(solo5_pci_acquire("nic0", &other) == SOLO5_R_EINVAL);
    pci_print("nic0", &nic);
    EXPECT(nic.handle == 1);
    EXPECT(nic.vendor_id == IXGBE_PCI_VENDOR && nic.device_id == IXGBE_PCI_DEVICE);
    EXPECT(nic.class_code == IXGBE_PCI_CLASS && nic.subclass_code == IXGBE_PCI_SUBCLASS);
    EXPECT(nic.bus_master_enable);
    EXPECT(nic.bar0_size == IXGBE_BAR0_SIZE && nic.bar4_size == IXGBE_MSIX_BAR_SIZE);
    EXPECT(nic.bar1 == NULL && nic.bar2 == NULL && nic.bar3 == NULL && nic.bar5 == NULL);
}

static void configuration_space(void)
{
    uint32_t value = 0;

    EXPECT(solo5_pci_config_read(nic.handle, 0, 4, &value) == SOLO5_R_OK);
    EXPECT(value == (IXGBE_PCI_DEVICE << 16 | IXGBE_PCI_VENDOR));
    EXPECT(solo5_pci_config_read(nic.handle, 2, 2, &value) == SOLO5_R_OK);
    EXPECT(value == IXGBE_PCI_DEVICE);
    EXPECT(solo5_pci_config_read(nic.handle, 0xb, 1, &value) == SOLO5_R_OK);
    EXPECT(value == IXGBE_PCI_CLASS);
    value = 42;
    EXPECT(solo5_pci_config_read(nic.handle, 1, 2, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(nic.handle, 0, 3, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(nic.handle, 0, 8, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(nic.handle, 0, 0, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(nic.handle, 4096, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(nic.handle, SIZE_MAX - 3, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(nic.handle + 1, 0, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_config_read(0, 0, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(value == 42);
}

/* A register gives the same by pointer and by call, whether it is mapped or not. */
static void registers(uint64_t offset, uint32_t first, uint32_t second)
{
    uint64_t value = 0;

    printf("register %#" PRIx64 " is %smapped\n", offset,
           pci_is_mapped(&nic, 0, offset) ? "" : "not ");
    pci_set(&nic, offset, pointers, first);
    EXPECT(pci_get(&nic, offset, pointers) == first);
    EXPECT(solo5_pci_region_read(nic.handle, 0, offset, 4, &value) == SOLO5_R_OK);
    EXPECT(value == first);
    EXPECT(solo5_pci_region_write(nic.handle, 0, offset, 4, second) == SOLO5_R_OK);
    EXPECT(pci_get(&nic, offset, pointers) == second);
}

static void refused_accesses(void)
{
    uint64_t value = 42;
    solo5_handle_t h = nic.handle;

    EXPECT(solo5_pci_region_read(h + 1, 0, 0, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 1, 0, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 6, 0, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, UINT32_MAX, 0, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 0, 0, 3, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 0, 0, 16, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 0, 2, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 0, IXGBE_BAR0_SIZE, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_read(h, 0, UINT64_MAX - 3, 4, &value) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_write(h, 0, IXGBE_BAR0_SIZE, 4, 0) == SOLO5_R_EINVAL);
    EXPECT(solo5_pci_region_write(h, 5, 0, 4, 0) == SOLO5_R_EINVAL);
    EXPECT(value == 42);
}

static void memory(void)
{
    uint8_t *shared;
    size_t size;

    EXPECT(nic.dma_size == 2 << 20);
    pci_use_memory(nic.dma, nic.dma_size, 1);
    EXPECT(solo5_dma_acquire(&shared, &size) == SOLO5_R_OK);
    printf("shared %p %zu\n", (void *)shared, size);
    EXPECT(size == 4 << 20);
    pci_use_memory(shared, size, 2);
    EXPECT(nic.dma[0] == 1 && nic.dma[nic.dma_size - 1] == 1);
}

/* A buffer in DMA memory goes to the console as it is. */
static void console_from_dma_memory(void)
{
    static const char text[] = "from DMA memory\n";

    memcpy(nic.dma, text, sizeof(text));
    solo5_console_write((const char *)nic.dma, sizeof(text) - 1);
}

int solo5_app_main(const struct solo5_start_info *info)
{
    pointers = strcmp(info->cmdline, "pointers") == 0;
    acquire();
    configuration_space();
    registers(IXGBE_LEDCTL, 0x8f0f4e00, 0x8f0f0e4e);
    registers(IXGBE_RDBAL(0), 0x12345680, 0x00abcd80);
    registers(IXGBE_TDBAL(127), 0x12345680, 0x00abcd80);
    refused_accesses();
    memory();
    console_from_dma_memory();
    return success();
}
