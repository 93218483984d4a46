// SPDX-License-Identifier: ISC
/* Unpredictable numbers to make keys of: entropy_<arch>.c. */
#ifndef PENSTOCK_NET_ENTROPY_H
#define PENSTOCK_NET_ENTROPY_H

#include <stdint.h>

/* From the processor's generator, mixed with the clocks; from the clocks alone where there is none.
 * Slow. */
uint64_t entropy64(void);

#endif
