// SPDX-License-Identifier: ISC
#include "tests/unit/tender/pci_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define K 1024u

struct pci_rig rig;
const struct tender_space rig_process = {.limit = 1ull << 47, .in_process = true};
const struct tender_space rig_machine = {.limit = 1ull << 46};

/* Two devices, 1234:000N class 020003, with BAR0 and a 256-byte BAR2; nic0 has a DMA window. */
int rig_setup(void **state)
{
    struct mft *mft = calloc(1, MFT_SIZE(3));

    *state = (void *)(uintptr_t)fake_descriptors();
    mft->version = MFT_VERSION;
    mft->entries = 3;
    for (unsigned i = 0; i < 2; i++) {
        struct mft_entry *e = &mft->e[i + 1];

        fake_init(&rig.fake[i]);
        fake_config32(&rig.fake[i], 0, 0x00001234 | i << 16);
        fake_config32(&rig.fake[i], 8, 0x02000301);
        fake_bar(&rig.fake[i], 0, 64 * K);
        fake_bar(&rig.fake[i], 2, 256);
        snprintf(e->name, sizeof(e->name), "nic%u", i);
        e->type = MFT_PCI_BASIC;
        e->u.pci_basic = (struct mft_pci_basic){
            .vendor = 0x1234,
            .device = (uint16_t)i,
            .class_code = 2,
            .subclass = 0,
            .progif = 3,
            .flags = MFT_PCI_BUS_MASTER | MFT_PCI_MAP_BAR(0) | MFT_PCI_MAP_BAR(2),
        };
    }
    mft->e[1].u.pci_basic.dma_size = 100 * K;
    assert_int_equal(tender_pci_init(&rig.pci, mft, &rig.error), 0);
    free(mft);
    return 0;
}

int rig_teardown(void **state)
{
    tender_pci_stop(&rig.pci);
    tender_pci_stop(&rig.pci);
    fake_end(&rig.fake[0]);
    fake_end(&rig.fake[1]);
    assert_int_equal(fake_descriptors(), (uintptr_t)*state);
    return 0;
}

void rig_attach(void)
{
    for (unsigned i = 0; i < 2; i++) {
        char value[100];

        fake_start(&rig.fake[i]);
        snprintf(value, sizeof(value), "nic%u=%s", i, rig.fake[i].where);
        assert_int_equal(tender_pci_option(&rig.pci, value, &rig.error), 0);
    }
}

void rig_start(const struct tender_space *space)
{
    rig_attach();
    assert_int_equal(tender_pci_open(&rig.pci, &rig.error), 0);
    if (tender_pci_start(&rig.pci, space, &rig.error) < 0)
        fail_msg("%s", rig.error.text);
}

unsigned rig_writes(const struct fake *f)
{
    return f->requests[VFIO_USER_REGION_WRITE] + f->requests[VFIO_USER_DEVICE_RESET] +
           f->requests[VFIO_USER_DEVICE_SET_IRQS] + f->requests[VFIO_USER_DMA_MAP];
}

int rig_config_read(uint64_t handle, uint32_t offset, uint32_t size, uint64_t *value)
{
    struct hvt_pci_config_read r = {.handle = handle, .offset = offset, .size = size};
    int result = tender_pci_config_read(&rig.pci, &r);

    assert_int_equal(result, r.ret);
    *value = r.value;
    return result;
}

int rig_region_read(uint64_t handle, uint32_t bar, uint64_t offset, uint32_t size, uint64_t *value)
{
    struct hvt_pci_region_access r = {.handle = handle, .bar = bar, .offset = offset, .size = size};
    int result = tender_pci_region_read(&rig.pci, &r);

    assert_int_equal(result, r.ret);
    *value = r.value;
    return result;
}
