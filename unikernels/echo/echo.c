// SPDX-License-Identifier: ISC
/* The TCP echo server of the thesis's Figure 2.2, on a network card of its own. */
#include <penstock/ixgbe.h>
#include <penstock/stack.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

static void echo(struct flow *flow)
{
    const void *data;
    ssize_t n;

    while ((n = flow_read(flow, &data)) > 0 && flow_write(flow, data, (size_t)n) == 0)
        ;
    flow_close(flow);
}

/* The card that the manifest calls nic0, as a network device, or NULL after a message. */
static struct net_device *start_nic(void)
{
    static struct pci_device nic0;
    struct ixgbe *ixgbe;
    int error = pci_acquire("nic0", &nic0);

    if (error == 0)
        error = ixgbe_create(&nic0, 1, 1, &ixgbe);
    if (error == 0)
        return ixgbe_net_device(ixgbe);
    printf("echo: cannot use nic0: %s\n", strerror(-error));
    return NULL;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    struct echo_options options;
    struct net_device *net;
    struct stack *stack;
    int error;

    if (echo_options_parse(info->cmdline, &options) != 0)
        return SOLO5_EXIT_FAILURE;
    net = start_nic();
    if (net == NULL)
        return SOLO5_EXIT_FAILURE;
    error = stack_create(net, &options.ipv4, &stack);
    if (error == 0)
        error = stack_listen_tcp(stack, options.port, echo);
    if (error != 0) {
        printf("echo: cannot listen: %s\n", strerror(-error));
        return SOLO5_EXIT_FAILURE;
    }
    printf("echo: listening on %s:%u\n", options.address, options.port);
    stack_run(stack);
    return SOLO5_EXIT_SUCCESS;
}
