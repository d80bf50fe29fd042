/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/recorder.h"

#include <errno.h>
#include <math.h>

#include "judge/candidate.h"
#include "judge/embedder.h"
#include "judge/epoch.h"
#include "judge/floor.h"
#include "judge/incident.h"
#include "text.h"

struct recorder {
        const struct query_set *set;
        struct answer **samples[CANDIDATE_NOISY]; /* answers of every query, references: the last
                                                     ones of one collection */
        size_t count;
        size_t still; /* the last of them between which nothing changed */
        bool stable, moving, hurried;
        struct epoch epoch; /* of the last sample */
        char *changes;
};

struct recorder *recorder_new(const struct query_set *set)
{
        struct recorder *r = calloc(1, sizeof(*r));

        if (r) {
                r->set = set;
                epoch_init(&r->epoch);
        }
        return r;
}

static void sample_free(const struct recorder *r, struct answer **sample)
{
        for (size_t i = 0; sample && i < r->set->count; i++)
                answer_unref(sample[i]);
        free(sample);
}

static void forget(struct recorder *r)
{
        while (r->count > 0)
                sample_free(r, r->samples[--r->count]);
}

struct recorder *recorder_free(struct recorder *r)
{
        if (!r)
                return NULL;
        forget(r);
        epoch_done(&r->epoch);
        free(r->changes);
        free(r);
        return NULL;
}

static void forget_oldest(struct recorder *r)
{
        sample_free(r, r->samples[0]);
        r->count--;
        memmove(r->samples, r->samples + 1, r->count * sizeof(*r->samples));
}

static int add(struct recorder *r, const struct collection_view *view)
{
        struct answer **sample = calloc(r->set->count + 1, sizeof(struct answer *));

        if (!sample)
                return -ENOMEM;
        for (size_t i = 0; i < r->set->count; i++)
                if (view->queries[i].judgement.outcome != OUTCOME_UNMEASURED)
                        sample[i] = answer_ref(view->queries[i].answer);
        if (r->count == CANDIDATE_NOISY)
                forget_oldest(r);
        r->samples[r->count++] = sample;
        return 0;
}

/* A sample of another epoch is the first of new ones; of another collection, the only one. */
static int check_epoch(struct recorder *r, const struct collection_view *view)
{
        unsigned changes = r->epoch.id ? epoch_compare(&r->epoch, &view->epoch) : 0;
        _cleanup_text_ struct text t = {0};

        if (r->epoch.id && changes == 0)
                return 0;
        if (changes != 0) {
                epoch_describe(changes, &r->epoch, &view->epoch, &t);
                free(r->changes);
                r->changes = text_take(&t, NULL);
        }
        r->still = 0;
        if (changes & (EPOCH_REPLACED | EPOCH_SPACE | EPOCH_CONFIGURATION))
                forget(r);
        epoch_done(&r->epoch);
        return epoch_copy(&view->epoch, &r->epoch);
}

/* Enough of a collection that never stands still. */
static bool settle(struct recorder *r, size_t enough)
{
        r->moving = r->count >= enough;
        r->stable &= !r->moving;
        return r->moving;
}

static enum recorder_state judge_still(struct recorder *r)
{
        struct answer *const *const *samples = (struct answer *const *const *)r->samples;

        /* Answers that differed once may agree three times by chance. */
        if (r->still <= CANDIDATE_EQUAL)
                r->stable =
                        candidate_stable(samples + r->count - r->still, r->still, r->set->count);
        if (r->stable || r->still == CANDIDATE_NOISY)
                return RECORDER_DONE;
        if (r->still >= CANDIDATE_EQUAL)
                return RECORDER_AGAIN;
        return r->hurried && settle(r, CANDIDATE_NOISY) ? RECORDER_DONE : RECORDER_WAIT;
}

int recorder_take(struct recorder *r, const struct collection_view *view, enum recorder_state *ret)
{
        int code;

        if (view->last_error) {
                *ret = RECORDER_FAILED;
                return 0;
        }
        code = check_epoch(r, view);
        if (code >= 0)
                code = add(r, view);
        if (code < 0)
                return code;
        r->still = view->ingesting ? 0 : r->still + 1;
        *ret = judge_still(r);
        return 0;
}

void recorder_hurry(struct recorder *r)
{
        r->hurried = true;
}

bool recorder_settle(struct recorder *r)
{
        return settle(r, RECORDER_MOVING_MIN);
}

bool recorder_moving(const struct recorder *r)
{
        return r->moving;
}

const char *recorder_changes(const struct recorder *r)
{
        return r->changes ? r->changes : "";
}

bool recorder_stable(const struct recorder *r)
{
        return r->stable;
}

/* What it differs from itself, and from what is pinned. An embedder that has moved already has no
 * noise, but a shift; one that gives another vector each time has no limit that could help. */
static void note_embedder(struct baseline *b, const struct collection_view *view)
{
        for (size_t i = 0; i < view->query_set->count; i++) {
                const struct query_view *v = &view->queries[i];
                double limit = isnan(v->embedder_limit) ? EMBEDDER_EPSILON : v->embedder_limit;
                double pinned = v->embedder_distance <= limit ? v->embedder_distance : NAN;
                double noise = fmax(v->embedder_noise, pinned);
                struct baseline_query *q =
                        (struct baseline_query *)baseline_find(b, view->query_set->queries[i].id);

                if (q && noise <= EMBEDDER_NOISE_MAX)
                        q->embedder_noise = noise;
        }
}

static int measure(const struct recorder *r, const struct collection_view *view,
        struct vector_set *vectors, struct baseline **ret)
{
        size_t n = r->set->count, count = r->moving ? r->count : r->still;
        _cleanup_free_ enum outcome *outcomes = calloc(n + 1, sizeof(*outcomes));
        _cleanup_free_ unsigned *ranks = calloc(n + 1, sizeof(*ranks));
        const struct candidate_input input = {
                .collection = view->label,
                .name = view->name,
                .set = r->set,
                .vectors = vectors,
                .epoch = &r->epoch,
                .samples = (struct answer *const *const *)r->samples + r->count - count,
                .count = count,
                .outcomes = outcomes,
                .ranks = ranks,
                .results = view->results,
                .recorded = view->last_finished,
        };
        int code;

        if (!outcomes || !ranks)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                outcomes[i] = view->queries[i].judgement.outcome;
                ranks[i] = view->queries[i].judgement.expected_rank;
        }
        code = candidate_new(&input, ret);
        if (code >= 0)
                (*ret)->floor = floor_of_replays(view, input.samples, count, n);
        return code;
}

int recorder_candidate(const struct recorder *r, const struct collection_view *view,
        struct vector_set *vectors, struct baseline *approved, bool new_only, struct baseline **ret,
        struct error *e)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL, *merged = NULL;
        int code = measure(r, view, vectors, &b);

        if (code < 0)
                return error_set(e, code, "%s: the candidate cannot be made: %s", view->label,
                        strerror(-code));
        note_embedder(b, view);
        if (new_only && approved) {
                code = candidate_merge(approved, b, &merged);
                if (code < 0)
                        return error_set(e, code,
                                "%s: the queries of baseline %u cannot be taken over: it was "
                                "recorded with %u results and %u dimensions; propose all of them",
                                view->label, approved->number, approved->results,
                                approved->vectors ? approved->vectors->dimension : 0);
                merged->floor = approved->floor;
                floor_keep_worst(&merged->floor, &b->floor);
                baseline_unref(b);
                b = take_ptr(merged);
        }
        code = approved ? candidate_keep_unasked(approved, b) : 0;
        if (code < 0)
                return error_set(e, code, "%s: the candidate cannot be made: %s", view->label,
                        strerror(-code));
        b->number = approved ? approved->number + 1 : 1;
        /* Also of what is taken over: the new answers come through this index. */
        b->unreachable = view->health.unreachable;
        b->copies = view->health.copies;
        b->recall = view->health.recall;
        b->attribution = view->attribution;
        b->cause_count = incident_causes(view, b->causes);
        b->fates = fates_ref(view->fates);
        *ret = take_ptr(b);
        return 0;
}
