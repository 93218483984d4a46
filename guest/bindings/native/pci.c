// SPDX-License-Identifier: ISC
#include "guest/bindings/native/native.h"

solo5_result_t solo5_pci_acquire(const char *name, struct solo5_pci_info *info)
{
    return pci_table_acquire(&native.table, name, info);
}

solo5_result_t solo5_dma_acquire(uint8_t **buffer, size_t *size)
{
    return pci_table_dma(&native.table, buffer, size);
}

/* What the fields of a request can carry; the tender's part refuses what is no size. */
static bool fits(size_t size, uint64_t offset, uint64_t offset_max)
{
    return size <= sizeof(uint64_t) && offset <= offset_max;
}

solo5_result_t solo5_pci_config_read(solo5_handle_t handle, size_t offset, size_t size,
                                     uint32_t *value)
{
    struct hvt_pci_config_read request = {
        .handle = handle, .offset = (uint32_t)offset, .size = (uint32_t)size};
    solo5_result_t result = pci_table_check(&native.table, handle);

    if (result != SOLO5_R_OK)
        return result;
    if (!fits(size, offset, UINT32_MAX))
        return SOLO5_R_EINVAL;
    pthread_mutex_lock(&native.lock);
    result = (solo5_result_t)tender_pci_config_read(&native.pci, &request);
    pthread_mutex_unlock(&native.lock);
    if (result == SOLO5_R_OK)
        *value = (uint32_t)request.value;
    return result;
}

static solo5_result_t region_access(int (*serve)(struct tender_pci *,
                                                 struct hvt_pci_region_access *),
                                    struct hvt_pci_region_access *request, size_t size)
{
    solo5_result_t result = pci_table_check(&native.table, request->handle);

    if (result != SOLO5_R_OK)
        return result;
    if (!fits(size, request->offset, UINT64_MAX))
        return SOLO5_R_EINVAL;
    request->size = (uint32_t)size;
    pthread_mutex_lock(&native.lock);
    result = (solo5_result_t)serve(&native.pci, request);
    pthread_mutex_unlock(&native.lock);
    return result;
}

solo5_result_t solo5_pci_region_read(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                     size_t size, uint64_t *value)
{
    struct hvt_pci_region_access request = {.handle = handle, .bar = bar, .offset = offset};
    solo5_result_t result = region_access(tender_pci_region_read, &request, size);

    if (result == SOLO5_R_OK)
        *value = request.value;
    return result;
}

solo5_result_t solo5_pci_region_write(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                      size_t size, uint64_t value)
{
    struct hvt_pci_region_access request = {
        .handle = handle, .bar = bar, .offset = offset, .value = value};

    return region_access(tender_pci_region_write, &request, size);
}
