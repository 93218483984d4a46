// SPDX-License-Identifier: ISC
/* What lwIP calls: the clock, random numbers, and what to do when it finds itself wrong. */
#include "port.h"

#include <lwip/init.h>
#include <lwip/sys.h>
#include <solo5.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "mem.h"
#include "siphash.h"

#include "hooks.h"

/* lwIP has one state for the program, and so has its port. */
static struct {
    uint64_t key[2];
    uint64_t count; /* of random numbers */
    bool started;
} port;

/* Without a generator in the processor it is at least another one at every start. */
static void make_key(uint64_t key[2])
{
    if (getentropy(key, 2 * sizeof(key[0])) == 0)
        return;
    key[0] = solo5_clock_wall();
    key[1] = solo5_clock_monotonic();
}

void net_port_start(void)
{
    if (port.started)
        return;
    port.started = true;
    make_key(port.key);
    net_mem_start();
    lwip_init();
}

u32_t sys_now(void)
{
    return (u32_t)(solo5_clock_monotonic() / 1000000);
}

uint32_t net_random(void)
{
    uint64_t number = port.count++;

    return (uint32_t)siphash(port.key, &number, 1);
}

u32_t net_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
              u16_t remote_port)
{
    uint64_t connection[2] = {
        (uint64_t)ip4_addr_get_u32(local_ip) << 32 | ip4_addr_get_u32(remote_ip),
        (uint64_t)local_port << 16 | remote_port,
    };
    uint64_t ticks = solo5_clock_monotonic() / 4000; /* of 4 us (RFC 6528, 3) */

    return (u32_t)(ticks + siphash(port.key, connection, 2));
}

void net_assertion_failed(const char *what, const char *file, int line)
{
    char text[256];
    int len = snprintf(text, sizeof(text), "lwip: %s (%s:%d)\n", what, file, line);

    if (len > (int)sizeof(text) - 1)
        len = (int)sizeof(text) - 1;
    if (len > 0)
        solo5_console_write(text, (size_t)len);
    solo5_abort();
}
