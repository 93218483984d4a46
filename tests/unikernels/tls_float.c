// SPDX-License-Identifier: ISC
/* Thread-local variables, and floating point in scalars and vectors: what ring 3 and the libc have
 * to set up. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "expect.h"
#include "vectors.h"

static __thread int initialised = 42;
static __thread char zeroed[100];
static __thread int aligned __attribute__((aligned(64))) = 7;

static void thread_local_variables(void)
{
    EXPECT(initialised == 42);
    EXPECT(aligned == 7 && (uintptr_t)&aligned % 64 == 0);
    for (size_t i = 0; i < sizeof(zeroed); i++)
        EXPECT(zeroed[i] == 0);
    initialised++;
    zeroed[99] = 1;
    EXPECT(initialised == 43 && zeroed[99] == 1 && aligned == 7);
}

static void printing(void)
{
    char text[64];

    snprintf(text, sizeof(text), "%.3f %g %a %Lf", 3.14159, 1e-300, 1.0, 2.5L);
    EXPECT(strcmp(text, "3.142 1e-300 0x1p+0 2.500000") == 0);
    snprintf(text, sizeof(text), "%5d|%-5s|%#x|%lld", 42, "ab", 255u, -1ll);
    EXPECT(strcmp(text, "   42|ab   |0xff|-1") == 0);
    EXPECT(strtod("1.5e3", NULL) == 1500.0);
}

static void arithmetic(void)
{
    volatile double two = 2.0;
    volatile double zero = 0.0;
    double sum = 0;

    for (int i = 1; i <= 1000000; i++)
        sum += 1.0 / ((double)i * i);
    EXPECT(fabs(sum - 1.6449330668487263) < 1e-9);
    EXPECT(fabs(sqrt(two) * sqrt(two) - 2.0) < 4 * DBL_EPSILON);
    EXPECT(isinf(1.0 / zero) && isnan(zero / zero)); /* masked: no trap */
    EXPECT(fabs(sin(two) * sin(two) + cos(two) * cos(two) - 1.0) < 4 * DBL_EPSILON);
}

static void vectors(void)
{
    float values[16];
    float sum = 0, in_registers;

    for (int i = 0; i < 16; i++)
        sum += values[i] = (float)i;
    if (vector_sum(values, &in_registers))
        EXPECT(in_registers == sum);
    else
        printf("no AVX on this processor\n");
}

int solo5_app_main(const struct solo5_start_info *info)
{
    (void)info;
    thread_local_variables();
    printing();
    arithmetic();
    vectors();
    return success();
}
