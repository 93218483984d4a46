// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <cpuid.h>
#include <errno.h>
#include <solo5.h>
#include <stdbool.h>
#include <string.h>

/* SDM vol. 1, 7.3.17: a processor that runs out of entropy ten times in a row is broken. */
#define RDRAND_RETRIES 10

static bool has_rdrand(void)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_RDRND);
}

static bool rdrand(uint64_t *value)
{
    unsigned char ok = 0;

    for (int i = 0; i < RDRAND_RETRIES && !ok; i++)
        __asm__ __volatile__("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok) : : "cc");
    return ok;
}

static bool fill(uint8_t *buf, size_t size)
{
    while (size > 0) {
        uint64_t value;
        size_t n = size < sizeof(value) ? size : sizeof(value);

        if (!rdrand(&value))
            return false;
        memcpy(buf, &value, n);
        buf += n;
        size -= n;
    }
    return true;
}

long libc_getrandom(const long *a)
{
    if (!has_rdrand())
        return -ENOSYS;
    return fill((uint8_t *)a[0], (size_t)a[1]) ? a[1] : -EIO;
}

/* The weak case is splitmix64, started from the clocks. */
void libc_random_seed(uint8_t *buf, size_t size)
{
    uint64_t state;

    if (has_rdrand() && fill(buf, size))
        return;
    state = solo5_clock_wall() ^ __builtin_ia32_rdtsc();
    for (size_t i = 0; i < size; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        buf[i] = (uint8_t)(z ^ z >> 31);
    }
}
