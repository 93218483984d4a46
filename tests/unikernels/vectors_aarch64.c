// SPDX-License-Identifier: ISC
#include "vectors.h"

#include <arm_neon.h>

bool vector_sum(const float values[16], float *sum)
{
    float32x4_t low = vaddq_f32(vld1q_f32(values), vld1q_f32(values + 4));
    float32x4_t high = vaddq_f32(vld1q_f32(values + 8), vld1q_f32(values + 12));

    *sum = vaddvq_f32(vaddq_f32(low, high));
    return true;
}
