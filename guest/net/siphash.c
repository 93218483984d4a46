// SPDX-License-Identifier: ISC
#include "siphash.h"

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void rounds(struct sip *v, unsigned n)
{
    while (n-- > 0) {
        v->a += v->b;
        v->c += v->d;
        v->b = rotl(v->b, 13) ^ v->a;
        v->d = rotl(v->d, 16) ^ v->c;
        v->a = rotl(v->a, 32);
        v->c += v->b;
        v->a += v->d;
        v->b = rotl(v->b, 17) ^ v->c;
        v->d = rotl(v->d, 21) ^ v->a;
        v->c = rotl(v->c, 32);
    }
}

static void absorb(struct sip *v, uint64_t word)
{
    v->d ^= word;
    rounds(v, 2);
    v->a ^= word;
}

uint64_t siphash(const uint64_t key[2], const uint64_t *words, size_t n)
{
    struct sip v = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};

    for (size_t i = 0; i < n; i++)
        absorb(&v, words[i]);
    absorb(&v, (uint64_t)(n * 8) << 56); /* the length in bytes, modulo 256 */
    v.c ^= 0xff;
    rounds(&v, 4);
    return v.a ^ v.b ^ v.c ^ v.d;
}
