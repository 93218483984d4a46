// SPDX-License-Identifier: ISC
/*
 * Sends each frame that comes back where it came from, as a driver's loop does it: as many as there
 * are, then a look at the clock, and sleep until more come. Ends N milliseconds after its start, N
 * being its command line.
 */
#include <inttypes.h>
#include <solo5.h>
#include <stdlib.h>

#include "expect.h"

#define FRAME_MAX 2048
#define BATCH     64
#define NAP       100000000u /* ns: the longest sleep */

static uint8_t frame[FRAME_MAX];

static void turn_round(void)
{
    uint8_t address[SOLO5_NET_ALEN];

    memcpy(address, frame, SOLO5_NET_ALEN);
    memcpy(frame, frame + SOLO5_NET_ALEN, SOLO5_NET_ALEN);
    memcpy(frame + SOLO5_NET_ALEN, address, SOLO5_NET_ALEN);
}

/* How many there were. */
static unsigned echo_some(solo5_handle_t wire)
{
    size_t size;

    for (unsigned n = 0; n < BATCH; n++) {
        if (solo5_net_read(wire, frame, sizeof(frame), &size) != SOLO5_R_OK)
            return n;
        turn_round();
        EXPECT(solo5_net_write(wire, frame, size) == SOLO5_R_OK);
    }
    return BATCH;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    solo5_time_t end = solo5_clock_monotonic() + strtoull(info->cmdline, NULL, 0) * 1000000u;
    solo5_time_t now = solo5_clock_monotonic();
    struct solo5_net_info net;
    solo5_handle_t wire;
    uint64_t frames = 0;

    EXPECT(solo5_net_acquire("wire", &wire, &net) == SOLO5_R_OK);
    printf("mtu %zu\n", net.mtu);
    while (now < end) {
        unsigned n = echo_some(wire);

        frames += n;
        if (n < BATCH)
            solo5_yield(now + NAP < end ? now + NAP : end, NULL);
        now = solo5_clock_monotonic();
    }
    printf("%" PRIu64 " frames\n", frames);
    return success();
}
