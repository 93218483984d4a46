// SPDX-License-Identifier: ISC
/*
 * Memory for lwIP's pbufs: malloc's, in a few sizes, kept for the next when it is freed, and never
 * more than a limit: a quarter of what is free at the start, at most NET_MEM_MAX; less when malloc
 * fails, but NET_MEM_MIN is taken at the start. When half of it is in use it is scarce: then
 * received frames are not copied any more (rx.c), and a flow may have only a little under way
 * (flow_lwip.c). So the other half is shared by all to send with, whatever their peers and their
 * applications do or fail to do.
 *
 * lwIP's calls name no allocator, so there is one for the program.
 */
#ifndef PENSTOCK_NET_MEM_H
#define PENSTOCK_NET_MEM_H

#include <stdbool.h>
#include <stddef.h>

#define NET_MEM_MAX (24u << 20) /* bytes */
#define NET_MEM_MIN (256u << 10)

/* Sets the limit by the memory that is free now, and takes NET_MEM_MIN of it. */
void net_mem_start(void);

/* Bytes in use. */
size_t net_mem_used(void);

/* True if half of the limit is in use. */
bool net_mem_scarce(void);

/* Tells whether the devices' packets are scarce too: then out-of-order data is not kept. */
void net_mem_set_pressure(bool on);

#endif
