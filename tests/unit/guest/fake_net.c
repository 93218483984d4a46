// SPDX-License-Identifier: ISC
/* The device. */
#include "fake_net.h"

#include <errno.h>
#include <penstock/task.h>
#include <stdlib.h>
#include <string.h>

struct fake_net fake_net;
struct stack *fake_stack;

static unsigned fake_rx(struct net_device *dev, struct packet **batch, unsigned max)
{
    struct frame_queue *q = &fake_net.in;
    unsigned n = 0;

    (void)dev;
    while (n < max && q->first < q->count) {
        const struct frame *frame = &q->frame[q->first];
        struct packet *packet = packet_alloc(&fake_net.pool);

        if (packet == NULL)
            break; /* it stays in the card */
        memcpy(packet->data, frame->data, frame->len);
        packet->len = frame->len;
        packet->flags = frame->flags;
        batch[n++] = packet;
        q->first++;
    }
    if (q->first == q->count)
        q->first = q->count = 0;
    return n;
}

static unsigned fake_tx(struct net_device *dev, struct packet **batch, unsigned n)
{
    struct frame_queue *q = &fake_net.out;
    unsigned sent = 0;

    (void)dev;
    while (sent < n && fake_net.tx_room > 0 && q->count < FAKE_FRAMES) {
        struct frame *frame = &q->frame[q->count++];

        frame->len = batch[sent]->len;
        memcpy(frame->data, batch[sent]->data, frame->len);
        packet_free(batch[sent++]);
        fake_net.tx_room--;
    }
    return sent;
}

static struct packet *fake_alloc(struct net_device *dev)
{
    (void)dev;
    return packet_alloc(&fake_net.pool);
}

static bool fake_link(struct net_device *dev, unsigned *mbps)
{
    (void)dev;
    *mbps = 10000;
    return fake_net.link_up;
}

static int fake_arm(struct net_device *dev)
{
    (void)dev;
    fake_net.arms++;
    return fake_net.in.first < fake_net.in.count ? -EAGAIN : fake_net.arm_result;
}

static void fake_disarm(struct net_device *dev)
{
    (void)dev;
    fake_net.disarms++;
}

static void make_pool(struct packet_pool *pool, unsigned count)
{
    pool->packets = calloc(count, sizeof(struct packet));
    pool->free = calloc(count, sizeof(struct packet *));
    pool->count = count;
    for (unsigned i = 0; i < count; i++) {
        pool->packets[i].data = malloc(FRAME_MAX);
        pool->packets[i].room = FRAME_MAX;
        pool->packets[i].pool = pool;
        packet_free(&pool->packets[i]);
    }
}

void fake_net_reset(void)
{
    fake_net.in.first = fake_net.in.count = 0;
    fake_net.out.first = fake_net.out.count = 0;
    fake_net.tx_room = UINT32_MAX;
    fake_net.link_up = true;
    fake_net.arm_result = 0;
}

void fake_net_start(unsigned packets)
{
    static const struct net_device_ops ops = {
        .rx = fake_rx,
        .tx = fake_tx,
        .alloc = fake_alloc,
        .link = fake_link,
        .arm = fake_arm,
        .disarm = fake_disarm,
    };
    struct stack_ipv4 ipv4 = {.address = OUR_IP, .prefix = 24};

    make_pool(&fake_net.pool, packets);
    fake_net.dev = (struct net_device){
        .ops = &ops, .name = "fake0", .mac = {2, 0, 0, 0, 0, 2}, .mtu = 1500, .handle = 1};
    fake_net_reset();
    if (stack_create(&fake_net.dev, &ipv4, &fake_stack) != 0)
        abort();
    send_arp_request(OUR_IP); /* tells it our address */
    run_ms(5);
    fake_net_reset();
}

void run_ms(unsigned ms)
{
    task_sleep(ms * 1000000ull);
}

bool packets_conserved(void)
{
    return fake_net.pool.available == fake_net.pool.count;
}

struct frame *new_frame(uint16_t len)
{
    struct frame_queue *q = &fake_net.in;
    struct frame *frame;

    if (q->count == FAKE_FRAMES)
        abort();
    frame = &q->frame[q->count++];
    memset(frame, 0, sizeof(*frame));
    frame->len = len;
    return frame;
}

const struct frame *next_frame(void)
{
    struct frame_queue *q = &fake_net.out;

    return q->first < q->count ? &q->frame[q->first++] : NULL;
}
