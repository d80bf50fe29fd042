/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "judge/embedder.h"
#include "model/rows.h"
#include "watch/state.h"

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_sort(struct names *names)
{
        qsort(names->ids, names->count, sizeof(char *), compare_names);
}

static bool named(const struct names *names, const char *id)
{
        return bsearch(&id, names->ids, names->count, sizeof(char *), compare_names);
}

static bool drop_named(const char *id, const float *vector, void *userdata)
{
        return named(userdata, id);
}

static int names_drop(struct names *names, struct vector_set *set, struct vector_set **ret)
{
        return vector_set_without(set, drop_named, names, ret);
}

static bool drop_unnamed(const char *id, const float *vector, void *userdata)
{
        return !named(userdata, id);
}

/* An id that is gone may come back with another text. */
int dossier_adopt_given(struct dossier *d, const struct dossier *old, struct names *changed)
{
        _cleanup_(names_done) struct names kept = {
                .ids = calloc(query_count(d) + 1, sizeof(char *))};
        int r = kept.ids ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < query_count(d); i++)
                if (!named(changed, d->config->queries->queries[i].id))
                        kept.ids[kept.count++] = d->config->queries->queries[i].id;
        if (r >= 0)
                names_sort(&kept);
        if (r >= 0 && old->fresh)
                r = vector_set_without(old->fresh, drop_unnamed, &kept, &d->fresh);
        if (r >= 0 && old->given)
                r = vector_set_without(old->given, drop_unnamed, &kept, &d->given);
        return r;
}

/* Vectors that are there already are not kept again. */
static int share(struct vector_set **set, struct vector_set *known)
{
        struct vector_set *shared;
        int r = *set ? rows_share(*set, known, &shared) : 0;

        if (!*set || r < 0)
                return r;
        vector_set_unref(*set);
        *set = shared;
        return 0;
}

int dossier_take_given(struct dossier *d)
{
        struct vector_set *all;
        int r = share(&d->fresh, d->pinned);

        if (r >= 0)
                r = vector_set_merge((struct vector_set *const[]){d->fresh, d->given}, 2, &all);
        if (r < 0)
                return r;
        vector_set_unref(d->given);
        d->given = all;
        /* Or a text that is refused for ever would keep all that was given with it. */
        return all && all->matrix_count > 1 ? share(&d->given, d->fresh) : 0;
}

const struct baseline_query *dossier_known(const struct dossier *d, const struct query *q)
{
        const struct baseline_query *b = d->baseline ? baseline_find(d->baseline, q->id) : NULL;

        return b && streq(b->text, q->text) ? b : NULL;
}

/* The query's text is another than the one that was approved. */
static const struct baseline_query *stale(const struct dossier *d, const struct query *q)
{
        const struct baseline_query *b = d->baseline ? baseline_find(d->baseline, q->id) : NULL;

        return b && b->text && !streq(b->text, q->text) ? b : NULL;
}

static int find_stale(const struct dossier *d, struct names *ret)
{
        ret->ids = calloc(query_count(d) + 1, sizeof(char *));
        if (!ret->ids)
                return -ENOMEM;
        for (size_t i = 0; i < query_count(d); i++)
                if (stale(d, &d->config->queries->queries[i]))
                        ret->ids[ret->count++] = d->config->queries->queries[i].id;
        names_sort(ret);
        return 0;
}

struct copies {
        struct names *stale;
        const struct vector_set *baseline;
        unsigned dimension; /* of the configured ones */
};

/* A configured vector that is the baseline's was made of the text that was approved. */
static bool drop_copy(const char *id, const float *vector, void *userdata)
{
        const struct copies *c = userdata;
        const float *old = c->baseline->dimension == c->dimension && named(c->stale, id)
                ? vector_set_find(c->baseline, id)
                : NULL;

        return old && memcmp(old, vector, c->dimension * sizeof(float)) == 0;
}

/* The baseline's and the configured vectors, as far as they were made of today's texts. */
static int choose_pinned(const struct dossier *d, struct vector_set *ret[2])
{
        struct vector_set *approved = d->baseline ? d->baseline->vectors : NULL;
        struct vector_set *configured = d->config->vectors;
        _cleanup_(names_done) struct names changed = {0};
        struct copies copies = {&changed, approved, configured ? configured->dimension : 0};
        int r = find_stale(d, &changed);

        if (r < 0)
                return r;
        if (!approved || changed.count == 0) {
                ret[0] = vector_set_ref(approved);
                ret[1] = vector_set_ref(configured);
                return 0;
        }
        r = names_drop(&changed, approved, &ret[0]);
        return r < 0 || !configured ? r
                                    : vector_set_without(configured, drop_copy, &copies, &ret[1]);
}

static void reasons_clear(struct query_state *s)
{
        free(s->no_vector);
        s->no_vector = NULL;
}

/* Why a query that has no vector has none, as far as there is more to say than that. */
static char *explain(const struct dossier *d, const struct query_state *s, const struct query *q)
{
        const struct embedder_config *e = d->config->embedder;
        unsigned number = d->baseline ? d->baseline->number : 0;
        char *reason = NULL;
        int r = 0;

        if (e && s->refused)
                r = asprintf(&reason, "embedder %s gave no vector for it: %s", e->name, s->refused);
        else if (stale(d, q) && e)
                r = asprintf(&reason,
                        "its text changed since baseline %u, and embedder %s gave no vector for "
                        "the new one yet",
                        number, e->name);
        else if (stale(d, q))
                r = asprintf(&reason,
                        "its text changed since baseline %u: its old vector is not used; put that "
                        "of the new text into `vectors`, or give the collection an embedder, and "
                        "record it with baseline propose --new-only",
                        number);
        else if (d->baseline && !baseline_find(d->baseline, q->id))
                r = asprintf(&reason,
                        "it is new since baseline %u and has no vector%s; record it with baseline "
                        "propose --new-only",
                        number,
                        e ? " from the embedder yet"
                          : ": put it into `vectors`, or give the collection an embedder");
        return r < 0 ? NULL : reason;
}

/* Whether a query has a vector that had none before. */
static bool explain_all(struct dossier *d, const struct vector_set *before)
{
        bool more = false;

        for (size_t i = 0; i < query_count(d); i++) {
                const struct query *q = &d->config->queries->queries[i];
                struct query_state *s = &d->queries[i];
                bool has = d->vectors && vector_set_find(d->vectors, q->id);

                reasons_clear(s);
                if (!has)
                        s->no_vector = explain(d, s, q);
                else
                        more |= !before || !vector_set_find(before, q->id);
        }
        return more;
}

int dossier_merge_vectors(struct dossier *d)
{
        _cleanup_(vector_set_unrefp) struct vector_set *pinned = NULL, *before = NULL;
        struct vector_set *sources[3] = {NULL}, *chosen[2] = {NULL};
        struct vector_set *all = NULL;
        int r = choose_pinned(d, chosen);

        if (r >= 0)
                r = vector_set_merge(chosen, 2, &pinned);
        sources[0] = d->prefer_fresh ? d->fresh : chosen[0];
        sources[1] = chosen[1];
        sources[2] = d->prefer_fresh ? chosen[0] : d->fresh;
        if (r >= 0)
                r = vector_set_merge(sources, ARRAY_SIZE(sources), &all);
        vector_set_unref(chosen[0]);
        vector_set_unref(chosen[1]);
        if (r < 0)
                return r;
        vector_set_unref(d->pinned);
        before = d->vectors;
        d->pinned = take_ptr(pinned);
        d->vectors = all;
        return explain_all(d, before);
}

void dossier_measure_embedder(struct dossier *d)
{
        for (size_t i = 0; i < query_count(d); i++) {
                const char *id = d->config->queries->queries[i].id;
                const struct baseline_query *b =
                        d->baseline ? baseline_find(d->baseline, id) : NULL;
                const float *pinned = d->pinned ? vector_set_find(d->pinned, id) : NULL;
                const float *given = d->given ? vector_set_find(d->given, id) : NULL;
                struct query_state *s = &d->queries[i];

                s->embedder_limit =
                        embedder_limit(d->config->embedder ? d->config->embedder->limit : NAN,
                                b ? b->embedder_noise : NAN);
                s->embedder_distance = s->embedder_length = NAN;
                if (!pinned || !given)
                        continue;
                /* Of another dimension are those of another model, and no angle is between them. */
                if (d->pinned->dimension != d->given->dimension) {
                        s->embedder_distance = INFINITY;
                        continue;
                }
                s->embedder_distance = embedder_distance(pinned, given, d->given->dimension);
                s->embedder_length = embedder_length(pinned, given, d->given->dimension);
        }
}

void dossier_measure_noise(struct dossier *d, const struct vector_set *before)
{
        for (size_t i = 0; i < query_count(d); i++) {
                const char *id = d->config->queries->queries[i].id;
                const float *a = vector_set_find(before, id), *b = vector_set_find(d->fresh, id);

                /* fmax() passes over a NaN. */
                if (a && b && before->dimension == d->fresh->dimension)
                        d->queries[i].embedder_noise = fmax(d->queries[i].embedder_noise,
                                embedder_distance(a, b, before->dimension));
        }
}

void dossier_note_embedder(const struct dossier *d, const char *space, struct embedder_view *e)
{
        _cleanup_free_ double *distances = calloc(query_count(d) + 1, sizeof(double));
        _cleanup_free_ double *limits = calloc(query_count(d) + 1, sizeof(double));
        _cleanup_free_ double *lengths = calloc(query_count(d) + 1, sizeof(double));
        struct embedder_verdict verdict;

        for (size_t i = 0; distances && limits && lengths && i < query_count(d); i++) {
                distances[i] = d->queries[i].embedder_distance;
                limits[i] = d->queries[i].embedder_limit;
                lengths[i] = d->queries[i].embedder_length;
        }
        if (!distances || !limits || !lengths ||
                embedder_judge(distances, limits, embedder_length_counts(space) ? lengths : NULL,
                        query_count(d), &verdict) < 0)
                return;
        e->compared = verdict.compared;
        e->moved = verdict.moved;
        e->median = verdict.median;
        e->length = verdict.length;
        e->changed = verdict.changed;
        e->partial = verdict.partial;
}
