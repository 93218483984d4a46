// SPDX-License-Identifier: ISC
/*
 * A server that says anything, to our client. All it will say lies in the socket before the client
 * asks for the first time, and then the socket is closed in that direction: nobody waits.
 *
 * Input: messages: u8 flags (bit 0: the next id in turn, else one from the input; bit 1: with a
 * descriptor; bit 2: cut short), u16 command, u16 payload size, u32 flags and u32 error of the
 * header, [u16 id], payload.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/pci/vfio_user.h"
#include "tests/fuzz/fuzz.h"

#define PAYLOAD_MAX 2048u
#define SCRIPT_MAX  64u
#define DMA_IOVA    0x100000000ull
#define DMA_SIZE    0x4000u

static int client_end; /* of the socket that vfio_user_connect gives */
static int memory_fd;
static uint8_t *memory;

int __wrap_vfio_user_connect(const char *path, struct vfio_user_deadline deadline, int *fd,
                             const char **why);

int __wrap_vfio_user_connect(const char *path, struct vfio_user_deadline deadline, int *fd,
                             const char **why)
{
    (void)path, (void)deadline, (void)why;
    *fd = client_end;
    return 0;
}

static void say(int fd, const void *data, size_t size, bool with_fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (with_fd) {
        msg.msg_control = control;
        msg.msg_controllen = sizeof(control);
        *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &memory_fd, sizeof(int));
    }
    sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void write_script(int fd, struct fuzz *fuzz)
{
    struct {
        struct vfio_user_header header;
        uint8_t payload[PAYLOAD_MAX];
    } message;
    uint16_t id = 0;

    for (unsigned i = 0; fuzz_more(fuzz) && i < SCRIPT_MAX; i++) {
        uint8_t how = fuzz_u8(fuzz);
        uint16_t command = fuzz_u16(fuzz), size = fuzz_u16(fuzz) % (PAYLOAD_MAX + 1);
        uint32_t flags = fuzz_u32(fuzz), error = fuzz_u32(fuzz);

        message.header =
            (struct vfio_user_header){.command = command,
                                      .msg_size = (uint32_t)sizeof(message.header) + size,
                                      .flags = flags,
                                      .error = error};
        message.header.msg_id = how & 1 ? id++ : fuzz_u16(fuzz);
        fuzz_bytes(fuzz, message.payload, size);
        say(fd, &message, how & 4 ? message.header.msg_size / 2 : message.header.msg_size, how & 2);
    }
    shutdown(fd, SHUT_WR);
}

static void use_region(struct pci_access *dev, unsigned index)
{
    struct pci_region region;
    uint64_t value = 0;
    void *address;

    if (pci_region_info(dev, index, &region, NULL) < 0)
        return;
    FUZZ_EXPECT(region.areas_count <= PCI_AREAS_MAX);
    for (unsigned i = 0; i < region.areas_count; i++) {
        const struct pci_area *area = &region.areas[i];

        FUZZ_EXPECT(area->size > 0 && area->offset % 4096 == 0 && area->size % 4096 == 0);
        FUZZ_EXPECT(area->offset <= region.size && area->size <= region.size - area->offset);
        if (area->size <= 1 << 20)
            pci_map(dev, index, *area, NULL, &address, NULL);
    }
    pci_region_read(dev, index, 0, 4, &value);
    pci_region_write(dev, index, 8, 8, value);
}

static void use_device(struct pci_access *dev)
{
    static const int fds[2] = {-1, -1};
    struct pci_identity identity;
    struct pci_error error;

    pci_identify(dev, &identity, &error);
    pci_reset(dev, &error);
    if (pci_dma_map(dev, memory_fd, 0, memory, DMA_IOVA, DMA_SIZE, &error) == 0)
        use_region(dev, PCI_REGION_CONFIG);
    for (unsigned i = 0; i <= PCI_REGION_CONFIG; i++)
        use_region(dev, i);
    for (enum pci_irq_index i = PCI_IRQ_INTX; i <= PCI_IRQ_MSIX; i++) {
        unsigned count = pci_irq_count(dev, i);

        pci_irq_enable(dev, i, count < 2 ? count : 2, fds, &error);
        pci_irq_unmask(dev, i);
    }
    pci_bus_master(dev, true, &error);
    pci_dma_unmap(dev, DMA_IOVA, DMA_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, size};
    struct pci_access *dev;
    struct pci_error error;
    int pair[2];

    if (memory == NULL) {
        memory_fd = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_EXPECT(ftruncate(memory_fd, 1 << 20) == 0);
        memory = mmap(NULL, DMA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
        FUZZ_EXPECT(memory != MAP_FAILED);
    }
    FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    client_end = pair[0];
    write_script(pair[1], &fuzz);
    if (pci_open("vfio-user:fuzz", NULL, &dev, &error) == 0) {
        use_device(dev);
        pci_close(dev);
    } else {
        FUZZ_EXPECT(error.text[0] != '\0');
    }
    close(pair[1]);
    return 0;
}
