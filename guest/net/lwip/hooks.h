// SPDX-License-Identifier: ISC
#ifndef PENSTOCK_LWIP_HOOKS_H
#define PENSTOCK_LWIP_HOOKS_H

#include <lwip/ip_addr.h>

/* A connection's first sequence number, which nobody outside can guess (RFC 6528). */
u32_t net_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
              u16_t remote_port);

#define LWIP_HOOK_TCP_ISN net_isn

#endif
