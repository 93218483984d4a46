// SPDX-License-Identifier: ISC
/*
 * Manifests that come from outside: a note of an executable, or a native program's own.
 */
#ifndef PENSTOCK_TENDER_MANIFEST_H
#define PENSTOCK_TENDER_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/manifest.h"
#include "host/tender/error.h"

/*
 * Checks a manifest of `size` bytes at `data` (8-byte aligned): its size is exactly that of its
 * entries, version, the reserved entry 0; names terminated, of letters and digits, unique; types
 * known; nothing attached yet. `what` names it in the message. -EINVAL.
 */
int manifest_check(const void *data, size_t size, const char *what, struct tender_error *error);

/*
 * Copies a manifest that was checked for its guest: it says which devices there are, all of them
 * attached, and nothing of what the tender has behind them. `to` has room for as many entries.
 */
void manifest_guest_copy(struct mft *to, const struct mft *mft);

/* "NET_BASIC" for MFT_NET_BASIC and so on; NULL: no such type. */
const char *manifest_type_name(uint32_t type);

#endif
