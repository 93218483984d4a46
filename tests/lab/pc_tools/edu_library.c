// SPDX-License-Identifier: ISC
/*
 * In the virtual PC: drives an edu device with the library host/pci, for what a unikernel cannot
 * ask for: edu_library WHERE auto|type1|iommufd WORD.
 *
 *   unmap          memory can be reached while it is mapped for the device, and not after
 *   reserved IOVA  an address that is not for DMA: not offered, and refused
 *   intx           an interrupt of the kind that stays: masked when raised, raised again when
 *                  unmasked
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host/pci/pci_access.h"
#include "tests/unikernels/edu_registers.h"

#define PATIENCE 30000 /* ms */
#define QUIET    200   /* ms */
#define PAGE     4096u
#define IOVA     0x40000000ull
#define FILL     0x5a
#define PROBE    4u /* bytes: each word may be a fault */

struct edu {
    struct pci_access *access;
    uint8_t *memory; /* two pages: what the device reads, and what it writes */
    int memory_fd;
};

static void expect(bool met, const char *what)
{
    if (met)
        return;
    printf("edu_library: not met: %s\n", what);
    exit(EXIT_FAILURE);
}

static void ok(int rc, const struct pci_error *error)
{
    if (rc == 0)
        return;
    printf("edu_library: %s\n", error->text);
    exit(EXIT_FAILURE);
}

static uint64_t get(const struct edu *edu, unsigned offset, unsigned size)
{
    uint64_t value;

    expect(pci_region_read(edu->access, PCI_REGION_BAR0, offset, size, &value) == 0, "a read");
    return value;
}

static void set(const struct edu *edu, unsigned offset, unsigned size, uint64_t value)
{
    expect(pci_region_write(edu->access, PCI_REGION_BAR0, offset, size, value) == 0, "a write");
}

static void wait_until_idle(const struct edu *edu)
{
    struct timespec nap = {.tv_nsec = 10000000};

    for (unsigned i = 0; get(edu, EDU_DMA_COMMAND, 8) & EDU_DMA_RUN; i++) {
        expect(i < PATIENCE / 10, "a transfer ends");
        nanosleep(&nap, NULL);
    }
}

static void transfer(const struct edu *edu, uint64_t from, uint64_t to, uint64_t size, unsigned way)
{
    set(edu, EDU_DMA_SOURCE, 8, from);
    set(edu, EDU_DMA_DESTINATION, 8, to);
    set(edu, EDU_DMA_COUNT, 8, size);
    set(edu, EDU_DMA_COMMAND, 8, way | EDU_DMA_RUN);
    wait_until_idle(edu);
}

/* ---- unmap ---- */

static void map(struct edu *edu)
{
    struct pci_error error;

    ok(pci_dma_map(edu->access, edu->memory_fd, 0, edu->memory, IOVA, 2 * (uint64_t)PAGE, &error),
       &error);
}

/* How many bytes the device writes. */
static unsigned store(const struct edu *edu)
{
    unsigned count = 0;

    memset(edu->memory + PAGE, 0, PAGE);
    transfer(edu, EDU_BUFFER, IOVA + PAGE, PROBE, EDU_DMA_TO_MEMORY);
    for (unsigned i = 0; i < PAGE; i++)
        count += ((volatile uint8_t *)edu->memory)[PAGE + i] == FILL;
    return count;
}

static void get_memory(struct edu *edu)
{
    edu->memory_fd = memfd_create("edu", MFD_CLOEXEC);
    expect(ftruncate(edu->memory_fd, 2 * (off_t)PAGE) == 0, "memory");
    edu->memory =
        mmap(NULL, 2 * (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, edu->memory_fd, 0);
    expect(edu->memory != MAP_FAILED, "memory");
    memset(edu->memory, FILL, PAGE);
}

static void unmap(struct edu *edu)
{
    struct pci_error error;

    get_memory(edu);
    map(edu);
    ok(pci_bus_master(edu->access, true, &error), &error);
    transfer(edu, IOVA, EDU_BUFFER, PAGE, 0);
    expect(store(edu) == PROBE, "mapped memory is written");
    expect(pci_dma_unmap(edu->access, IOVA, 2 * (uint64_t)PAGE) == 0, "the memory is unmapped");
    expect(store(edu) == 0, "memory is not written once it is unmapped");
    map(edu);
    expect(store(edu) == PROBE, "it is written again once it is mapped again");
    printf("edu_library: unmapped at 0x%llx\n", IOVA + PAGE);
}

/* ---- reserved ---- */

static void reserved(struct edu *edu, uint64_t address)
{
    struct pci_iova_range ranges[PCI_IOVA_RANGES_MAX];
    struct pci_error error;
    unsigned count;

    ok(pci_iova_ranges(edu->access, ranges, &count, &error), &error);
    for (unsigned i = 0; i < count; i++)
        expect(address < ranges[i].start || address > ranges[i].last, "it is in no range");
    get_memory(edu);
    expect(pci_dma_map(edu->access, edu->memory_fd, 0, edu->memory, address, PAGE, &error) < 0,
           "nothing can be mapped there");
    printf("edu_library: refused: %s\n", error.text);
    map(edu);
}

/* ---- intx ---- */

/* How many interrupts came; waits for the first as long as said. */
static uint64_t came(int fd, int ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    uint64_t count = 0;

    if (poll(&poll_fd, 1, ms) == 1 && read(fd, &count, sizeof(count)) != sizeof(count))
        count = 0;
    return count;
}

static void intx(struct edu *edu)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct pci_error error;

    expect(pci_irq_count(edu->access, PCI_IRQ_INTX) == 1, "edu has INTx");
    ok(pci_irq_enable(edu->access, PCI_IRQ_INTX, 1, &fd, &error), &error);
    expect(came(fd, QUIET) == 0, "nothing comes before it is raised");
    for (unsigned i = 1; i <= 20; i++) {
        set(edu, EDU_IRQ_RAISE, 4, i);
        expect(came(fd, PATIENCE) == 1, "one interrupt comes");
        expect(get(edu, EDU_IRQ_STATUS, 4) == i, "its reason is what was raised");
        set(edu, EDU_IRQ_ACKNOWLEDGE, 4, i);
        expect(pci_irq_unmask(edu->access, PCI_IRQ_INTX) == 0, "it is unmasked");
    }
    expect(came(fd, QUIET) == 0, "nothing more comes");
    set(edu, EDU_IRQ_RAISE, 4, 1);
    expect(came(fd, PATIENCE) == 1, "one interrupt comes");
    set(edu, EDU_IRQ_RAISE, 4, 2);
    expect(came(fd, QUIET) == 0, "a masked one does not");
    expect(pci_irq_unmask(edu->access, PCI_IRQ_INTX) == 0, "it is unmasked");
    expect(came(fd, PATIENCE) == 1, "it comes again when it is unmasked");
    set(edu, EDU_IRQ_ACKNOWLEDGE, 4, 3);
    expect(pci_irq_unmask(edu->access, PCI_IRQ_INTX) == 0, "it is unmasked");
    expect(came(fd, QUIET) == 0, "nothing comes once it is acknowledged");
    ok(pci_irq_enable(edu->access, PCI_IRQ_INTX, 0, NULL, &error), &error);
    set(edu, EDU_IRQ_RAISE, 4, 1);
    expect(came(fd, QUIET) == 0, "nothing comes once it is off");
    set(edu, EDU_IRQ_ACKNOWLEDGE, 4, 1);
    close(fd);
    printf("edu_library: 20 raised, 20 came\n");
}

/* ---- */

static enum pci_iommu iommu_of(const char *name)
{
    if (strcmp(name, "type1") == 0)
        return PCI_IOMMU_TYPE1;
    return strcmp(name, "iommufd") == 0 ? PCI_IOMMU_IOMMUFD : PCI_IOMMU_AUTO;
}

int main(int argc, char **argv)
{
    struct pci_options options = {.allow_no_reset = true};
    struct edu edu = {.memory_fd = -1};
    struct pci_identity identity;
    struct pci_error error;

    expect(argc == 4 || argc == 5, "edu_library WHERE auto|type1|iommufd unmap|intx|reserved IOVA");
    options.iommu = iommu_of(argv[2]);
    ok(pci_open(argv[1], &options, &edu.access, &error), &error);
    ok(pci_identify(edu.access, &identity, &error), &error);
    expect(identity.vendor == EDU_VENDOR && identity.device == EDU_DEVICE, "this is an edu");
    ok(pci_reset(edu.access, &error), &error);
    ok(pci_bus_master(edu.access, false, &error), &error);
    wait_until_idle(&edu);
    if (strcmp(argv[3], "unmap") == 0)
        unmap(&edu);
    else if (strcmp(argv[3], "reserved") == 0 && argc == 5)
        reserved(&edu, strtoull(argv[4], NULL, 0));
    else
        intx(&edu);
    pci_close(edu.access);
    return EXIT_SUCCESS;
}
