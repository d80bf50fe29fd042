/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/spread.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "commands/say.h"
#include "judge/spread.h"

/* Vectors named one by one; more are of the same making. */
#define VECTORS_NAMED 3

/* Distances of the best answers; an array to be freed, NULL when memory is short. */
static float *distances_of(const struct collection_view *v)
{
        float *distances = calloc(v->query_set->count + 1, sizeof(float));

        for (size_t i = 0; distances && i < v->query_set->count; i++)
                distances[i] = v->queries[i].judgement.distance;
        return distances;
}

static void print_counts(const struct spread *s, const struct bands *bands)
{
        size_t n = 0;

        say("  best answers by band: ");
        for (size_t b = 0; b < bands->count; b++)
                if (s->bands[b] > 0)
                        say("%s%zu %s", n++ > 0 ? ", " : "", s->bands[b], bands->bands[b].name);
        say("%s\n", n > 0 ? "" : "none was measured");
}

/* How many are not of length 1, with the first of them by name. */
static size_t print_lengths(const struct collection_view *v, const struct vector_set *vectors)
{
        size_t odd = 0;

        for (size_t i = 0; vectors && i < vectors->count; i++) {
                double length = spread_length(vectors->rows[i], vectors->dimension);

                if (spread_is_unit(length) || !query_set_find(v->query_set, vectors->ids[i]))
                        continue;
                if (odd++ == 0)
                        say("  vectors that are not of length 1:");
                if (odd <= VECTORS_NAMED)
                        say("%s %s (%.4g)", odd > 1 ? "," : "", vectors->ids[i], length);
        }
        if (odd > VECTORS_NAMED)
                say(" and %zu more", odd - VECTORS_NAMED);
        if (odd > 0)
                say("; the default borders are for vectors of length 1\n");
        return odd;
}

void spread_print_bands(const struct bands *bands)
{
        say("[");
        for (size_t b = 0; b + 1 < bands->count; b++)
                say("{name: %s, below: %.7g}, ", bands->bands[b].name,
                        (double)bands->bands[b].below);
        say("{name: %s}]\n", bands->bands[bands->count - 1].name);
}

int spread_of_view(const struct collection_view *v, struct bands *ret)
{
        _cleanup_free_ float *distances = distances_of(v);
        int r = distances ? spread_propose(distances, v->query_set->count, v->epoch.space, ret)
                          : -ENOMEM;

        return r == -ENODATA ? 0 : r;
}

static void print_proposal(const struct collection_view *v)
{
        _cleanup_(bands_done) struct bands proposed = {0};

        if (spread_of_view(v, &proposed) < 0 || proposed.count == 0)
                return;
        say("  borders that would tell these answers apart - a quarter below the first, three "
            "quarters below the second, all below the third:\n    bands: ");
        spread_print_bands(&proposed);
}

void spread_print(const struct collection_view *v, const struct vector_set *vectors)
{
        _cleanup_free_ float *distances = distances_of(v);
        /* An angle has no length. */
        bool lengths_matter = !streq(v->epoch.space, "cosine");
        struct spread s;
        size_t odd;

        if (!distances)
                return;
        spread_measure(distances, v->query_set->count, &v->bands, &s);
        print_counts(&s, &v->bands);
        if (s.crowded >= 0)
                say("  nearly all are %s: these bands tell nothing apart\n",
                        v->bands.bands[s.crowded].name);
        odd = lengths_matter ? print_lengths(v, vectors) : 0;
        if (s.crowded >= 0 || odd > 0)
                print_proposal(v);
}
