// SPDX-License-Identifier: ISC
#include "fake_pci.h"

#include <stdlib.h>
#include <string.h>

#define STEP_NS 10000

struct fake_pci fake;

void fake_free(void)
{
    free(fake.bar);
    free(fake.dma);
    memset(&fake, 0, sizeof fake);
}

void fake_reset(unsigned count, const struct solo5_pci_range *ranges)
{
    fake_free();
    fake.bar = aligned_alloc(4096, FAKE_BAR_SIZE);
    fake.dma = aligned_alloc(1u << 21, FAKE_DMA_SIZE);
    memset(fake.bar, 0, FAKE_BAR_SIZE);
    memset(fake.dma, 0, FAKE_DMA_SIZE);
    fake.present = true;
    fake.now = 1000000000;
    fake.info = (struct solo5_pci_info){
        .vendor_id = 0x8086,
        .device_id = 0x10fb,
        .class_code = 2,
        .bus_master_enable = true,
        .bar0 = fake.bar,
        .bar0_size = FAKE_BAR_SIZE,
        .handle = FAKE_HANDLE,
        .dma = fake.dma,
        .dma_size = FAKE_DMA_SIZE,
        .dma_iova = 0x4000000000,
        .irq_vectors = 64,
    };
    fake.info.ranges[0].count = count;
    for (unsigned i = 0; i < count; i++)
        fake.info.ranges[0].range[i] = ranges[i];
}

uint32_t fake_get(uint32_t offset)
{
    uint32_t value;

    memcpy(&value, fake.bar + offset, 4);
    return value;
}

void fake_set(uint32_t offset, uint32_t value)
{
    memcpy(fake.bar + offset, &value, 4);
}

solo5_result_t solo5_pci_acquire(const char *name, struct solo5_pci_info *info)
{
    if (!fake.present || fake.taken || strcmp(name, "nic0") != 0)
        return SOLO5_R_EINVAL;
    fake.taken = true;
    *info = fake.info;
    return SOLO5_R_OK;
}

solo5_result_t solo5_dma_acquire(uint8_t **buffer, size_t *size)
{
    *buffer = fake.shared_size ? fake.dma : NULL;
    *size = fake.shared_size;
    return fake.shared_size ? SOLO5_R_OK : SOLO5_R_EINVAL;
}

static bool outside(solo5_handle_t handle, unsigned bar, uint64_t offset, size_t size)
{
    return handle != FAKE_HANDLE || bar != 0 || offset > FAKE_BAR_SIZE - size || offset % size != 0;
}

solo5_result_t solo5_pci_region_read(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                     size_t size, uint64_t *value)
{
    if (outside(handle, bar, offset, size))
        return SOLO5_R_EINVAL;
    fake.traps++;
    *value = 0;
    if (fake.read && size == 4)
        *value = fake.read((uint32_t)offset);
    else
        memcpy(value, fake.bar + offset, size);
    return SOLO5_R_OK;
}

solo5_result_t solo5_pci_region_write(solo5_handle_t handle, unsigned bar, uint64_t offset,
                                      size_t size, uint64_t value)
{
    if (outside(handle, bar, offset, size))
        return SOLO5_R_EINVAL;
    fake.traps++;
    if (fake.write && size == 4)
        fake.write((uint32_t)offset, (uint32_t)value);
    else
        memcpy(fake.bar + offset, &value, size);
    return SOLO5_R_OK;
}

solo5_result_t solo5_pci_config_read(solo5_handle_t handle, size_t offset, size_t size,
                                     uint32_t *value)
{
    if (handle != FAKE_HANDLE || size != 4 || offset != 0)
        return SOLO5_R_EINVAL;
    *value = (uint32_t)fake.info.device_id << 16 | fake.info.vendor_id;
    return SOLO5_R_OK;
}

solo5_time_t solo5_clock_monotonic(void)
{
    return fake.now += STEP_NS;
}

void solo5_console_write(const char *buf, size_t size)
{
    size_t used = strlen(fake.console);
    size_t room = sizeof fake.console - 1 - used;

    memcpy(fake.console + used, buf, size < room ? size : room);
}
