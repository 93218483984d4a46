// SPDX-License-Identifier: ISC
#include "guest/bindings/spt/spt_guest.h"
#include "guest/bindings/spt/sys.h"

solo5_result_t solo5_pci_acquire(const char *name, struct solo5_pci_info *info)
{
    return pci_table_acquire(&spt_guest.pci, name, info);
}

solo5_result_t solo5_dma_acquire(uint8_t **buffer, size_t *size)
{
    return pci_table_dma(&spt_guest.pci, buffer, size);
}

solo5_result_t spt_ask(struct spt_request *request)
{
    int fd = spt_guest.ext->server_fd;

    if (sys_write(fd, request, sizeof(*request)) != sizeof(*request) ||
        sys_read(fd, request, sizeof(*request)) != sizeof(*request))
        return SOLO5_R_EUNSPEC;
    return (solo5_result_t)request->ret;
}

/* What the request's field can carry; the tender refuses what is no size. */
static solo5_result_t ask(struct spt_request *request, size_t size)
{
    solo5_result_t result = pci_table_check(&spt_guest.pci, request->handle);

    if (result != SOLO5_R_OK)
        return result;
    if (size > sizeof(uint64_t))
        return SOLO5_R_EINVAL;
    request->size = (uint32_t)size;
    return spt_ask(request);
}

solo5_result_t solo5_pci_config_read(solo5_handle_t handle, size_t offset, size_t size,
                                     uint32_t *value)
{
    struct spt_request request = {.kind = SPT_PCI_CONFIG_READ, .handle = handle, .offset = offset};
    solo5_result_t result = ask(&request, size);

    if (result == SOLO5_R_OK)
        *value = (uint32_t)request.value;
    return result;
}

solo5_result_t solo5_pci_region_read(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                     size_t size, uint64_t *value)
{
    struct spt_request request = {
        .kind = SPT_PCI_REGION_READ, .bar = bar, .handle = handle, .offset = offset};
    solo5_result_t result = ask(&request, size);

    if (result == SOLO5_R_OK)
        *value = request.value;
    return result;
}

solo5_result_t solo5_pci_region_write(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                      size_t size, uint64_t value)
{
    struct spt_request request = {.kind = SPT_PCI_REGION_WRITE,
                                  .bar = bar,
                                  .handle = handle,
                                  .offset = offset,
                                  .value = value};

    return ask(&request, size);
}
