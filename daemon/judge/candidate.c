/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/candidate.h"

#include <errno.h>
#include <math.h>

#include "judge/drift.h"
#include "judge/rank.h"

static bool both_same(const struct answer *a, const struct answer *b)
{
        return a && b ? drift_same(a, b) : a == b;
}

bool candidate_stable(struct answer *const *const *samples, size_t count, size_t queries)
{
        if (count < CANDIDATE_EQUAL)
                return false;
        for (size_t s = count - CANDIDATE_EQUAL + 1; s < count; s++)
                for (size_t i = 0; i < queries; i++)
                        if (!both_same(samples[s][i], samples[count - CANDIDATE_EQUAL][i]))
                                return false;
        return true;
}

/* The samples of one query for a signal; how many. */
static size_t collect(
        const struct candidate_input *in, size_t i, enum level_signal signal, double *ret)
{
        const struct query *q = &in->set->queries[i];
        size_t n = 0;

        for (size_t s = 0; s < in->count; s++) {
                const struct answer *a = in->samples[s][i];
                double x = a ? level_sample(a, signal, in->results, in->epoch->records,
                                       q->where || q->where_document)
                             : NAN;

                if (!isnan(x))
                        ret[n++] = x;
        }
        return n;
}

/* Of the deviations of all queries, each from its own median. */
static int measure_pool(
        const struct candidate_input *in, enum level_signal signal, double *samples, double *ret)
{
        _cleanup_free_ double *deviations = calloc(in->set->count * in->count, sizeof(double));
        double location, scale;
        size_t total = 0;

        if (!deviations)
                return -ENOMEM;
        for (size_t i = 0; i < in->set->count; i++) {
                size_t n = collect(in, i, signal, samples);
                int r = n > 0 ? level_measure(samples, n, 0, &location, &scale) : 0;

                if (r < 0)
                        return r;
                for (size_t s = 0; s < n; s++)
                        deviations[total++] = samples[s] - location;
        }
        *ret = level_pool(deviations, total);
        return 0;
}

static int measure(const struct candidate_input *in, enum level_signal signal, struct baseline *ret)
{
        _cleanup_free_ double *samples = calloc(in->count, sizeof(double));
        double pool;
        int r = samples ? measure_pool(in, signal, samples, &pool) : -ENOMEM;

        for (size_t i = 0; i < in->set->count && r == 0; i++) {
                struct level_baseline *l = &ret->queries[i].levels[signal];
                size_t n = collect(in, i, signal, samples);

                if (n == 0)
                        continue;
                r = level_measure(samples, n, pool, &l->location, &l->scale);
                if (r == 0 && l->scale <= DRIFT_EQUAL)
                        l->scale = 0;
        }
        return r;
}

static struct answer *last_valid(const struct candidate_input *in, size_t i)
{
        for (size_t s = in->count; s > 0; s--)
                if (in->samples[s - 1][i])
                        return in->samples[s - 1][i];
        return NULL;
}

static int describe(const struct candidate_input *in, struct baseline *ret)
{
        int r = strdup_to(&ret->collection, in->collection);

        if (r == 0)
                r = strdup_to(&ret->name, in->name);
        if (r == 0)
                r = epoch_copy(in->epoch, &ret->epoch);
        for (size_t i = 0; i < in->set->count && r == 0; i++) {
                struct baseline_query *q = &ret->queries[i];

                q->answer = answer_ref(last_valid(in, i));
                q->outcome = in->outcomes[i];
                q->expected_rank = in->ranks[i];
                r = strdup_to(&q->id, in->set->queries[i].id);
                if (r == 0)
                        r = strdup_to(&q->text, in->set->queries[i].text);
        }
        ret->recorded = in->recorded;
        ret->results = in->results;
        ret->samples = (unsigned)in->count;
        ret->vectors = vector_set_ref(in->vectors);
        return r;
}

int candidate_new(const struct candidate_input *input, struct baseline **ret)
{
        _cleanup_(baseline_unrefp) struct baseline *b = baseline_new(input->set->count);
        int r = b ? describe(input, b) : -ENOMEM;

        for (enum level_signal signal = 0; signal < LEVEL_COUNT && r == 0; signal++)
                r = measure(input, signal, b);
        if (r < 0)
                return r;
        baseline_sort(b);
        *ret = take_ptr(b);
        return 0;
}

/* Index of the record in `a`; its count when it is not there. */
static unsigned index_of(const struct answer *a, const char *id)
{
        unsigned i = 0;

        while (i < a->count && !streq(a->ids[i], id))
                i++;
        return i;
}

static bool holds_at_same_distances(const struct answer *deep, const struct answer *a)
{
        for (unsigned i = 0; i < a->count; i++) {
                unsigned at = index_of(deep, a->ids[i]);

                if (at == deep->count || !drift_equal(deep->distances[at], a->distances[i]))
                        return false;
        }
        return true;
}

/* The records of `deep` that follow the whole answer. */
static int take_followers(
        const struct answer *a, const struct answer *deep, unsigned size, struct answer **ret)
{
        _cleanup_free_ const char **ids = calloc(size + 1, sizeof(char *));
        _cleanup_free_ float *distances = calloc(size + 1, sizeof(float));
        float last = a->count > 0 ? a->distances[a->count - 1] : -INFINITY;
        unsigned n = 0;

        if (!ids || !distances)
                return -ENOMEM;
        for (unsigned i = 0; i < deep->count && n < size; i++) {
                if (deep->distances[i] < last || index_of(a, deep->ids[i]) < a->count)
                        continue;
                ids[n] = deep->ids[i];
                distances[n++] = deep->distances[i];
        }
        *ret = answer_new(n, ids, distances, NULL);
        return *ret ? 0 : -ENOMEM;
}

static void note_expected(const struct expectation *e, const struct answer *part, unsigned before,
        const struct answer *deep, struct beyond *b)
{
        for (unsigned i = 0; i < part->count; i++)
                if (rank_is_expected(e, deep, index_of(deep, part->ids[i])))
                        b->expected[b->expected_count++] = before + i + 1;
}

int candidate_deepen(struct baseline_query *q, const struct expectation *expect,
        const struct answer *deep, unsigned size)
{
        _cleanup_(beyond_done) struct beyond b = {0};
        const struct answer *a = q->answer;
        int r;

        if (!a || !holds_at_same_distances(deep, a))
                return 0;
        r = take_followers(a, deep, size, &b.records);
        if (r < 0)
                return r;
        b.expected = calloc(a->count + b.records->count + 1, sizeof(*b.expected));
        if (!b.expected)
                return -ENOMEM;
        if (expect) {
                note_expected(expect, a, 0, deep, &b);
                note_expected(expect, b.records, a->count, deep, &b);
        }
        beyond_done(&q->beyond);
        q->beyond = b;
        b = (struct beyond){0};
        return 0;
}

/* What `approved` knows of a query of `fresh`. */
static const struct baseline_query *known(
        const struct baseline *approved, const struct baseline_query *q)
{
        const struct baseline_query *k = baseline_find(approved, q->id);

        return k && streq(k->text, q->text) ? k : NULL;
}

static int copy_query(const struct baseline_query *from, struct baseline_query *ret)
{
        int r;

        *ret = *from;
        ret->answer = answer_ref(from->answer);
        ret->id = ret->text = NULL;
        memset(ret->excerpts, 0, sizeof(ret->excerpts));
        r = beyond_copy(&from->beyond, &ret->beyond);
        if (r >= 0)
                r = strdup_to(&ret->id, from->id);
        if (r >= 0)
                r = strdup_to(&ret->text, from->text);
        for (size_t i = 0; r >= 0 && i < EXCERPTS_MAX; i++)
                r = excerpt_copy(&from->excerpts[i], &ret->excerpts[i]);
        return r;
}

static const float *vector_of(const struct baseline *b, const char *id)
{
        return b->vectors ? vector_set_find(b->vectors, id) : NULL;
}

/* Queries are ascending by id, and so are the vectors then. */
static int merge_vectors(
        const struct baseline *approved, const struct baseline *fresh, struct baseline *ret)
{
        const struct vector_set *like = approved->vectors ? approved->vectors : fresh->vectors;
        size_t n = 0;

        if (!like)
                return 0;
        ret->vectors = vector_set_new(like->path, like->model, like->dimension, fresh->count);
        if (!ret->vectors)
                return -ENOMEM;
        for (size_t i = 0; i < fresh->count; i++) {
                const struct baseline_query *q = &fresh->queries[i];
                const float *v = vector_of(known(approved, q) ? approved : fresh, q->id);

                if (!v)
                        continue;
                memcpy(ret->vectors->rows[n], v, like->dimension * sizeof(float));
                if (strdup_to(&ret->vectors->ids[n++], q->id) < 0)
                        return -ENOMEM;
        }
        ret->vectors->count = n;
        return 0;
}

static bool mergeable(const struct baseline *a, const struct baseline *b)
{
        return a->results == b->results &&
                (!a->vectors || !b->vectors || a->vectors->dimension == b->vectors->dimension);
}

int candidate_merge(
        const struct baseline *approved, const struct baseline *fresh, struct baseline **ret)
{
        _cleanup_(baseline_unrefp) struct baseline *b = baseline_new(fresh->count);
        int r;

        if (!b)
                return -ENOMEM;
        if (!mergeable(approved, fresh))
                return -EINVAL;
        b->recorded = fresh->recorded;
        b->results = fresh->results;
        b->samples = fresh->samples;
        r = strdup_to(&b->collection, fresh->collection);
        if (r == 0)
                r = strdup_to(&b->name, fresh->name);
        if (r == 0)
                r = epoch_copy(&approved->epoch, &b->epoch);
        for (size_t i = 0; i < approved->order_count && r == 0; i++)
                r = baseline_add_ordered(b, approved->order[i]);
        for (size_t i = 0; i < fresh->count && r == 0; i++) {
                const struct baseline_query *k = known(approved, &fresh->queries[i]);

                r = copy_query(k ? k : &fresh->queries[i], &b->queries[i]);
        }
        if (r == 0)
                r = merge_vectors(approved, fresh, b);
        if (r < 0)
                return r;
        *ret = take_ptr(b);
        return 0;
}

struct unasked {
        const struct baseline *b;
        const struct baseline *approved;
};

/* Whether the query has another text than was approved, and no vector. */
static bool is_unasked(const struct unasked *u, const char *id)
{
        const struct baseline_query *q = baseline_find(u->b, id);
        const struct baseline_query *k = baseline_find(u->approved, id);

        return q && k && !streq(q->text, k->text) && !vector_of(u->b, id);
}

static bool drop_asked(const char *id, const float *vector, void *userdata)
{
        return !is_unasked(userdata, id);
}

static int replace_query(struct baseline_query *q, const struct baseline_query *by)
{
        struct baseline_query copy;
        int r = copy_query(by, &copy);

        if (r < 0)
                return r;
        answer_unref(q->answer);
        beyond_done(&q->beyond);
        free(q->id);
        free(q->text);
        *q = copy;
        return 0;
}

int candidate_keep_unasked(const struct baseline *approved, struct baseline *b)
{
        _cleanup_(vector_set_unrefp) struct vector_set *kept = NULL, *all = NULL;
        struct unasked u = {b, approved};
        int r = 0;

        if (!approved->vectors)
                return 0;
        r = vector_set_without(approved->vectors, drop_asked, &u, &kept);
        if (r >= 0)
                r = vector_set_merge((struct vector_set *const[]){b->vectors, kept}, 2, &all);
        for (size_t i = 0; i < b->count && r >= 0; i++)
                if (is_unasked(&u, b->queries[i].id))
                        r = replace_query(
                                &b->queries[i], baseline_find(approved, b->queries[i].id));
        if (r < 0)
                return r;
        vector_set_unref(b->vectors);
        b->vectors = take_ptr(all);
        return 0;
}
