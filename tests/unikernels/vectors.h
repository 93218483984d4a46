// SPDX-License-Identifier: ISC
#ifndef PENSTOCK_TEST_VECTORS_H
#define PENSTOCK_TEST_VECTORS_H

#include <stdbool.h>

/* The sum in the widest registers that every system of this architecture may have (AVX, NEON);
 * false: this processor has none. vectors_<arch>.c */
bool vector_sum(const float values[16], float *sum);

#endif
