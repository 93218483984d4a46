// SPDX-License-Identifier: ISC
/* What lwIP needs to know of compiler and platform (lwip/arch.h). Its defaults are right for little
 * endian and GNU C. */
#ifndef PENSTOCK_LWIP_ARCH_CC_H
#define PENSTOCK_LWIP_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>

/* mem.c */
void *net_mem_alloc(size_t size);
void *net_mem_calloc(size_t count, size_t size);
void net_mem_free(void *p);
uint32_t net_ooseq_limit(void);

/* chksum.c */
uint16_t net_chksum(const void *data, int len);

/* port.c */
uint32_t net_random(void);
void net_assertion_failed(const char *what, const char *file, int line) __attribute__((noreturn));

#define LWIP_RAND()             net_random()
#define LWIP_PLATFORM_DIAG(x)   ((void)0)
#define LWIP_PLATFORM_ASSERT(x) net_assertion_failed(x, __FILE__, __LINE__)

#endif
