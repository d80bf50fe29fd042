/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which of several daemons watches a collection, by its label alone: rendezvous hashing (highest
 * random weight; Thaler and Ravishankar, 1998). Each daemon finds it out for itself, and one more
 * takes an equal part from every other and moves nothing else. It knows of no daemon that is down:
 * whoever wants a shard watched twice starts two daemons with it.
 *
 * The weight of a label in shard i, from 0, is the i-th number, from 0, that SplitMix64 (Steele,
 * Lea and Flood, 2014) yields from a seed, which is the 64-bit FNV-1a hash of the label's bytes and
 * of one byte 0xff after them. The largest weight has it; of equal ones the first. Daemons of all
 * releases and machines have to agree, so that this never changes; a unit test has vectors. */

#include <stdbool.h>

#include "macro.h"

/* More daemons than that look at one configuration. */
#define SHARDS_MAX 1000

struct shard {
        unsigned index, of; /* index < of; of one there is nothing to divide; 0: not given */
};

/* "0/3"; -EINVAL when it is none. */
_must_check_ int shard_parse(const char *text, struct shard *ret);
/* The index of the one that has the label, of `of` shards, at least one. */
unsigned shard_of(const char *label, unsigned of);
bool shard_has(const struct shard *s, const char *label);
