// SPDX-License-Identifier: ISC
#include "ixgbe_fixture.h"

struct pci_device pci;
struct ixgbe *dev;
struct packet *batch[1024];

static int start(bool map_hot_pages, unsigned queues)
{
    fake_ixgbe_reset(map_hot_pages);
    if (pci_acquire("nic0", &pci) != 0)
        return -1;
    return ixgbe_create(&pci, queues, queues, &dev);
}

int setup(void **state)
{
    (void)state;
    return start(true, 1);
}

int setup_unmapped(void **state)
{
    (void)state;
    return start(false, 1);
}

int setup_two_queues(void **state)
{
    (void)state;
    return start(true, 2);
}

int teardown(void **state)
{
    (void)state;
    ixgbe_destroy(dev);
    fake_free();
    return 0;
}

struct net_stats stats_of(struct ixgbe *ixgbe)
{
    struct net_stats stats;

    ixgbe_stats(ixgbe, &stats);
    return stats;
}
