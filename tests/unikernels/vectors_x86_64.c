// SPDX-License-Identifier: ISC
#include "vectors.h"

#include <immintrin.h>

__attribute__((target("avx"))) static float avx_sum(const float values[16])
{
    __m256 v = _mm256_add_ps(_mm256_loadu_ps(values), _mm256_loadu_ps(values + 8));
    float lanes[8];
    float sum = 0;

    _mm256_storeu_ps(lanes, v);
    for (int i = 0; i < 8; i++)
        sum += lanes[i];
    return sum;
}

bool vector_sum(const float values[16], float *sum)
{
    if (!__builtin_cpu_supports("avx"))
        return false;
    *sum = avx_sum(values);
    return true;
}
