// SPDX-License-Identifier: ISC
/* The device of the fake kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "host/pci/vfio_abi.h"
#include "tests/unit/pci/fake_vfio.h"

static int region_info(struct vfio_region_info *info)
{
    static const struct fake_areas sparse = {
        .header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0},
        .count = 2,
        .area = {{0x2000, 0x7e000}, {0, 0x1000}},
    };

    if (info->index > PCI_REGION_CONFIG + 1)
        return -EINVAL;
    info->offset = FAKE_REGION(info->index);
    info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    info->size = info->index == PCI_REGION_CONFIG ? sizeof(fake.config)
                 : info->index == 0               ? 0x80000
                 : info->index == 3               ? 0x4000
                                                  : 0;
    if (info->index == 0 || info->index == 3)
        info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
    if (info->index == 0 && info->argsz > sizeof(*info)) {
        info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
        /* Offsets of capabilities count from the structure: the only one is the last. */
        fake_vfio_caps(info, sizeof(*info), &sparse, sizeof(sparse), &info->argsz,
                       &info->cap_offset);
    }
    return 0;
}

static int irq_info(struct vfio_irq_info *info)
{
    if (info->index >= 5 || fake.irq_count[info->index] == 0)
        return -EINVAL;
    info->flags = VFIO_IRQ_INFO_EVENTFD;
    info->count = fake.irq_count[info->index];
    return 0;
}

static int set_irqs(const struct vfio_irq_set *set)
{
    bool eventfds = set->flags & VFIO_IRQ_SET_DATA_EVENTFD;

    fake_vfio_note("irqs %u flags 0x%x start %u count %u\n", set->index, set->flags, set->start,
                   set->count);
    assert_in_range(set->index, 0, 4);
    assert_int_equal(set->argsz, sizeof(*set) + (eventfds ? set->count * sizeof(int32_t) : 0));
    if (set->flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER) && set->count == 0)
        memset(fake.irq_fds[set->index], 0xff, sizeof(fake.irq_fds[0]));
    assert_in_range(set->count, 0, 4);
    if (eventfds)
        memcpy(fake.irq_fds[set->index], set->data, set->count * sizeof(int32_t));
    return 0;
}

static int hot_reset_info(uint32_t *argument)
{
    struct vfio_pci_dependent_device *devices = (void *)(argument + 3);

    if (fake.hot_reset_groups[0] == 0)
        return -ENODEV;
    argument[1] = fake.hot_reset_flags;
    for (argument[2] = 0; argument[2] < 4 && fake.hot_reset_groups[argument[2]] != 0; argument[2]++)
        devices[argument[2]].group_id = fake.hot_reset_groups[argument[2]];
    return 0;
}

int fake_vfio_device_ioctl(unsigned long request, void *argument)
{
    struct vfio_device_info *info = argument;
    const struct vfio_pci_hot_reset *reset = argument;

    switch (request) {
    case VFIO_CDEV_BIND:
        fake.device_open = true;
        fake_vfio_note("bind\n");
        return 0;
    case VFIO_CDEV_ATTACH:
        fake_vfio_note("attach %u\n", ((struct vfio_cdev_attach *)argument)->ioas);
        return 0;
    case VFIO_DEVICE_GET_INFO:
        info->flags = fake.device_flags;
        info->num_regions = 9;
        info->num_irqs = 5;
        return 0;
    case VFIO_DEVICE_GET_REGION_INFO:
        return region_info(argument);
    case VFIO_DEVICE_GET_IRQ_INFO:
        return irq_info(argument);
    case VFIO_DEVICE_SET_IRQS:
        return set_irqs(argument);
    case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
        return hot_reset_info(argument);
    case VFIO_DEVICE_PCI_HOT_RESET:
        fake_vfio_note("hot reset of %u groups\n", reset->count);
        fake.resets++;
        return 0;
    case VFIO_DEVICE_RESET:
        fake_vfio_note("reset\n");
        fake.resets++;
        return 0;
    default:
        return -ENOTTY;
    }
}
