/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "judge/judge.h"
#include "log.h"
#include "text.h"
#include "watch/state.h"

static const char *const expected_findings[] = {
        [EXPECTED_GONE] = "; no such record exists any more: it was deleted, or the expectation is "
                          "stale",
        [EXPECTED_UNFOUND] = "; the collection holds such a record: others are nearer, or search "
                             "does not reach it",
        [EXPECTED_FILTERED] = "; the collection holds such a record, but the filter excludes it",
        [EXPECTED_UNREACHED] = "; but the collection holds such a record that passes it: search "
                               "does not reach it",
        [EXPECTED_REFUSED] = "; whether such a record exists could not be looked up",
};

/* What an inquest found out belongs to the sentence that says what is missing. */
static int explain_expected(struct query_state *s)
{
        _cleanup_text_ struct text t = {0};

        if (s->judgement.outcome != OUTCOME_FAIL || s->expected == EXPECTED_UNKNOWN)
                return 0;
        text_appendf(&t, "%s%s", s->judgement.reason ? s->judgement.reason : "not found",
                expected_findings[s->expected]);
        if (text_failed(&t))
                return -ENOMEM;
        free(s->judgement.reason);
        s->judgement.reason = text_take(&t, NULL);
        return 0;
}

/* The reason as it was before. */
static void retract_expected(struct query_state *s)
{
        const char *finding = expected_findings[s->expected];
        char *end = finding && s->judgement.reason ? strstr(s->judgement.reason, finding) : NULL;

        if (end)
                *end = '\0';
        s->expected = EXPECTED_UNKNOWN;
}

/* What the query has to find where it expects nothing itself. */
static const struct answer *reference_of(const struct dossier *d, const struct query *q)
{
        const struct baseline_query *b = d->baseline ? baseline_find(d->baseline, q->id) : NULL;

        return b && streq(b->text, q->text) ? b->answer : NULL;
}

static int judge_query(struct dossier *d, size_t i, struct chroma_answer *got)
{
        struct query_state *s = &d->queries[i];
        const struct query *q = &d->config->queries->queries[i];
        bool same = got->answer ? answer_equal(got->answer, s->answer)
                                : s->judgement.outcome == OUTCOME_UNMEASURED;
        struct judgement v;
        int r = judge_answer(q, reference_of(d, q), got->answer, got->unmeasured, &d->config->bands,
                &s->band, &v);

        if (r < 0)
                return r;
        judgement_done(&s->judgement);
        s->judgement = v;
        s->same = same;
        if (v.outcome != OUTCOME_FAIL && v.outcome != OUTCOME_UNMEASURED)
                s->expected = EXPECTED_UNKNOWN;
        r = explain_expected(s);
        if (r < 0)
                return r;
        if (got->answer && !same) {
                answer_drop_metadata(got->answer);
                answer_unref(s->answer);
                s->answer = take_ptr(got->answer);
        }
        return 0;
}

/* After the view was concluded: histories have the outcomes that people are shown. */
static void record_histories(struct dossier *d, usec_t now)
{
        for (size_t i = 0; i < query_count(d); i++) {
                struct query_state *s = &d->queries[i];
                struct query_view *q = &d->view->queries[i];
                struct history_snapshot *snapshot = NULL;

                if (history_add(s->history, now, &q->judgement, s->same,
                            d->config->replay.history) >= 0)
                        snapshot = history_snapshot(s->history);
                if (!snapshot)
                        continue;
                history_snapshot_unref(q->history);
                q->history = snapshot;
        }
}

static void judge_all(struct dossier *d, struct replay_result *result)
{
        int r = 0;

        for (size_t i = 0; i < result->count && r >= 0; i++)
                r = judge_query(d, i, &result->answers[i]);
        if (r < 0)
                log_error("%s: cannot judge a replay: %s; its remaining queries keep their last "
                          "verdict",
                        d->config->label, strerror(-r));
}

/* The answers of the last replay: of a query that was not measured there is none. */
static struct answer **measured_answers(const struct dossier *d)
{
        struct answer **answers = dossier_answers(d);

        for (size_t i = 0; answers && i < query_count(d); i++)
                if (d->queries[i].judgement.outcome == OUTCOME_UNMEASURED)
                        answers[i] = NULL;
        return answers;
}

static int update_drift(struct dossier *d, const struct replay_result *result, unsigned changes,
        struct drift_view *ret)
{
        _cleanup_free_ struct query_drift *queries = calloc(query_count(d) + 1, sizeof(*queries));
        _cleanup_free_ struct answer **answers = measured_answers(d);

        if (!queries || !answers)
                return -ENOMEM;
        drift_update(d->drift, answers, result->epoch.records, result->ingesting,
                (changes & EPOCH_INGEST) != 0, ret, queries);
        for (size_t i = 0; i < query_count(d); i++)
                d->queries[i].drift = queries[i];
        return 0;
}

/* What the cause is judged from, and the arrays it lies in. */
struct input {
        struct attribution_input input;
        struct answer **answers;
        enum outcome *outcomes;
        double *distances, *limits;
};

static void input_done(struct input *in)
{
        free(in->answers);
        free(in->outcomes);
        free(in->distances);
        free(in->limits);
}

static int input_init(const struct dossier *d, bool ingested, struct input *ret)
{
        size_t n = query_count(d);
        _cleanup_(input_done) struct input in = {
                .answers = measured_answers(d),
                .outcomes = calloc(n + 1, sizeof(*in.outcomes)),
                .distances = calloc(n + 1, sizeof(double)),
                .limits = calloc(n + 1, sizeof(double)),
        };

        if (!in.answers || !in.outcomes || !in.distances || !in.limits)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                in.outcomes[i] = d->queries[i].judgement.outcome;
                in.distances[i] = d->queries[i].embedder_distance;
                in.limits[i] = d->queries[i].embedder_limit;
        }
        in.input = (struct attribution_input){
                .set = d->config->queries,
                .baseline = d->baseline,
                .answers = in.answers,
                .outcomes = in.outcomes,
                .epoch = d->view->epoch,
                .ingested = ingested,
                .ingesting = d->view->ingesting,
                .results = d->config->replay.results,
                .embedder_distances = in.distances,
                .embedder_limits = in.limits,
        };
        *ret = in;
        in = (struct input){0};
        return 0;
}

static void note_cause(struct dossier *d, enum cause before, usec_t now)
{
        const struct attribution *a = &d->view->attribution;
        _cleanup_text_ struct text t = {0};

        d->view->attributed = now;
        if (a->cause == before || !cause_name(a->cause))
                return;
        attribution_describe(a, &t);
        log_event(a->cause == CAUSE_NONE ? LOG_NOTICE : LOG_WARNING, LOG_ID_CAUSE,
                log_fields({"DRIFTWATCH_COLLECTION", d->config->label},
                        {"DRIFTWATCH_CAUSE", cause_name(a->cause)}),
                "%s: cause %s: %s %s", d->config->label, cause_name(a->cause),
                cause_meaning(a->cause), text_failed(&t) ? "" : text_string(&t));
}

/* Judges the cause of the current, not yet shared view; whether to ask for it. */
static bool consider(struct dossier *d, bool news, bool ingested, usec_t now)
{
        _cleanup_(input_done) struct input in = {0};
        enum cause before = d->view->attribution.cause;
        bool ask = false;
        int r = input_init(d, ingested, &in);

        if (r >= 0)
                r = reasoning_consider(&d->reasoning, &in.input, &d->view->drift, news, now,
                        &d->view->attribution, &ask);
        if (r < 0)
                log_error("%s: cannot judge the cause: %s", d->config->label, strerror(-r));
        else if (!ask)
                note_cause(d, before, now);
        return ask;
}

/* Why there are no vectors yet is the embedder's to say. */
static void blame_embedder(const struct dossier *d, struct replay_result *result)
{
        const char *error = d->view->embedder.error;

        if (!error || !streq(result->failure, "no_vectors"))
                return;
        error_done(&result->error);
        (void)error_set(&result->error, -ENODATA, "%s: none of its queries has a vector yet: %s",
                d->config->label, error);
}

static const char *first_refused(const struct replay_result *result)
{
        for (size_t i = 0; i < result->count; i++)
                if (result->answers[i].refused)
                        return result->answers[i].unmeasured;
        return "";
}

/* On changes only: the first failure, another kind of failure, the recovery. */
static void log_outcome(const struct dossier *d, const struct replay_result *result)
{
        const struct collection_view *old = d->view;
        const struct log_field *fields = log_fields({"DRIFTWATCH_COLLECTION", d->config->label},
                {"DRIFTWATCH_SERVER", d->config->server->name},
                {"DRIFTWATCH_REASON", result->failure});

        if (result->failure && !streq(old->last_error, result->error.message))
                log_event(LOG_WARNING, LOG_ID_REPLAY_FAILED, fields, "replay failed: %s",
                        error_text(&result->error, -EIO));
        else if (!result->failure && old->last_error)
                log_event(LOG_NOTICE, LOG_ID_REPLAY_RECOVERED, fields,
                        "%s: replays succeed again, %zu queries", d->config->label, result->count);
        if (!result->failure && result->refused > 0 && result->refused != old->refused)
                log_warning("%s: the server refuses %zu of %zu queries; %s", d->config->label,
                        result->refused, result->count, first_refused(result));
        if (result->note && !old->note)
                log_info("%s: %s", d->config->label, result->note);
}

static void note_result(
        const struct dossier *d, struct collection_view *v, struct replay_result *result)
{
        v->replayed = true;
        v->replays++;
        v->up = result->reached;
        v->last_started = result->started;
        v->last_finished = result->started + result->duration;
        v->last_duration = result->duration;
        free(v->last_error);
        v->last_error = take_ptr(result->error.message);
        free(v->note);
        v->note = take_ptr(result->note);
        v->refused = result->refused;
        if (result->failure) {
                v->failed_replays++;
                reason_count_add(v->failures, result->failure);
        } else
                v->last_success = v->last_finished;
}

static void count_outcomes(struct collection_view *v)
{
        for (size_t i = 0; i < v->query_set->count; i++) {
                enum outcome o = v->queries[i].judgement.outcome;

                v->canonical_total += o != OUTCOME_UNMEASURED && o != OUTCOME_UNJUDGED;
                v->canonical_good_total += o == OUTCOME_PASS;
        }
}

/* A replay without answers has its cause already: the distance cannot be compared, the index cannot
 * be searched, or nothing answered. A collection that is not there is none of these, nor is a
 * request that the server does not take. */
static void note_failure(struct dossier *d, const char *failure, usec_t now)
{
        static const struct {
                const char *failure;
                enum cause cause;
        } causes[] = {{"dimension", CAUSE_METRIC}, {"not_found", CAUSE_UNKNOWN},
                {"no_vectors", CAUSE_UNKNOWN}, {"refused", CAUSE_UNKNOWN}, {"quota", CAUSE_UNKNOWN},
                {"index", CAUSE_INDEX_LOSS}};
        struct attribution *a = &d->view->attribution;
        enum cause before = a->cause;

        attribution_init(a);
        a->cause = CAUSE_TRANSPORT;
        for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
                if (streq(causes[i].failure, failure))
                        a->cause = causes[i].cause;
        a->evidence.queries = query_count(d);
        for (size_t i = 0; i < query_count(d); i++)
                a->evidence.unanswered += d->queries[i].judgement.outcome == OUTCOME_UNMEASURED;
        reasoning_reset(&d->reasoning);
        note_cause(d, before, now);
}

/* Told again only after a while: what goes on changing is one piece of news. */
static void note_unprovoked(const struct dossier *d, struct collection_view *v, usec_t now)
{
        if (!v->drift.unprovoked)
                return;
        if (v->unprovoked_at == 0 || now >= v->unprovoked_at + REASONING_INTERVAL)
                log_event(LOG_WARNING, NULL,
                        log_fields({"DRIFTWATCH_COLLECTION", d->config->label}),
                        "%s: answers changed although nothing was ingested: the index was rebuilt "
                        "or lost something, or records were edited in place",
                        d->config->label);
        v->unprovoked_at = now;
}

void dossier_replayed(struct dossier *d, struct replay_result *result, struct inquest **ret_inquest)
{
        unsigned changes = d->view->epoch.id ? epoch_compare(&d->view->epoch, &result->epoch) : 0;
        usec_t now = result->started + result->duration;
        struct drift_view drift = d->view->drift;
        struct collection_view *v;
        int r = 0;

        *ret_inquest = NULL;
        dossier_note_calm(d, result, changes);
        blame_embedder(d, result);
        log_outcome(d, result);
        judge_all(d, result);
        if (!result->failure)
                r = update_drift(d, result, changes, &drift);
        if (r < 0)
                log_error(
                        "%s: cannot compare with the baseline: %s", d->config->label, strerror(-r));
        v = dossier_next_view(d);
        if (!v)
                return;
        v->drift = drift;
        if (!result->failure)
                note_unprovoked(d, v, now);
        dossier_note_epoch(d, v, result);
        note_result(d, v, result);
        if (result->reached && v->epoch.id)
                v->epoch_changes = dossier_compare_reference(d, &v->epoch, now);
        dossier_show(d, v);
        if (d->sentinel_count == 0)
                dossier_choose_sentinels(d);
        if (result->failure)
                note_failure(d, result->failure, now);
        else if (consider(d, false, (changes & EPOCH_INGEST) != 0, now))
                *ret_inquest = &d->reasoning.inquest;
        dossier_conclude(d, now);
        record_histories(d, result->started);
        count_outcomes(d->view);
        if (!*ret_inquest)
                dossier_note_rebuilt(d);
}

void dossier_set_due(struct dossier *d, usec_t due)
{
        d->view->next_due = due;
}

/* Nothing was found at all, where only a filter can be why. */
static bool is_empty_handed(const struct query_state *s)
{
        return isnan(s->judgement.distance);
}

static enum expected_record classify_missing(const struct missing *m, const struct query_state *s)
{
        if (m->refused)
                return EXPECTED_REFUSED;
        if (!m->exists)
                return EXPECTED_GONE;
        if (m->filtered_out)
                return EXPECTED_FILTERED;
        return is_empty_handed(s) ? EXPECTED_UNREACHED : EXPECTED_UNFOUND;
}

/* What became of the expected records of queries that fail. */
static void take_missing(struct dossier *d)
{
        const struct inquest *q = &d->reasoning.inquest;

        for (size_t i = 0; i < q->missing_count; i++) {
                struct query_state *s = &d->queries[q->missing[i].query];

                if (!q->missing[i].looked_up && !q->missing[i].refused)
                        continue;
                retract_expected(s);
                s->expected = classify_missing(&q->missing[i], s);
                if (explain_expected(s) < 0)
                        s->expected = EXPECTED_UNKNOWN;
        }
}

void dossier_inquired(struct dossier *d, const char *error, usec_t now)
{
        _cleanup_(input_done) struct input in = {0};
        enum cause before = d->view->attribution.cause;
        struct collection_view *v;
        int r;

        if (error && !d->view->attribution.unfinished)
                log_warning("%s: the cause is judged from the answers alone: %s", d->config->label,
                        error);
        take_missing(d);
        v = dossier_next_view(d);
        if (!v)
                return;
        dossier_show(d, v);
        r = input_init(d, false, &in);
        if (r >= 0)
                r = reasoning_decide(&d->reasoning, &in.input, !error, &v->attribution);
        if (r < 0)
                log_error("%s: cannot judge the cause: %s", d->config->label, strerror(-r));
        else
                note_cause(d, before, now);
        dossier_conclude(d, now);
        dossier_note_rebuilt(d);
}

bool dossier_surveyed(
        struct dossier *d, const struct survey_result *result, usec_t now, bool *ret_calm)
{
        struct collection_view *v;

        *ret_calm = false;
        if (result->failure || !d->view->epoch.id)
                return false;
        if (epoch_compare(&d->view->epoch, &result->epoch) != 0) {
                d->calm = 0;
                return true;
        }
        if (d->view->epoch.sentinels == 0)
                dossier_note_sentinels(d, result->epoch.sentinels);
        d->calm = MIN(d->calm + 1, DOSSIER_CALM);
        if (!d->view->ingest_under_way || d->calm < DOSSIER_CALM)
                return false;
        v = dossier_next_view(d);
        if (!v)
                return false;
        dossier_show(d, v);
        dossier_conclude(d, now);
        *ret_calm = true;
        return false;
}

void dossier_probed(struct dossier *d, struct probe_result *result, usec_t now)
{
        struct collection_view *v = dossier_next_view(d);

        if (!v)
                return;
        v->failed_probes += result->failure != NULL;
        if (result->failure) {
                free(v->health.error);
                v->health.error = take_ptr(result->error.message);
                /* The index that a later question fails on is the one to know this of. */
                if (result->health.unreachable >= 0) {
                        v->health.records = result->health.records;
                        v->health.unreachable = result->health.unreachable;
                        v->health.capped = result->health.capped;
                        v->health.at = now;
                }
        } else {
                index_health_done(&v->health);
                v->health = result->health;
                v->health.at = now;
                index_health_init(&result->health);
        }
        dossier_show(d, v);
        dossier_conclude(d, now);
}

void dossier_embedded(struct dossier *d, struct embed_result *result, usec_t now)
{
        struct collection_view *v;

        if (!result->failure) {
                vector_set_unref(d->fresh);
                d->fresh = take_ptr(result->vectors);
                dossier_measure_embedder(d);
                if (dossier_merge_vectors(d) < 0)
                        log_error("%s: out of memory: the fresh vectors are not used",
                                d->config->label);
        } else if (!d->view->embedder.error)
                log_warning("%s: %s", d->config->label, error_text(&result->error, -EIO));
        v = dossier_next_view(d);
        if (!v)
                return;
        free(v->embedder.error);
        v->embedder.error = result->failure ? take_ptr(result->error.message) : NULL;
        if (!result->failure) {
                v->embedder.at = now;
                dossier_note_embedder(d, &v->embedder);
        }
        dossier_show(d, v);
        if (!result->failure && v->replayed && !v->last_error)
                (void)consider(d, true, false, now);
        dossier_conclude(d, now);
}

void dossier_replayed_fresh(struct dossier *d, const struct replay_result *result)
{
        struct collection_view *v = dossier_next_view(d);

        if (!v)
                return;
        memset(v->embedder.outcomes, 0, sizeof(v->embedder.outcomes));
        v->embedder.replayed = !result->failure;
        for (size_t i = 0; i < result->count; i++) {
                const struct chroma_answer *got = &result->answers[i];
                struct band_state state;
                struct judgement judgement;
                const struct query *q = &d->config->queries->queries[i];

                band_state_init(&state);
                if (judge_answer(q, reference_of(d, q), got->answer, got->unmeasured,
                            &d->config->bands, &state, &judgement) < 0)
                        continue;
                v->embedder.outcomes[judgement.outcome]++;
                judgement_done(&judgement);
        }
        dossier_show(d, v);
}
