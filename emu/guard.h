// SPDX-License-Identifier: ISC
#ifndef PENSTOCK_EMU_GUARD_H
#define PENSTOCK_EMU_GUARD_H

/*
 * A client may shrink a file whose pages are mapped here; touching them raises SIGBUS then. This
 * installs a handler, for the whole process, that puts an empty page in the place of the lost one,
 * so that only that client's data suffer. 0 or -errno.
 */
int emu_guard_install(void);

#endif
