/* SPDX-License-Identifier: Apache-2.0 */
#include "model/shard.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "hash.h"

unsigned shard_of(const char *label, unsigned of)
{
        uint64_t state = hash_text(HASH_INIT, label), best = splitmix64_next(&state);
        unsigned index = 0;

        for (unsigned i = 1; i < of; i++) {
                uint64_t weight = splitmix64_next(&state);

                if (weight > best) {
                        best = weight;
                        index = i;
                }
        }
        return index;
}

bool shard_has(const struct shard *s, const char *label)
{
        return s->of <= 1 || shard_of(label, s->of) == s->index;
}

/* A number as digits alone, up to `end`. */
static int parse_number(const char *text, char end, const char **ret_rest, unsigned *ret)
{
        unsigned value = 0;
        const char *p = text;

        for (; isdigit((unsigned char)*p); p++) {
                value = value * 10 + (unsigned)(*p - '0');
                if (value > SHARDS_MAX)
                        return -EINVAL;
        }
        if (p == text || *p != end)
                return -EINVAL;
        *ret = value;
        *ret_rest = p + 1;
        return 0;
}

int shard_parse(const char *text, struct shard *ret)
{
        struct shard s;
        const char *rest;
        int r = parse_number(text, '/', &rest, &s.index);

        if (r >= 0)
                r = parse_number(rest, '\0', &rest, &s.of);
        if (r < 0 || s.index >= s.of)
                return -EINVAL;
        *ret = s;
        return 0;
}
