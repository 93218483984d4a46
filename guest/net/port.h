// SPDX-License-Identifier: ISC
#ifndef PENSTOCK_NET_PORT_H
#define PENSTOCK_NET_PORT_H

/* Starts lwIP, the first time it is called. */
void net_port_start(void);

#endif
