// SPDX-License-Identifier: ISC
#include "lwip_stack.h"

#include <errno.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

#define LINK_UP_CHECK_MS   1000
#define LINK_DOWN_CHECK_MS 50
#define TIMERS_MS          5
#define MS                 1000000ull /* nanoseconds */

static struct stack *stack_of(struct task_poller *poller)
{
    return (struct stack *)((char *)poller - offsetof(struct stack, poller));
}

/*
 * Keeps `armed` true to the device. An interrupt that came has disarmed it; one that is still to
 * come is taken back only when there are frames to poll for, so that the stack's own timers wake it
 * without touching the device.
 */
static void settle_interrupt(struct stack *stack, bool frames)
{
    solo5_handle_set_t bit = (solo5_handle_set_t)1 << stack->dev->handle;

    if (stack->poller.ready & bit) {
        stack->poller.ready &= ~bit;
        stack->armed = false;
    }
    if (stack->armed && frames) {
        stack->dev->ops->disarm(stack->dev);
        stack->armed = false;
    }
}

/* Not in every round, since it costs a look at the clock. lwIP counts in tens of milliseconds. */
static void run_timers(struct stack *stack)
{
    solo5_time_t now = task_now();

    if (now < stack->timers_due)
        return;
    sys_check_timeouts();
    stack->timers_due = now + TIMERS_MS * MS;
}

static bool poll_stack(struct task_poller *poller)
{
    struct stack *stack = stack_of(poller);
    bool found = net_flows_flush(stack);
    bool frames;

    net_tx_flush(stack); /* the device works on these while we look at what came in */
    frames = net_rx_poll(stack);
    settle_interrupt(stack, frames);
    run_timers(stack);
    net_tx_flush(stack);
    return found || frames;
}

static int arm_stack(struct task_poller *poller, solo5_time_t *deadline)
{
    struct stack *stack = stack_of(poller);
    u32_t ms = sys_timeouts_sleeptime();
    int err = 0;

    if (ms != SYS_TIMEOUTS_SLEEPTIME_INFINITE) {
        solo5_time_t next = task_now() + ms * MS;

        stack->timers_due = LWIP_MIN(stack->timers_due, next);
        *deadline = LWIP_MIN(*deadline, next);
    }
    if (stack->tx_count > 0 || stack->refused)
        return -ENOTSUP; /* no interrupt tells that there is room to send */
    if (!stack->armed)
        err = stack->dev->ops->arm(stack->dev);
    stack->armed = err == 0;
    return err;
}

static void check_link(void *arg)
{
    struct stack *stack = arg;
    unsigned mbps;
    bool up = stack->dev->ops->link(stack->dev, &mbps);

    if (up && !netif_is_link_up(&stack->netif))
        netif_set_link_up(&stack->netif);
    else if (!up && netif_is_link_up(&stack->netif))
        netif_set_link_down(&stack->netif);
    sys_timeout(up ? LINK_UP_CHECK_MS : LINK_DOWN_CHECK_MS, check_link, stack);
}

static err_t init_netif(struct netif *netif)
{
    const struct stack *stack = netif->state;

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = stack->dev->mtu;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, stack->dev->mac, ETH_HWADDR_LEN);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = net_tx_frame;
    return ERR_OK;
}

int stack_create(struct net_device *dev, const struct stack_ipv4 *ipv4, struct stack **out)
{
    struct stack *stack = calloc(1, sizeof(*stack));
    uint32_t mask = ipv4->prefix ? ~(uint32_t)0 << (32 - ipv4->prefix) : 0;
    ip4_addr_t address = {lwip_htonl(ipv4->address)};
    ip4_addr_t netmask = {lwip_htonl(mask)};
    ip4_addr_t gateway = {lwip_htonl(ipv4->gateway)};

    if (stack == NULL)
        return -ENOMEM;
    net_port_start();
    stack->dev = dev;
    netif_add(&stack->netif, &address, &netmask, &gateway, stack, init_netif, ethernet_input);
    if (netif_default == NULL)
        netif_set_default(&stack->netif);
    netif_set_up(&stack->netif);
    check_link(stack);
    stack->poller.poll = poll_stack;
    stack->poller.arm = arm_stack;
    task_poller_add(&stack->poller);
    *out = stack;
    return 0;
}

void stack_stats(const struct stack *stack, struct stack_stats *stats)
{
    *stats = stack->stats;
    stats->flows = stack->flow_count;
}

void stack_run(struct stack *stack)
{
    (void)stack; /* every stack is one of the loop's pollers */
    task_run();
}
