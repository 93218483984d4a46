// SPDX-License-Identifier: ISC
/*
 * What the tests of the 82599 driver begin and end with: one driver on a healthy device of
 * fake_ixgbe.h. They use the variables, and the functions as cmocka's set-up and tear-down.
 */
#ifndef PENSTOCK_TESTS_IXGBE_FIXTURE_H
#define PENSTOCK_TESTS_IXGBE_FIXTURE_H

#include "fake_ixgbe.h"

#define GOOD (IXGBE_RXD_STAT_DD | IXGBE_RXD_STAT_EOP)

extern struct pci_device pci;
extern struct ixgbe *dev;
extern struct packet *batch[1024];

int setup(void **state);            /* one queue each way, hot pages mapped */
int setup_unmapped(void **state);   /* the same, nothing mapped */
int setup_two_queues(void **state); /* two queues each way, hot pages mapped */
int teardown(void **state);

struct net_stats stats_of(struct ixgbe *ixgbe);

#endif
