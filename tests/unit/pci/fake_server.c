// SPDX-License-Identifier: ISC
#include "tests/unit/pci/fake_server.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/pci/fake_wire.h"

#define MEMORY_SIZE (1u << 20)
#define CONFIG      VFIO_USER_REGION_CONFIG

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

void fake_config16(struct fake *fake, unsigned offset, uint16_t value)
{
    memcpy(fake->region[CONFIG].registers + offset, &value, sizeof(value));
}

void fake_config32(struct fake *fake, unsigned offset, uint32_t value)
{
    memcpy(fake->region[CONFIG].registers + offset, &value, sizeof(value));
}

void fake_init(struct fake *fake)
{
    memset(fake, 0, sizeof(*fake));
    fake->error = EINVAL;
    fake->version_data = "{\"capabilities\": {\"max_msg_fds\": 8}}";
    fake->minor = VFIO_USER_MINOR;
    fake->device_flags = VFIO_USER_DEVICE_FLAG_PCI | VFIO_USER_DEVICE_FLAG_RESET;
    for (unsigned i = 0; i < VFIO_USER_IRQ_COUNT; i++) {
        fake->irq_flags[i] = VFIO_USER_IRQ_EVENTFD;
        for (unsigned v = 0; v < FAKE_FDS_MAX; v++)
            fake->irq_fd[i][v] = -1;
    }
    for (unsigned i = 0; i < FAKE_REGIONS; i++) {
        fake->region[i].info.index = i;
        fake->region[i].info.argsz = sizeof(fake->region[i].info);
    }
    for (unsigned i = 0; i < FAKE_DMA_MAX; i++)
        fake->dma[i].fd = -1;
    fake->region[CONFIG].info.size = 256;
    fake->region[CONFIG].info.flags = VFIO_USER_REGION_READABLE | VFIO_USER_REGION_WRITEABLE;
    fake->memory = memfd_create("fake", MFD_CLOEXEC);
    must(fake->memory >= 0 && ftruncate(fake->memory, MEMORY_SIZE) == 0, "memfd");
    fake->client = -1;
}

void fake_bar(struct fake *fake, unsigned bar, uint64_t size)
{
    fake->region[bar].info.size = size;
    fake->region[bar].info.flags =
        VFIO_USER_REGION_READABLE | VFIO_USER_REGION_WRITEABLE | VFIO_USER_REGION_MMAP;
    fake->region[bar].fd = true;
}

void fake_sparse(struct fake *fake, unsigned region, const struct vfio_user_sparse_area *areas,
                 unsigned count)
{
    struct fake_region *r = &fake->region[region];
    struct vfio_user_cap_sparse_mmap cap = {
        .header = {.id = VFIO_USER_CAP_SPARSE_MMAP, .version = 1}, .nr_areas = count};

    r->info.flags |= VFIO_USER_REGION_CAPS;
    r->info.cap_offset = sizeof(r->info);
    memcpy(r->caps, &cap, sizeof(cap));
    memcpy(r->caps + sizeof(cap), areas, count * sizeof(*areas));
    r->caps_size = sizeof(cap) + count * sizeof(*areas);
    r->info.argsz = (uint32_t)(sizeof(r->info) + r->caps_size);
}

void fake_msix(struct fake *fake, unsigned vectors, uint32_t table, uint32_t pba)
{
    fake_config16(fake, 0x06, 1u << 4);
    fake->region[CONFIG].registers[0x34] = 0x70;
    fake_config16(fake, 0x70, 0x11);
    fake_config16(fake, 0x72, (uint16_t)(vectors - 1));
    fake_config32(fake, 0x74, table);
    fake_config32(fake, 0x78, pba);
    fake->irq_count[VFIO_USER_IRQ_MSIX] = vectors;
}

/* ---- well-behaved answers: the payload of the reply; negative: an error ---- */

static int answer_region_info(struct fake *fake, struct message *m)
{
    const struct fake_region *r;

    if (m->region.index >= FAKE_REGIONS)
        return -EINVAL;
    r = &fake->region[m->region.index];
    m->region = r->info;
    memcpy(m->bytes + sizeof(m->region), r->caps, r->caps_size);
    m->size = sizeof(m->region) + r->caps_size;
    if (r->fd) {
        m->fds[0] = fake->memory;
        m->fds_count = 1;
    }
    return 0;
}

static int answer_irqs(struct fake *fake, struct message *m)
{
    const struct vfio_user_irq_set *set = &m->set;

    if (set->index >= VFIO_USER_IRQ_COUNT || set->start + set->count > FAKE_FDS_MAX)
        return -EINVAL;
    if (m->fds_count > fake->most_fds)
        fake->most_fds = m->fds_count;
    if (set->flags & VFIO_USER_IRQ_SET_DATA_EVENTFD && m->fds_count != set->count)
        return -EINVAL;
    for (unsigned v = 0; set->count == 0 && v < FAKE_FDS_MAX; v++) {
        if (fake->irq_fd[set->index][v] >= 0)
            close(fake->irq_fd[set->index][v]);
        fake->irq_fd[set->index][v] = -1;
    }
    for (unsigned v = 0; v < m->fds_count; v++)
        fake->irq_fd[set->index][set->start + v] = m->fds[v];
    m->fds_count = 0;
    m->size = 0;
    return 0;
}

static int answer_dma(struct fake *fake, struct message *m)
{
    bool map = m->header.command == VFIO_USER_DMA_MAP;

    for (unsigned i = 0; i < FAKE_DMA_MAX; i++) {
        struct fake_dma *d = &fake->dma[i];

        if (map && d->map.size == 0) {
            *d = (struct fake_dma){.map = m->map, .fd = m->fds_count ? m->fds[0] : -1};
            m->fds_count = 0;
            m->size = 0;
            return 0;
        }
        if (!map && d->map.size == m->unmap.size && d->map.address == m->unmap.address) {
            close(d->fd);
            *d = (struct fake_dma){.fd = -1};
            return 0;
        }
    }
    return -ENOENT;
}

static int answer_access(struct fake *fake, struct message *m)
{
    struct vfio_user_region_access *a = &m->access;
    uint8_t *at;

    if (a->region >= FAKE_REGIONS || a->offset + a->count > sizeof(fake->region[0].registers))
        return -EINVAL;
    at = fake->region[a->region].registers + a->offset;
    m->size = sizeof(*a);
    if (m->header.command == VFIO_USER_REGION_WRITE) {
        memcpy(at, m->bytes + sizeof(*a), a->count);
        return 0;
    }
    memcpy(m->bytes + sizeof(*a), at, a->count);
    m->size += a->count;
    return 0;
}

static int answer(struct fake *fake, struct message *m)
{
    struct vfio_user_device_info device = {sizeof(device), fake->device_flags, FAKE_REGIONS,
                                           VFIO_USER_IRQ_COUNT};
    struct vfio_user_version version = {VFIO_USER_MAJOR, fake->minor};

    switch (m->header.command) {
    case VFIO_USER_VERSION:
        memcpy(m->bytes, &version, sizeof(version));
        m->size = sizeof(version);
        if (fake->version_data != NULL) {
            memcpy(m->bytes + sizeof(version), fake->version_data, strlen(fake->version_data) + 1);
            m->size += strlen(fake->version_data) + 1;
        }
        return 0;
    case VFIO_USER_DEVICE_GET_INFO:
        memcpy(m->bytes, &device, sizeof(device));
        return 0;
    case VFIO_USER_DEVICE_GET_REGION_INFO:
        return answer_region_info(fake, m);
    case VFIO_USER_DEVICE_GET_IRQ_INFO:
        m->irq.count = fake->irq_count[m->irq.index];
        m->irq.flags = fake->irq_flags[m->irq.index];
        return 0;
    case VFIO_USER_DEVICE_SET_IRQS:
        return answer_irqs(fake, m);
    case VFIO_USER_DMA_MAP:
    case VFIO_USER_DMA_UNMAP:
        return answer_dma(fake, m);
    case VFIO_USER_REGION_READ:
    case VFIO_USER_REGION_WRITE:
        return answer_access(fake, m);
    case VFIO_USER_DEVICE_RESET:
        return 0;
    default:
        return -ENOTSUP;
    }
}

/* ---- misbehaviour ---- */

/* A command of the server's own, and the client's answer. */
static void ask(struct fake *fake, uint16_t command)
{
    struct message m = {.header = {.msg_id = 7, .command = command}, .size = sizeof(m.dma)};

    m.dma.address = fake->ask_address;
    m.dma.count = fake->ask_count;
    if (command == VFIO_USER_DMA_WRITE) {
        memcpy(m.bytes + sizeof(m.dma), &fake->ask_value, sizeof(fake->ask_value));
        m.size += sizeof(fake->ask_value);
    }
    m.header.msg_size = (uint32_t)(sizeof(m.header) + m.size);
    fake_send(fake->client, &m, SIZE_MAX);
    if (!fake_receive(fake->client, &m))
        return;
    must(m.header.msg_id == 7 && m.header.command == command, "an answer to what was asked");
    fake->asked_flags = m.header.flags;
    fake->asked_error = m.header.error;
    if (m.size >= sizeof(m.dma) + sizeof(fake->asked_data))
        memcpy(&fake->asked_data, m.bytes + sizeof(m.dma), sizeof(fake->asked_data));
}

static void stale(struct fake *fake, const struct message *reply)
{
    struct message m = *reply;

    m.header.msg_id ^= 0x55;
    m.fds[0] = fake->memory;
    m.fds_count = 1;
    fake_send(fake->client, &m, SIZE_MAX);
    m.header.msg_id = reply->header.msg_id;
    m.header.command++;
    fake_send(fake->client, &m, SIZE_MAX);
}

/* false: the connection is at its end. */
static bool misbehave(struct fake *fake, struct message *m)
{
    static const char page[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

    switch (fake->fault) {
    case FAKE_ERROR:
        m->header.flags |= VFIO_USER_FLAG_ERROR;
        m->header.error = (uint32_t)fake->error;
        m->header.msg_size = sizeof(m->header);
        break;
    case FAKE_GARBAGE:
        return send(fake->client, page, sizeof(page) - 1, MSG_NOSIGNAL) > 0;
    case FAKE_SHORT_SIZE:
        m->header.msg_size = 8;
        return send(fake->client, &m->header, sizeof(m->header), MSG_NOSIGNAL) > 0;
    case FAKE_TRUNCATED:
        m->header.msg_size = sizeof(m->header) + 2;
        break;
    case FAKE_SILENT:
        return true;
    case FAKE_CLOSE:
        return false;
    case FAKE_CLOSE_MIDWAY:
        fake_send(fake->client, m, sizeof(m->header) + 1);
        return false;
    case FAKE_STALE_REPLIES:
        stale(fake, m);
        break;
    case FAKE_NO_REPLIES:
        for (unsigned i = 0; i < 200; i++)
            stale(fake, m);
        return true;
    case FAKE_DMA_READ:
        ask(fake, VFIO_USER_DMA_READ);
        break;
    case FAKE_DMA_WRITE:
        ask(fake, VFIO_USER_DMA_WRITE);
        break;
    case FAKE_UNKNOWN:
        ask(fake, 99);
        break;
    case FAKE_MANY_FDS:
        for (m->fds_count = 0; m->fds_count < FAKE_FDS_MAX; m->fds_count++)
            m->fds[m->fds_count] = fake->memory;
        break;
    case FAKE_GOOD:
        break;
    }
    fake_send(fake->client, m, SIZE_MAX);
    return true;
}

static void note(struct fake *fake, const struct message *m)
{
    uint16_t entry = m->header.command;

    if (entry == VFIO_USER_REGION_WRITE && m->access.region == CONFIG && m->access.offset == 4)
        entry = FAKE_LOG_COMMAND_REGISTER + m->bytes[sizeof(m->access)];
    if (fake->log_count < sizeof(fake->log) / sizeof(fake->log[0]))
        fake->log[fake->log_count++] = entry;
    fake->requests[m->header.command % 32]++;
}

static void *serve(void *arg)
{
    struct fake *fake = arg;
    struct message m;

    fake->client = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
    while (fake->client >= 0 && fake_receive(fake->client, &m)) {
        int received[FAKE_FDS_MAX];
        unsigned count = m.fds_count;
        int rc;

        memcpy(received, m.fds, sizeof(received));
        note(fake, &m);
        rc = answer(fake, &m);
        /* What the answer has not taken; descriptors to send are the fake's own. */
        for (unsigned i = 0; i < count && rc < 0; i++)
            close(received[i]);
        if (rc < 0)
            m.size = m.fds_count = 0;
        m.header.flags = VFIO_USER_TYPE_REPLY | (rc < 0 ? VFIO_USER_FLAG_ERROR : 0);
        m.header.error = rc < 0 ? (uint32_t)-rc : 0;
        m.header.msg_size = (uint32_t)(sizeof(m.header) + m.size);
        if (fake->fault == FAKE_GOOD || m.header.command != fake->fault_command)
            fake_send(fake->client, &m, SIZE_MAX);
        else if (!misbehave(fake, &m))
            break;
    }
    if (fake->client >= 0)
        shutdown(fake->client, SHUT_RDWR);
    return NULL;
}

void fake_start(struct fake *fake)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(fake->dir, "/tmp/fake-XXXXXX");
    must(mkdtemp(fake->dir) != NULL, "mkdtemp");
    snprintf(fake->path, sizeof(fake->path), "%s/socket", fake->dir);
    snprintf(fake->where, sizeof(fake->where), "vfio-user:%s", fake->path);
    strcpy(address.sun_path, fake->path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    must(listen(fake->listener, 1) == 0, "listen");
    must(pthread_create(&fake->thread, NULL, serve, fake) == 0, "pthread_create");
}

void fake_end(struct fake *fake)
{
    shutdown(fake->listener, SHUT_RDWR); /* wakes accept, if nobody came */
    pthread_join(fake->thread, NULL);
    if (fake->client >= 0)
        close(fake->client);
    close(fake->listener);
    close(fake->memory);
    for (unsigned i = 0; i < FAKE_DMA_MAX; i++) {
        if (fake->dma[i].fd >= 0)
            close(fake->dma[i].fd);
    }
    for (unsigned i = 0; i < VFIO_USER_IRQ_COUNT * FAKE_FDS_MAX; i++) {
        int fd = fake->irq_fd[i / FAKE_FDS_MAX][i % FAKE_FDS_MAX];

        if (fd >= 0)
            close(fd);
    }
    unlink(fake->path);
    rmdir(fake->dir);
}

unsigned fake_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}
