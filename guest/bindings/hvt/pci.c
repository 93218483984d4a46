// SPDX-License-Identifier: ISC
#include "guest/bindings/hvt/cpu.h"
#include "guest/bindings/hvt/hvt_guest.h"

solo5_result_t solo5_pci_acquire(const char *name, struct solo5_pci_info *info)
{
    return pci_table_acquire(&hvt_guest.pci, name, info);
}

solo5_result_t solo5_dma_acquire(uint8_t **buffer, size_t *size)
{
    return pci_table_dma(&hvt_guest.pci, buffer, size);
}

/* Sizes are what the argument's 32-bit field can carry; the tender refuses those that are not 1, 2,
 * 4, 8. */
static bool is_access_size(size_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

solo5_result_t solo5_pci_config_read(solo5_handle_t handle, size_t offset, size_t size,
                                     uint32_t *value)
{
    struct hvt_pci_config_read argument = {.handle = handle, .offset = (uint32_t)offset};
    solo5_result_t result = pci_table_check(&hvt_guest.pci, handle);

    if (result != SOLO5_R_OK)
        return result;
    if (!is_access_size(size) || offset > UINT32_MAX)
        return SOLO5_R_EINVAL;
    argument.size = (uint32_t)size;
    cpu_hypercall(HVT_PCI_CONFIG_READ, &argument);
    if (argument.ret == SOLO5_R_OK)
        *value = (uint32_t)argument.value;
    return (solo5_result_t)argument.ret;
}

static solo5_result_t region_access(enum hvt_hypercall nr, solo5_handle_t handle,
                                    struct hvt_pci_region_access *argument, size_t size)
{
    solo5_result_t result = pci_table_check(&hvt_guest.pci, handle);

    if (result != SOLO5_R_OK)
        return result;
    if (!is_access_size(size))
        return SOLO5_R_EINVAL;
    argument->handle = handle;
    argument->size = (uint32_t)size;
    cpu_hypercall(nr, argument);
    return (solo5_result_t)argument->ret;
}

solo5_result_t solo5_pci_region_read(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                     size_t size, uint64_t *value)
{
    struct hvt_pci_region_access argument = {.bar = bar, .offset = offset};
    solo5_result_t result = region_access(HVT_PCI_REGION_READ, handle, &argument, size);

    if (result == SOLO5_R_OK)
        *value = argument.value;
    return result;
}

solo5_result_t solo5_pci_region_write(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                      size_t size, uint64_t value)
{
    struct hvt_pci_region_access argument = {.bar = bar, .offset = offset, .value = value};

    return region_access(HVT_PCI_REGION_WRITE, handle, &argument, size);
}
