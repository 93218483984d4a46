// SPDX-License-Identifier: ISC
/*
 * A guest's hypercalls and its accesses to BARs, without KVM: every call number, with arguments
 * anywhere. The guest has RAM with read-only parts, a shared and an own DMA window, and a PCI
 * device that answers everything. Nothing waits, and what the tender writes to the console is read
 * to its last byte.
 *
 * Input: operations of one byte: 0-0x7f a hypercall of that number: u32 address, u8 length, bytes
 * of the argument; 0x80- an access to device memory: u64 address, u8 size, u64 value.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/hvt/hvt.h"
#include "host/pci/pci_ops.h"
#include "tests/fuzz/fuzz.h"

#define RAM      HVT_MEM_UNIT
#define WINDOW   0x10000u
#define BAR_SIZE 0x4000u
#define BAR_ADDR (1ull << 39)
#define DMA_ADDR (1ull << 40)
#define DISK     0x10000u /* bytes of the block device */
#define OWN_ADDR ((1ull << 40) + (1ull << 36))

/* ---- the world: linked in place of libc's (meson.build: --wrap) ---- */

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __real_write(int fd, const void *data, size_t size);

/* Time passes at once; the console has room. */
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    int ready = 0;

    (void)mask;
    FUZZ_EXPECT(timeout == NULL ||
                (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000));
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = fds[i].fd == STDOUT_FILENO ? POLLOUT : 0;
        ready += fds[i].revents != 0;
    }
    return ready;
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    uint8_t sum = 0;

    if (fd != STDOUT_FILENO)
        return __real_write(fd, data, size);
    for (size_t i = 0; i < size; i++)
        sum ^= ((const volatile uint8_t *)data)[i];
    (void)sum;
    return (ssize_t)size;
}

/* ---- a device ---- */

static int region_info(struct pci_access *dev, unsigned region, struct pci_raw_region *raw,
                       struct pci_error *error)
{
    (void)dev, (void)error;
    raw->readable = raw->writable = true;
    raw->size = region == PCI_REGION_BAR0 ? BAR_SIZE : region == PCI_REGION_CONFIG ? 256 : 0;
    return 0;
}

static int region_read(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                       uint64_t *value)
{
    FUZZ_EXPECT(offset % size == 0 && offset + size <= dev->region[region].size);
    *value = offset;
    return 0;
}

static int region_write(struct pci_access *dev, unsigned region, uint64_t offset, unsigned size,
                        uint64_t value)
{
    FUZZ_EXPECT(region == PCI_REGION_BAR0);
    return region_read(dev, region, offset, size, &value);
}

static const struct pci_access_ops ops = {
    .region_info = region_info, .region_read = region_read, .region_write = region_write};

/* ---- a guest ---- */

static void make_pci(struct tender_pci *pci, struct pci_access *access, uint8_t *windows)
{
    static char where[] = "here";
    struct tender_pci_device *device = &pci->device[0];

    *access = (struct pci_access){.ops = &ops, .where = where};
    pci->count = 1;
    pci->dma = (struct tender_dma){.addr = DMA_ADDR, .size = WINDOW, .host = windows, .fd = -1};
    device->handle = 1;
    device->access = access;
    device->bar[0] = (struct tender_bar){.addr = BAR_ADDR, .size = BAR_SIZE};
    device->dma =
        (struct tender_dma){.addr = OWN_ADDR, .size = WINDOW, .host = windows + WINDOW, .fd = -1};
    device->irq_fd = -1;
}

/* Its cable's other end is returned. */
static int make_net(struct tender_net *net)
{
    int pair[2];

    FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    net->count = 1;
    net->device[0] = (struct tender_net_device){
        .name = "net0", .handle = 2, .mtu = 1500, .fd = pair[0], .warned = true};
    return pair[1];
}

static void make_block(struct tender_block *block)
{
    int fd = memfd_create("disk", MFD_CLOEXEC);

    FUZZ_EXPECT(ftruncate(fd, DISK) == 0);
    block->count = 1;
    block->device[0] = (struct tender_block_device){.name = "disk0",
                                                    .handle = 3,
                                                    .block_size = 512,
                                                    .capacity = DISK,
                                                    .fd = fd,
                                                    .warned = true};
}

static struct hvt *make_guest(int *cable)
{
    static struct elf_segment segments[] = {
        {.start = 0x100000,
         .end = 0x101000,
         .addr = 0x100000,
         .size = 0x1000,
         .flags = PF_R | PF_X},
        {.start = 0x101000, .end = 0x102000, .addr = 0x101000, .size = 0x1000, .flags = PF_R},
    };
    static struct pci_access access;
    struct hvt *hvt = calloc(1, sizeof(*hvt));
    uint8_t *windows = calloc(2, WINDOW);
    sigset_t all;

    FUZZ_EXPECT(hvt != NULL && windows != NULL);
    hvt->elf.segments = segments;
    hvt->elf.segments_count = 2;
    hvt->ring3 = true;
    make_pci(&hvt->pci, &access, windows);
    *cable = make_net(&hvt->net);
    make_block(&hvt->block);
    FUZZ_EXPECT(guest_memory_open(&hvt->memory, RAM, &hvt->error) == 0);
    hvt->memory.mappings = &hvt->mappings;
    hvt->memory.pci = &hvt->pci;
    FUZZ_EXPECT(mappings_add_ram(&hvt->mappings, &hvt->elf, RAM) == 0);
    FUZZ_EXPECT(mappings_add_pci(&hvt->mappings, &hvt->pci) == 0);
    FUZZ_EXPECT(mappings_finish(&hvt->mappings, &hvt->error) == 0);
    FUZZ_EXPECT(events_open(&hvt->events, &hvt->stats, &hvt->error) == 0);
    sigfillset(&all);
    pthread_sigmask(SIG_UNBLOCK, &all, NULL); /* Ctrl-C is libFuzzer's */
    hvt->kvm.run = calloc(1, sizeof(*hvt->kvm.run));
    hvt->kvm.fd = hvt->kvm.vm = hvt->kvm.vcpu = -1;
    return hvt;
}

/* Puts the argument where it belongs, if the guest could write there. */
static int hypercall(struct hvt *hvt, struct fuzz *fuzz, unsigned nr)
{
    uint32_t addr = fuzz_u32(fuzz);
    uint8_t size = fuzz_u8(fuzz) % 64, *argument;

    argument = guest_pointer(&hvt->memory, GUEST_RAM, addr, size, MAPPING_WRITE);
    if (argument != NULL)
        fuzz_bytes(fuzz, argument, size);
    return hvt_hypercall(hvt, nr, addr);
}

static int mmio(struct hvt *hvt, struct fuzz *fuzz, unsigned kind)
{
    struct kvm_run *run = hvt->kvm.run;

    run->mmio.phys_addr = fuzz_u64(fuzz);
    run->mmio.len = 1u << (fuzz_u8(fuzz) & 3);
    run->mmio.is_write = kind & 1;
    if (run->mmio.phys_addr - BAR_ADDR > BAR_SIZE - run->mmio.len || BAR_ADDR > run->mmio.phys_addr)
        run->mmio.phys_addr = BAR_ADDR + run->mmio.phys_addr % (BAR_SIZE - 8);
    run->mmio.phys_addr &=
        ~(uint64_t)(run->mmio.len - 1); /* the rest makes a report: registers of KVM's */
    fuzz_bytes(fuzz, run->mmio.data, sizeof(run->mmio.data));
    return hvt_mmio(hvt);
}

/* Takes what the guest has sent, and has a frame ready for it. */
static void exchange_frames(int cable)
{
    uint8_t frame[2048];
    ssize_t n;

    while ((n = recv(cable, frame, sizeof(frame), 0)) >= 0)
        FUZZ_EXPECT(n >= 14 && n <= 1514);
    memset(frame, 0x55, 64);
    send(cable, frame, 64, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hvt *hvt;
    static int cable;
    struct fuzz fuzz = {data, size};

    if (hvt == NULL)
        hvt = make_guest(&cable);
    exchange_frames(cable);
    for (unsigned i = 0; fuzz_more(&fuzz) && i < 64; i++) {
        unsigned op = fuzz_u8(&fuzz);
        int rc = op < 0x80 ? hypercall(hvt, &fuzz, op) : mmio(hvt, &fuzz, op);

        FUZZ_EXPECT(rc == HVT_CONTINUE || rc == HVT_ENDED ||
                    (rc < 0 && hvt->error.text[0] != '\0'));
    }
    return 0;
}
