// SPDX-License-Identifier: ISC
/* From a command line to a guest that is ready to run: each step refuses what it does not like
 * before the next one begins. */
#include <errno.h>
#include <string.h>

#include "host/hvt/boot_info.h"
#include "host/hvt/hvt.h"
#include "host/hvt/hvt_options.h"
#include "host/hvt/vcpu.h"
#include "host/tender/options.h"
#include "host/tender/sandbox.h"

static int read_unikernel(struct hvt *hvt, const char *path)
{
    int rc = elf_open(&hvt->elf, path, &hvt->error);

    if (rc == 0)
        rc = notes_read(&hvt->elf, &hvt->notes, &hvt->error);
    if (rc == 0)
        rc = notes_check_abi(&hvt->elf, &hvt->notes, ABI_TARGET_HVT, HVT_ABI_VERSION, &hvt->error);
    if (rc == 0)
        rc = tender_pci_init(&hvt->pci, hvt->notes.mft, &hvt->error);
    if (rc == 0) {
        tender_net_init(&hvt->net, hvt->notes.mft);
        tender_block_init(&hvt->block, hvt->notes.mft);
    }
    hvt->ring3 = (hvt->notes.flags & PENSTOCK_FLAG_RING3) != 0;
    return rc;
}

static int open_host(struct hvt *hvt, union cpuid *cpuid)
{
    int rc = tender_net_open(&hvt->net, &hvt->error);

    if (rc == 0)
        rc = tender_block_open(&hvt->block, &hvt->error);
    if (rc == 0)
        rc = kvm_open(&hvt->kvm, &hvt->error);
    if (rc == 0)
        rc = cpuid_read(&hvt->kvm, cpuid, &hvt->error);
    if (rc == 0)
        hvt->features = cpuid_features(cpuid);
    /* Not before here can a signal find something that has to be stopped. */
    if (rc == 0)
        rc = events_open(&hvt->events, &hvt->stats, &hvt->error);
    if (rc == 0)
        rc = tender_pci_open(&hvt->pci, &hvt->error);
    return rc;
}

static uint64_t address_limit(const struct hvt *hvt)
{
    unsigned bits = hvt->features.address_bits;

    /* Of the guest's virtual addresses, which are the same, ring 3 has the lower half. */
    return bits < 47 ? 1ull << bits : 1ull << 47;
}

static int create_machine(struct hvt *hvt, const union cpuid *cpuid)
{
    int rc = guest_memory_open(&hvt->memory, hvt->mem_size, &hvt->error);

    if (rc == 0)
        rc = elf_load(&hvt->elf, hvt->memory.ram, &hvt->error);
    if (rc == 0)
        rc = kvm_create(&hvt->kvm, &hvt->error);
    if (rc == 0)
        rc = vcpu_setup(&hvt->kvm, cpuid, &hvt->error);
    if (rc == 0)
        rc = kvm_unblock(&hvt->kvm, events_run_mask(), &hvt->error);
    return rc;
}

static int start_devices(struct hvt *hvt)
{
    struct tender_space space = {.limit = address_limit(hvt), .in_process = false};

    return tender_pci_start(&hvt->pci, &space, &hvt->error);
}

static int add_window(struct hvt *hvt, const struct tender_dma *dma)
{
    return dma->size == 0 ? 0
                          : kvm_add_memory(&hvt->kvm, dma->addr, dma->size, dma->host, &hvt->error);
}

static int add_bar(struct hvt *hvt, const struct tender_bar *bar)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < bar->ranges_count; i++)
        rc = kvm_add_memory(&hvt->kvm, bar->addr + bar->ranges[i].offset, bar->ranges[i].size,
                            bar->ranges[i].host, &hvt->error);
    return rc;
}

static void tell_of_devices(struct hvt *hvt)
{
    for (unsigned i = 0; i < hvt->pci.count; i++) {
        int fd = pci_kvm_fd(hvt->pci.device[i].access);

        if (fd >= 0)
            kvm_add_vfio(&hvt->kvm, fd);
    }
}

static int add_memory(struct hvt *hvt)
{
    int rc = kvm_add_memory(&hvt->kvm, 0, hvt->mem_size, hvt->memory.ram, &hvt->error);

    if (rc == 0)
        rc = add_window(hvt, &hvt->pci.dma);
    for (unsigned i = 0; rc == 0 && i < hvt->pci.count; i++) {
        for (unsigned bar = 0; rc == 0 && bar < 6; bar++)
            rc = add_bar(hvt, &hvt->pci.device[i].bar[bar]);
        if (rc == 0)
            rc = add_window(hvt, &hvt->pci.device[i].dma);
    }
    return rc;
}

static int map_memory(struct hvt *hvt)
{
    int rc = mappings_add_ram(&hvt->mappings, &hvt->elf, hvt->mem_size);

    if (rc == 0)
        rc = mappings_add_pci(&hvt->mappings, &hvt->pci);
    if (rc < 0)
        return tender_fail(&hvt->error, rc, "cannot map all of the guest's memory: %s",
                           strerror(-rc));
    hvt->memory.mappings = &hvt->mappings;
    hvt->memory.pci = &hvt->pci;
    rc = mappings_finish(&hvt->mappings, &hvt->error);
    if (rc == 0)
        rc = ring0_build(&hvt->ring0, &hvt->kvm, &hvt->mappings, hvt->ring3,
                         hvt->features.gigabyte_pages, address_limit(hvt), &hvt->error);
    return rc;
}

static int start_cpu(struct hvt *hvt)
{
    struct boot_info info = {.mem_size = hvt->mem_size,
                             .kernel_end = hvt->elf.end,
                             .cmdline = hvt->cmdline,
                             .mft = hvt->notes.mft,
                             .pci = &hvt->pci,
                             .net = &hvt->net,
                             .block = &hvt->block};
    struct vcpu_start start = {
        .ring3 = hvt->ring3, .entry = hvt->elf.header.e_entry, .stack = hvt->mem_size - 8};
    struct boot_addresses addresses;
    int rc = vcpu_tsc_frequency(&hvt->kvm, &info.cycle_frequency, &hvt->error);

    if (rc < 0)
        return rc;
    addresses = boot_info_write(hvt->memory.ram, &info);
    start.boot_info = addresses.boot_info;
    start.extension = addresses.extension;
    return vcpu_start(&hvt->kvm, &hvt->features, &hvt->ring0, &start, &hvt->error);
}

int hvt_open(struct hvt *hvt, int argc, char **argv)
{
    union cpuid cpuid;
    int first, rc;

    hvt->elf.fd = hvt->kvm.fd = hvt->kvm.vm = hvt->kvm.vcpu = hvt->kvm.vfio = -1;
    hvt->events.fd = -1;
    hvt->core.folder_fd = hvt->core.fd = hvt->gdb.fd = -1;
    rc = hvt_options_scan(hvt, argc, argv, &first);
    if (rc == 0)
        rc = tender_sandbox_check(&hvt->error);
    if (rc == 0)
        rc = read_unikernel(hvt, argv[first]);
    if (rc == 0)
        rc = hvt_options_apply(hvt, argc, argv, first);
    if (rc == 0)
        rc = elf_plan(&hvt->elf, HVT_GUEST_MIN_BASE, hvt->mem_size, &hvt->error);
    if (rc == 0)
        rc = open_host(hvt, &cpuid);
    if (rc == 0)
        rc = create_machine(hvt, &cpuid);
    if (rc == 0)
        rc = start_devices(hvt);
    if (rc == 0) {
        tell_of_devices(hvt);
        rc = add_memory(hvt);
    }
    if (rc == 0)
        rc = map_memory(hvt);
    if (rc == 0)
        rc = start_cpu(hvt);
    if (rc == 0)
        rc = gdb_open(hvt);
    if (rc == 0)
        rc = hvt_confine(hvt);
    /* A signal that came meanwhile. */
    return rc < 0 ? rc : events_check(&hvt->events, &hvt->error);
}

void hvt_close(struct hvt *hvt)
{
    tender_pci_stop(&hvt->pci);
    tender_net_close(&hvt->net);
    tender_block_close(&hvt->block);
    kvm_close(&hvt->kvm);
    events_close(&hvt->events);
    core_close(&hvt->core);
    ring0_free(&hvt->ring0);
    mappings_free(&hvt->mappings);
    guest_memory_close(&hvt->memory);
    notes_free(&hvt->notes);
    elf_close(&hvt->elf);
}
