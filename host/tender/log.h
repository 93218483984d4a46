// SPDX-License-Identifier: ISC
/*
 * What a tender tells people while it goes on: lines on stderr behind the program's name. For what
 * makes it refuse see error.h.
 */
#ifndef PENSTOCK_TENDER_LOG_H
#define PENSTOCK_TENDER_LOG_H

/* Something works, but not as well as it could; names the remedy. */
void tender_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Decisions of the tender's own. Silent unless the environment has PENSTOCK_DEBUG. */
void tender_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
