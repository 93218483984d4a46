// SPDX-License-Identifier: ISC
/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for short inputs. Here of whole 64-bit
 * words. */
#ifndef PENSTOCK_NET_SIPHASH_H
#define PENSTOCK_NET_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const uint64_t *words, size_t n);

#endif
