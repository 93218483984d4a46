// SPDX-License-Identifier: ISC
/*
 * Loads and stores of the guest to parts of a BAR that are not mapped: emulated as accesses to the
 * device's region, so that a plain pointer works everywhere in a BAR. Any other address is a
 * mistake of the guest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/hvt/hvt.h"

/* Whether an access lies in a BAR; if so, as the request that a hypercall would make. */
static bool in_bar(const struct tender_pci *pci, uint64_t addr, uint32_t size,
                   struct hvt_pci_region_access *request)
{
    for (unsigned i = 0; i < pci->count; i++) {
        for (unsigned b = 0; b < 6; b++) {
            const struct tender_bar *bar = &pci->device[i].bar[b];

            if (bar->size < size || addr < bar->addr || addr - bar->addr > bar->size - size)
                continue;
            *request = (struct hvt_pci_region_access){.handle = pci->device[i].handle,
                                                      .bar = b,
                                                      .offset = addr - bar->addr,
                                                      .size = size};
            return true;
        }
    }
    return false;
}

static int fault(struct hvt *hvt, const char *why)
{
    char place[160], what[320];

    hvt_describe(hvt, hvt->kvm.run->mmio.phys_addr, place, sizeof place);
    snprintf(what, sizeof what, "%s of %u bytes at 0x%llx (%s): %s",
             hvt->kvm.run->mmio.is_write ? "write" : "read", hvt->kvm.run->mmio.len,
             (unsigned long long)hvt->kvm.run->mmio.phys_addr, place, why);
    return hvt_report_now(hvt, what);
}

int hvt_mmio(struct hvt *hvt)
{
    struct hvt_pci_region_access request;
    struct kvm_run *run = hvt->kvm.run;
    uint32_t size = run->mmio.len;
    int result;

    if (size > sizeof run->mmio.data || !in_bar(&hvt->pci, run->mmio.phys_addr, size, &request))
        return fault(hvt, "no memory and no register, or the host holds it read-only");
    if (run->mmio.is_write) {
        memcpy(&request.value, run->mmio.data, size);
        result = tender_pci_region_write(&hvt->pci, &request);
    } else {
        result = tender_pci_region_read(&hvt->pci, &request);
        /* As on the bus where nobody answers. */
        if (result != HVT_R_OK)
            request.value = UINT64_MAX;
        memcpy(run->mmio.data, &request.value, size);
    }
    return result == HVT_R_EINVAL ? fault(hvt, "not aligned to its size") : HVT_CONTINUE;
}
