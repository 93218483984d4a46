// SPDX-License-Identifier: ISC
/*
 * What the bindings themselves say on the console: one line per call, filtered by a level that the
 * command line sets.
 */
#ifndef PENSTOCK_BINDINGS_LOG_H
#define PENSTOCK_BINDINGS_LOG_H

enum log_level {
    LOG_QUIET,
    LOG_ERROR,
    LOG_WARN, /* unless the command line says otherwise: a unikernel's output is its own */
    LOG_INFO,
    LOG_DEBUG,
};

struct log {
    enum log_level level;
};

/*
 * Writes "Penstock: ", the text and a newline, in one console write. Knows %s, %c, %d, %u, %x and
 * %% and the length l; longer lines are cut. Needs no libc.
 */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
