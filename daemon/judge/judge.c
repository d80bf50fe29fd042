/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge.h"

#include <errno.h>
#include <math.h>

#include "judge/pair.h"
#include "judge/rank.h"
#include "text.h"

static void describe_expected(const struct expectation *e, struct text *t)
{
        if (e->id_count > 0)
                text_appendf(t, "record \"%s\"", e->ids[0]);
        else {
                char *match =
                        json_dumps(json_array_get(e->metadata, 0), JSON_COMPACT | JSON_ENCODE_ANY);

                text_appendf(t, "a record with %s", match ? match : "the expected metadata");
                free(match);
        }
        if (e->id_count + json_array_size(e->metadata) > 1)
                text_append(t, " or another expected one");
}

static void explain_missing(const struct expectation *e, const struct answer *a,
        const struct judgement *v, struct text *t)
{
        text_append(t, "expected ");
        describe_expected(e, t);
        if (v->expected_rank > 0)
                text_appendf(t, " among the first %u answers, but it stands at rank %u", e->within,
                        v->expected_rank);
        else
                text_appendf(t,
                        ", but none of the %u answers is it; the best is \"%s\" at distance %.4f",
                        a->count, a->ids[0], answer_shown(a->distances[0]));
}

static void explain_range(const struct expectation *e, float distance, struct text *t)
{
        bool below = distance < e->distance_min;

        text_appendf(t, "distance %.4f is %s the expected %s of %.4g", answer_shown(distance),
                below ? "below" : "above", below ? "minimum" : "maximum",
                (double)(below ? e->distance_min : e->distance_max));
}

/* Whether the query says itself what is good. */
static bool expects(const struct expectation *e)
{
        return expectation_names_records(e) || isfinite(e->distance_min) ||
                isfinite(e->distance_max);
}

static void explain_lost(const struct expectation *e, const struct answer *reference,
        const struct answer *a, const struct judgement *v, struct text *t)
{
        text_appendf(t, "expected the baseline's best record \"%s\"", reference->ids[0]);
        if (v->expected_rank > 0)
                text_appendf(t, " among the first %u answers, but it stands at rank %u", e->within,
                        v->expected_rank);
        else
                text_appendf(t,
                        ", but none of the %u answers is it; the best is \"%s\" at distance %.4f",
                        a->count, a->ids[0], answer_shown(a->distances[0]));
}

/* Nothing is nearer than a negative control allows, where its filter lets nothing pass. */
static enum outcome decide_empty(const struct query *query, struct text *t)
{
        const struct expectation *e = &query->expect;
        bool filtered = query->where || query->where_document;

        if (filtered && !expectation_names_records(e) && isfinite(e->distance_min))
                return OUTCOME_PASS;
        text_append(
                t, filtered ? "the filter matches no record" : "the collection returned no record");
        return OUTCOME_FAIL;
}

/* The outcome of a valid answer whose numbers are in `v`; the reason goes to `t`. `reference` is
 * what the query has to find where it expects nothing itself; NULL: nothing. */
static enum outcome decide(const struct query *query, const struct answer *reference,
        const struct answer *a, const struct judgement *v, struct text *t)
{
        const struct expectation *e = &query->expect;
        bool names = expectation_names_records(e);
        float ranged = names ? v->expected_distance : v->distance;
        bool missing = v->expected_rank == 0 || (e->within > 0 && v->expected_rank > e->within);

        if (a->count == 0)
                return decide_empty(query, t);
        if (names && missing) {
                explain_missing(e, a, v, t);
                return OUTCOME_FAIL;
        }
        if (reference && missing) {
                explain_lost(e, reference, a, v, t);
                return OUTCOME_FAIL;
        }
        if (v->out_of_range) {
                explain_range(e, ranged, t);
                return OUTCOME_DRIFT;
        }
        if (expects(e) || reference)
                return OUTCOME_PASS;
        text_append(t,
                "nothing says what is good: the query expects nothing, and no approved baseline "
                "knows it");
        return OUTCOME_UNJUDGED;
}

/* Rank, from 1, of the reference's best record; 0 when it is not there. */
static unsigned rank_of_best(const struct answer *reference, const struct answer *a)
{
        for (unsigned i = 0; i < a->count; i++)
                if (streq(a->ids[i], reference->ids[0]))
                        return i + 1;
        return 0;
}

static void measure(const struct query *query, const struct answer *answer, unsigned rank,
        const struct bands *bands, struct band_state *state, struct judgement *v)
{
        const struct expectation *e = &query->expect;
        float ranged;

        if (answer->count > 0) {
                v->distance = answer->distances[0];
                v->band = bands_index(bands, v->distance);
                band_state_update(state, bands, v->distance);
        }
        v->expected_rank = rank;
        if (v->expected_rank > 0)
                v->expected_distance = answer->distances[v->expected_rank - 1];
        ranged = expectation_names_records(e) ? v->expected_distance : v->distance;
        v->out_of_range = ranged < e->distance_min || ranged > e->distance_max;
}

/* What the query has to find where it expects nothing itself. */
static const struct answer *reference_for(const struct query *query, const struct answer *baseline)
{
        return baseline && baseline->count > 0 && !expects(&query->expect) ? baseline : NULL;
}

void judge_note_band(const struct band_state *state, struct judgement *v)
{
        v->confirmed_band = state->confirmed;
        v->home_band = state->home;
        v->home_distance = state->home_distance;
        v->crossed = band_state_crossed(state);
}

/* Hands the judgement over with its outcome and reason. */
static int conclude(struct judgement *v, struct text *reason, struct judgement *ret)
{
        v->outcome = v->expected;
        if (text_failed(reason))
                return -ENOMEM;
        if (reason->size > 0)
                v->reason = text_take(reason, NULL);
        *ret = *v;
        return 0;
}

int judge_answer(const struct query *query, const struct answer *baseline,
        const struct answer *answer, const char *unmeasured, const struct bands *bands,
        struct band_state *state, struct judgement *ret)
{
        const struct answer *reference = reference_for(query, baseline);
        _cleanup_text_ struct text reason = {0};
        struct judgement v;

        judgement_init(&v);
        if (answer)
                measure(query, answer,
                        reference ? rank_of_best(reference, answer)
                                  : rank_expected(&query->expect, answer),
                        bands, state, &v);
        else
                text_append(&reason, unmeasured ? unmeasured : "no answer");
        judge_note_band(state, &v);
        if (answer)
                v.expected = decide(query, reference, answer, &v, &reason);
        return conclude(&v, &reason, ret);
}

bool judge_is_control(const struct query *query)
{
        const struct expectation *e = &query->expect;

        return !expectation_names_records(e) && isfinite(e->distance_min) &&
                !isfinite(e->distance_max);
}

bool judge_expects(const struct query *query, const struct baseline_query *known, const char *id)
{
        unsigned rank = known ? known->expected_rank : 0;

        for (size_t i = 0; i < query->expect.id_count; i++)
                if (streq(query->expect.ids[i], id))
                        return true;
        return query->expect.metadata && rank > 0 && known->answer &&
                rank <= known->answer->count && streq(known->answer->ids[rank - 1], id);
}

/* What is renamed or put back leaves the distances of the others as they were. */
static unsigned rank_at(const struct answer *a, float distance)
{
        for (unsigned i = 0; i < a->count; i++)
                if (pair_same_distance(a->distances[i], distance))
                        return i + 1;
        return 0;
}

/* Of the first expected record; `*ret_missed` when search does not find it under any id. */
static unsigned rank_exact(const struct judge_case *c, bool *ret_missed)
{
        unsigned found = c->rank > 0 ? rank_at(c->exact, c->answer->distances[c->rank - 1]) : 0;

        *ret_missed = false;
        for (unsigned i = 0; i < c->exact->count && (found == 0 || i + 1 < found); i++)
                if (judge_expects(c->query, c->known, c->exact->ids[i])) {
                        *ret_missed = rank_at(c->answer, c->exact->distances[i]) == 0;
                        return i + 1;
                }
        return found;
}

/* Found as it came, or not. */
static bool was_found(const struct judge_case *c)
{
        unsigned within = c->query->expect.within;

        return c->rank > 0 && (within == 0 || c->rank <= within);
}

static void explain_unreached(const struct judge_case *c, struct text *t)
{
        text_appendf(t,
                "the expected record \"%s\" is in the collection, unchanged and nearest of all at "
                "distance %.4f, but search does not find it: its index misses it",
                c->exact->ids[0], answer_shown(c->exact->distances[0]));
}

int judge_exact(const struct judge_case *c, const struct bands *bands, struct band_state *state,
        struct judgement *ret)
{
        const struct answer *reference =
                reference_for(c->query, c->known ? c->known->answer : NULL);
        _cleanup_text_ struct text reason = {0};
        struct judgement v;
        bool missed = false;
        unsigned rank = reference ? rank_of_best(reference, c->exact) : rank_exact(c, &missed);

        judgement_init(&v);
        measure(c->query, c->exact, rank, bands, state, &v);
        judge_note_band(state, &v);
        if (missed && rank == 1 && !was_found(c)) {
                explain_unreached(c, &reason);
                v.expected_record = EXPECTED_MISSED;
                v.expected = OUTCOME_FAIL;
        } else
                v.expected = decide(c->query, reference, c->exact, &v, &reason);
        return conclude(&v, &reason, ret);
}
