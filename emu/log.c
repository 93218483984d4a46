// SPDX-License-Identifier: ISC
#include "log.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void emu_log_init(struct emu_log *log, const char *name, enum emu_log_level level)
{
    *log = (struct emu_log){.level = level, .credit = EMU_LOG_BURST};
    snprintf(log->name, sizeof(log->name), "%s", name);
}

static bool may_print(struct emu_log *log, uint64_t now)
{
    const uint64_t interval = 1000000000u / EMU_LOG_PER_SECOND;
    uint64_t earned = (now - log->last) / interval;

    if (earned > 0) {
        log->credit =
            earned >= EMU_LOG_BURST - log->credit ? EMU_LOG_BURST : log->credit + (unsigned)earned;
        log->last = now;
    }
    if (log->credit == 0) {
        log->suppressed++;
        return false;
    }
    log->credit--;
    return true;
}

void emu_vlog(struct emu_log *log, uint64_t now, enum emu_log_level level, const char *format,
              va_list args)
{
    char text[512];

    if (level > log->level || (level != EMU_LOG_DEBUG && !may_print(log, now)))
        return;
    vsnprintf(text, sizeof(text), format, args);
    if (log->suppressed > 0)
        fprintf(stderr, "%s: (%" PRIu64 " lines left out)\n", log->name, log->suppressed);
    log->suppressed = 0;
    fprintf(stderr, "%s: %s: %s\n", log->name, level_names[level], text);
}
