/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "fleet.h"

#include <math.h>

#include <stdio.h>

struct query_set *fleet_set(size_t count)
{
        struct query_set *set = calloc(1, sizeof(*set));

        assert_non_null(set);
        set->references = 1;
        set->count = count;
        set->queries = calloc(count, sizeof(*set->queries));
        assert_non_null(set->queries);
        for (size_t i = 0; i < count; i++) {
                assert_return_code(asprintf(&set->queries[i].id, "q%04zu", i), 0);
                assert_return_code(asprintf(&set->queries[i].text, "text %zu", i), 0);
                set->queries[i].expect.distance_min = -INFINITY;
                set->queries[i].expect.distance_max = INFINITY;
        }
        return set;
}

void fleet_tag(struct query_set *set, size_t size)
{
        for (size_t i = 0; i < set->count; i++) {
                struct query *q = &set->queries[i];

                q->tags = calloc(1, sizeof(*q->tags));
                assert_non_null(q->tags);
                q->tag_count = 1;
                q->tags->key = strdup("area");
                assert_return_code(asprintf(&q->tags->value, "a%zu", i / size), 0);
        }
        topics_done(&set->topics);
        assert_int_equal(topics_build(set->queries, set->count, &set->topics), 0);
}

struct answer *fleet_answer(const char *letters, double first)
{
        char names[26][2];
        const char *ids[26];
        float distances[26];
        unsigned n = 0;
        struct answer *a;

        for (; letters[n]; n++) {
                assert_in_range(n, 0, 25);
                names[n][0] = letters[n];
                names[n][1] = '\0';
                ids[n] = names[n];
                distances[n] = (float)(first + .01 * n);
        }
        a = answer_new(n, ids, distances, NULL);
        assert_non_null(a);
        return a;
}

struct baseline *fleet_baseline(const struct query_set *set, struct answer *const *const *samples,
        size_t count, unsigned results)
{
        enum outcome *outcomes = calloc(set->count, sizeof(*outcomes));
        unsigned *ranks = calloc(set->count, sizeof(*ranks));
        struct epoch epoch;
        struct candidate_input input = {
                "docs", "docs", set, NULL, &epoch, samples, count, outcomes, ranks, results, 1};
        struct baseline *b = NULL;

        assert_true(outcomes && ranks);
        epoch_init(&epoch);
        assert_int_equal(candidate_new(&input, &b), 0);
        free(outcomes);
        free(ranks);
        return b;
}
