/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/found.h"

#include <errno.h>
#include <stdio.h>

#include "commands/gather.h"
#include "commands/say.h"
#include "show/summary.h"

/* Queries of a collection that are looked into: as many as `propose` prints. */
#define QUERIES_MAX 50

static bool wants_a_look(const struct query_view *q)
{
        enum outcome o = q->judgement.outcome;

        return o != OUTCOME_PASS && o != OUTCOME_UNMEASURED && q->answer;
}

static int take_query(const struct collection_view *v, size_t i, struct baseline_query *ret)
{
        const struct query *query = &v->query_set->queries[i];
        const struct judgement *j = &v->queries[i].judgement;
        int r = strdup_to(&ret->id, query->id);

        ret->answer = answer_ref(v->queries[i].answer);
        ret->outcome = j->outcome;
        ret->expected_rank = j->expected_rank;
        return r < 0 ? r : strdup_to(&ret->text, query->text);
}

/* The worst come first. */
static int take_queries(const struct collection_view *v, const size_t *order, struct baseline *b)
{
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < v->query_set->count && n < b->count && r >= 0; i++)
                if (wants_a_look(&v->queries[order[i]]))
                        r = take_query(v, order[i], &b->queries[n++]);
        return r;
}

static size_t count(const struct collection_view *v)
{
        size_t n = 0;

        for (size_t i = 0; i < v->query_set->count; i++)
                n += wants_a_look(&v->queries[i]);
        return MIN(n, (size_t)QUERIES_MAX);
}

static int look(const struct watch *w, struct baseline **ret)
{
        const struct collection_view *v = watch_view(w);
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_free_ size_t *order = NULL;
        _cleanup_error_ struct error unseen = {0};
        int r;

        if (v->last_error || count(v) == 0)
                return 0;
        order = summary_worst_first(v);
        b = baseline_new(count(v));
        if (!order || !b)
                return -ENOMEM;
        r = take_queries(v, order, b);
        if (r >= 0)
                r = epoch_copy(&v->epoch, &b->epoch);
        if (r < 0)
                return r;
        baseline_sort(b);
        b->vectors = vector_set_ref(dossier_vectors(watch_dossier(w)));
        r = gather(watch_config(w), b, false, &unseen);
        if (r < 0 || unseen.message)
                complain("driftwatch: %s: the answers have no excerpts of documents\n",
                        unseen.message ? unseen.message : v->label);
        *ret = take_ptr(b);
        return 0;
}

int found_round(const struct round *r, struct baseline ***ret)
{
        struct baseline **found = calloc(r->count + 1, sizeof(*found));
        int code = found ? 0 : -ENOMEM;

        for (size_t i = 0; i < r->count && code >= 0; i++)
                code = look(r->watches[i], &found[i]);
        *ret = found;
        return code;
}

void found_done(struct baseline **found, size_t count)
{
        for (size_t i = 0; found && i < count; i++)
                baseline_unref(found[i]);
        free(found);
}
