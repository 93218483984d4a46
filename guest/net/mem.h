// SPDX-License-Identifier: ISC
/*
 * Memory for lwIP's pbufs: malloc's, in a few sizes, kept for the next when it is freed, and never
 * more than NET_MEM_MAX in all. Received frames that had to be copied (rx.c) may take half of it,
 * so that there is always some left to send with: an application that does not read cannot stop the
 * acknowledgements of what it writes.
 *
 * lwIP's calls name no allocator, so there is one for the program.
 */
#ifndef PENSTOCK_NET_MEM_H
#define PENSTOCK_NET_MEM_H

#include <stdbool.h>
#include <stddef.h>

#define NET_MEM_MAX (24u << 20) /* bytes */

/* Bytes in use. */
size_t net_mem_used(void);

/* True if received data must not take more. */
bool net_mem_scarce(void);

/* Tells whether the devices' packets are scarce too: then out-of-order data is not kept. */
void net_mem_set_pressure(bool on);

#endif
