// SPDX-License-Identifier: ISC
/* Messages of one device, limited in number so that no driver can fill a disk. */
#ifndef PENSTOCK_EMU_LOG_H
#define PENSTOCK_EMU_LOG_H

#include <stdarg.h>
#include <stdint.h>

enum emu_log_level { EMU_LOG_ERROR, EMU_LOG_WARN, EMU_LOG_INFO, EMU_LOG_DEBUG };

#define EMU_LOG_BURST      20u /* lines at once */
#define EMU_LOG_PER_SECOND 5u  /* lines after that */

struct emu_log {
    char name[108];           /* a socket's path */
    enum emu_log_level level; /* lines above it are not printed */
    uint64_t last;            /* ns; when credit was last added */
    unsigned credit;          /* lines that may be printed now */
    uint64_t suppressed;      /* lines left out since the last one printed */
};

void emu_log_init(struct emu_log *log, const char *name, enum emu_log_level level);

/* now: ns. EMU_LOG_DEBUG lines are not limited. */
void emu_vlog(struct emu_log *log, uint64_t now, enum emu_log_level level, const char *format,
              va_list args) __attribute__((format(printf, 4, 0)));

#endif
