// SPDX-License-Identifier: ISC
/* Asks an NVMe disk for its name: its registers, and one admin command by DMA (NVMe 1.4, 7.6.1). */
#define _GNU_SOURCE
#include <pci_access.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VS = 2, CC = 5, CSTS = 7, AQA = 9, ASQ = 10, DOORBELL = 1024, PAGE = 4096 };
static const uint64_t iova = 16 << 20; /* commands, completions, answer: where the disk sees them */

static void check(int rc, const char *why)
{
    if (rc < 0)
        _exit(fprintf(stderr, "nvme: %s\n", why) > 0); /* the kernel stops the disk then */
}

static void wait_for(const volatile uint32_t *where, uint32_t bit)
{
    for (int ms = 0; ms < 10000 && !(*where & bit); ms++)
        usleep(1000);
    check(*where & bit ? 0 : -1, "the disk does not answer");
    __sync_synchronize(); /* what the bit announces is read after it */
}

static void identify(volatile uint32_t *registers, char *memory)
{
    registers[AQA] = 1 << 16 | 1; /* two entries in each queue */
    for (int i = 0; i < 4; i++)
        registers[ASQ + i] = i % 2 ? 0 : iova + i / 2 * PAGE;
    registers[CC] = 4 << 20 | 6 << 16 | 1; /* how large they are, and go */
    wait_for(&registers[CSTS], 1);
    memcpy(memory, (uint32_t[16]){6, [6] = iova + 2 * PAGE, [10] = 1}, 64); /* Identify */
    __sync_synchronize();
    registers[DOORBELL] = 1;
    wait_for((uint32_t *)(memory + PAGE) + 3, 1 << 16);
}

int main(int argc, char **argv)
{
    int fd = memfd_create("dma", 0), ready = ftruncate(fd, 3 * PAGE);
    char *memory = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct pci_identity id;
    struct pci_error why = {"usage: nvme ADDRESS, of a disk that is bound to vfio-pci"};
    struct pci_access *dev = NULL;
    void *bar;

    check(argc == 2 && ready == 0 ? pci_open(argv[1], NULL, &dev, &why) : -1, why.text);
    check(pci_identify(dev, &id, &why), why.text);
    check(id.class_code == 1 && id.subclass == 8 ? 0 : -1, "this is no NVMe disk");
    check(pci_reset(dev, &why), why.text);
    check(pci_dma_map(dev, fd, 0, memory, iova, 3 * PAGE, &why), why.text); /* no more than this */
    check(pci_map(dev, 0, (struct pci_area){.size = 2 * PAGE}, NULL, &bar, &why), why.text);
    check(pci_bus_master(dev, true, &why), why.text); /* last: now it may */
    identify(bar, memory);
    printf("%04x:%04x NVMe %x: %.40s, serial %.20s\n", id.vendor, id.device,
           ((volatile uint32_t *)bar)[VS], memory + 2 * PAGE + 24, memory + 2 * PAGE + 4);
    pci_close(dev);
}
