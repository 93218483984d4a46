// SPDX-License-Identifier: ISC
/*
 * The options for the bindings that may stand before a unikernel's own command line:
 * --solo5:quiet, --solo5:error, --solo5:warn, --solo5:info, --solo5:debug.
 */
#ifndef PENSTOCK_BINDINGS_CMDLINE_H
#define PENSTOCK_BINDINGS_CMDLINE_H

#include "guest/bindings/common/log.h"

/*
 * Applies them to *log; the last one counts. Returns where the unikernel's own part begins, which
 * is the whole of it from the first word that is none of these.
 */
const char *cmdline_options(const char *cmdline, struct log *log);

#endif
