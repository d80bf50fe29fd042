/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* FNV-1a, 64 bits, over strings and numbers: for identities and for spreading, never against an
 * adversary. Each string is ended by a byte 0xff, which no UTF-8 text contains, as Prometheus does
 * in its label signatures. */

#include <stdint.h>

#define HASH_INIT UINT64_C(14695981039346656037)

/* Adds a string; NULL counts as an empty one. */
static inline uint64_t hash_text(uint64_t hash, const char *s)
{
        const uint64_t prime = UINT64_C(1099511628211);

        for (; s && *s; s++)
                hash = (hash ^ (unsigned char)*s) * prime;
        return (hash ^ 0xff) * prime;
}

/* Adds all bits of a number. */
static inline uint64_t hash_number(uint64_t hash, uint64_t number)
{
        for (unsigned shift = 0; shift < 64; shift += 8)
                hash = (hash ^ (number >> shift & 0xff)) * UINT64_C(1099511628211);
        return hash;
}

/* Next number of Steele, Lea and Flood's SplitMix64 (2014); `*state` starts as the seed. */
static inline uint64_t splitmix64_next(uint64_t *state)
{
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}
