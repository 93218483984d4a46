// SPDX-License-Identifier: ISC
#include "host/hvt/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>

void stats_count(struct stats *stats, uint32_t exit_reason)
{
    switch (exit_reason) {
    case KVM_EXIT_IO:
        stats->io++;
        break;
    case KVM_EXIT_MMIO:
        stats->mmio++;
        break;
    default:
        stats->other++;
    }
}

void stats_print(const struct stats *stats)
{
    fprintf(stderr, "%s: exits=%" PRIu64 " io=%" PRIu64 " mmio=%" PRIu64 " other=%" PRIu64 "\n",
            program_invocation_short_name, stats->io + stats->mmio + stats->other, stats->io,
            stats->mmio, stats->other);
}
