/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "judge/embedder.h"
#include "judge/judge.h"
#include "log.h"
#include "text.h"
#include "watch/state.h"

/* What the query has to find where it expects nothing itself. */
static const struct answer *reference_of(const struct dossier *d, const struct query *q)
{
        const struct baseline_query *b = dossier_known(d, q);

        return b ? b->answer : NULL;
}

static int judge_query(struct dossier *d, size_t i, struct results_row *got)
{
        struct query_state *s = &d->queries[i];
        const struct query *q = &d->config->queries->queries[i];
        bool same = got->answer ? answer_equal(got->answer, s->answer)
                                : s->judgement.outcome == OUTCOME_UNMEASURED;
        const char *unmeasured = got->unmeasured && s->no_vector ? s->no_vector : got->unmeasured;
        struct judgement v;
        int r;

        s->band_before = s->band;
        r = judge_answer(q, reference_of(d, q), got->answer, unmeasured, &d->bands, &s->band, &v);

        if (r < 0)
                return r;
        if (v.outcome == OUTCOME_FAIL || v.outcome == OUTCOME_UNMEASURED)
                v.expected_record = s->judgement.expected_record;
        judgement_done(&s->judgement);
        s->judgement = v;
        s->same = same;
        dossier_hold_band(d, s);
        if (got->answer)
                s->rank = v.expected_rank;
        if (got->answer && !same) {
                answer_drop_metadata(got->answer);
                answer_unref(s->answer);
                s->answer = take_ptr(got->answer);
        }
        return dossier_arbitrate(d, i);
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

static int update_drift(struct dossier *d, const struct replay_result *result, unsigned changes,
        struct drift_view *ret)
{
        _cleanup_free_ struct query_drift *queries = calloc(query_count(d) + 1, sizeof(*queries));
        _cleanup_free_ struct answer **answers = dossier_exact_answers(d);

        if (!queries || !answers)
                return -ENOMEM;
        drift_update(d->drift, answers, result->epoch.records, d->held,
                (changes & EPOCH_INGEST) != 0, ret, queries);
        for (size_t i = 0; i < query_count(d); i++)
                d->queries[i].drift = queries[i];
        return 0;
}

/* Why there are no vectors yet is the embedder's to say. */
static void blame_embedder(const struct dossier *d, struct replay_result *result)
{
        const char *error = d->view->embedder.error;

        if (!streq(result->failure, "no_vectors"))
                return;
        for (size_t i = 0; !error && i < query_count(d); i++)
                error = d->queries[i].no_vector;
        if (!error)
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

/* Only the first failure in a row is for everybody: the end of it is the daemon's to tell, and how
 * it goes on for who looks closely. */
static void log_outcome(const struct dossier *d, const struct replay_result *result)
{
        const struct collection_view *old = d->view;
        const struct log_field *fields = log_fields({"DRIFTWATCH_COLLECTION", d->config->label},
                {"DRIFTWATCH_SERVER", d->config->server->name},
                {"DRIFTWATCH_REASON", result->failure});

        if (result->failure && !streq(old->last_error, result->error.message))
                log_event(old->last_error ? LOG_DEBUG : LOG_WARNING, LOG_ID_REPLAY_FAILED, fields,
                        "replay failed: %s", error_text(&result->error, -EIO));
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

/* Told again only after a while: what goes on changing is one piece of news. */
static void note_unprovoked(const struct dossier *d, struct collection_view *v, usec_t now)
{
        if (!v->drift.unprovoked)
                return;
        if (v->unprovoked_at == 0 || now >= v->unprovoked_at + INVESTIGATION_INTERVAL)
                log_event(LOG_DEBUG, NULL, log_fields({"DRIFTWATCH_COLLECTION", d->config->label}),
                        "%s: answers changed although nothing was ingested: the index was rebuilt "
                        "or lost something, or records were edited in place",
                        d->config->label);
        v->unprovoked_at = now;
}

void dossier_replayed(
        struct dossier *d, struct replay_result *result, struct suspects **ret_suspects)
{
        unsigned changes = d->view->epoch.id ? epoch_compare(&d->view->epoch, &result->epoch) : 0;
        usec_t now = result->started + result->duration;
        struct drift_view drift = d->view->drift;
        struct collection_view *v;
        int r = 0;

        *ret_suspects = NULL;
        dossier_note_look(d, result, now);
        if (result->epoch.id && dossier_choose_bands(d, result->epoch.space) < 0)
                log_error("%s: out of memory: its bands stay as they are", d->config->label);
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
        v->ingest_under_way = ingest_under_way(&d->ingest, now);
        note_result(d, v, result);
        if (d->given)
                dossier_note_embedder(d, v->epoch.space, &v->embedder);
        if (result->reached && v->epoch.id)
                v->epoch_changes = dossier_compare_reference(d, &v->epoch, now);
        dossier_show(d, v);
        if (d->sentinel_count == 0)
                dossier_choose_sentinels(d);
        if (result->failure)
                dossier_note_failure(d, result->failure, now);
        else if (dossier_consider(d, false, (changes & EPOCH_INGEST) != 0, now))
                *ret_suspects = &d->investigation.suspects;
        dossier_conclude(d, now);
        record_histories(d, result->started);
        count_outcomes(d->view);
        if (!*ret_suspects)
                dossier_note_rebuilt(d);
}

void dossier_set_due(struct dossier *d, usec_t due)
{
        d->view->next_due = due;
}

void dossier_ingested(struct dossier *d)
{
        ingest_end(&d->ingest);
}

usec_t dossier_excuse_ends(const struct dossier *d)
{
        return ingest_excuse_ends(d->view, d->policy.grace);
}

/* What the last replay saw is past, or the ingest in whose middle it was is over. */
static bool wants_replay(const struct dossier *d, const struct epoch *seen, usec_t now)
{
        const struct collection_view *v = d->view;

        return epoch_compare(&v->epoch, seen) != 0 ||
                (v->ingest_under_way && !ingest_under_way(&d->ingest, now));
}

bool dossier_surveyed(
        struct dossier *d, const struct survey_result *result, usec_t now, bool *ret_replay)
{
        bool changed;

        *ret_replay = false;
        if (streq(result->failure, "not_found"))
                ingest_look_away(&d->ingest, now);
        if (result->failure || !d->view->epoch.id)
                return false;
        changed = ingest_look(&d->ingest, &result->epoch, now) != 0;
        if (!changed && d->view->epoch.sentinels == 0)
                dossier_note_sentinels(d, result->epoch.sentinels);
        *ret_replay = !changed && wants_replay(d, &result->epoch, now);
        return changed;
}

/* Of a server that is away, and of a collection that is, replays speak. */
static bool only_probes_fail(const char *failure)
{
        static const char *const replays[] = {
                "connect", "timeout", "resolve", "tls", "reset", "not_found"};

        for (size_t i = 0; i < ARRAY_SIZE(replays); i++)
                if (streq(failure, replays[i]))
                        return false;
        return true;
}

/* The first failure in a row. */
static void log_probe(const struct dossier *d, const struct probe_result *result)
{
        bool news = !d->view->health.error && only_probes_fail(result->failure);

        log_event(news ? LOG_WARNING : LOG_DEBUG, NULL,
                log_fields({"DRIFTWATCH_COLLECTION", d->config->label}),
                "%s: the index could not be probed: %s", d->config->label,
                error_text(&result->error, -EIO));
}

void dossier_probed(struct dossier *d, struct probe_result *result, usec_t now)
{
        struct collection_view *v = dossier_next_view(d);

        if (result->failure)
                log_probe(d, result);
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
                        v->health.sample = result->health.sample;
                        v->health.copies = result->health.copies;
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

void dossier_warn(const struct dossier *d)
{
        unsigned results = d->config->replay.results;

        if (d->baseline && results < d->baseline->results)
                log_warning("%s: %u results are asked for, but baseline %u was recorded with %u: "
                            "only the best of them is compared with it, and the set's drift is "
                            "not seen; propose a new baseline",
                        d->config->label, results, d->baseline->number, d->baseline->results);
}

int dossier_refuse_baseline(struct dossier *d, const char *error)
{
        struct collection_view *v = dossier_same_view(d);

        if (!v)
                return -ENOMEM;
        free(take_ptr(v->baseline_error));
        dossier_show(d, v);
        return strdup_to(&v->baseline_error, error);
}

/* True when a query has a vector now that had none. */
static bool take_fresh(struct dossier *d, struct embed_result *result)
{
        _cleanup_(vector_set_unrefp) struct vector_set *before = d->fresh;
        int r;

        d->fresh = take_ptr(result->vectors);
        for (size_t i = 0; i < query_count(d); i++) {
                free(d->queries[i].refused);
                d->queries[i].refused = NULL;
        }
        for (size_t i = 0; i < result->refused; i++)
                d->queries[result->refusals[i].text].refused = take_ptr(result->refusals[i].reason);
        r = dossier_take_given(d);
        if (r >= 0)
                r = dossier_merge_vectors(d);
        if (r < 0)
                log_error("%s: out of memory: the fresh vectors are not used", d->config->label);
        dossier_measure_embedder(d);
        if (d->repeating && before)
                dossier_measure_noise(d, before);
        return r > 0;
}

static void note_refusals(
        const struct dossier *d, const struct embed_result *result, struct embedder_view *e)
{
        free(e->unanswered_query);
        free(e->unanswered_reason);
        e->unanswered_query = e->unanswered_reason = NULL;
        e->unanswered = result->refused;
        for (size_t i = 0; i < query_count(d) && !e->unanswered_query; i++)
                if (d->queries[i].refused &&
                        (strdup_to(&e->unanswered_query, d->config->queries->queries[i].id) < 0 ||
                                strdup_to(&e->unanswered_reason, d->queries[i].refused) < 0))
                        return;
}

/* On changes only. */
static void log_embedder(const struct dossier *d, const struct embed_result *result)
{
        const struct embedder_view *old = &d->view->embedder;

        if (result->failure && !old->error)
                log_warning("%s: %s", d->config->label, error_text(&result->error, -EIO));
        else if (!result->failure && old->error)
                log_info("%s: embedder %s answers again", d->config->label, old->name);
        if (!result->failure && result->refused > 0 && old->unanswered != result->refused)
                log_warning("%s: embedder %s has no vector for %zu %s; query \"%s\": %s",
                        d->config->label, old->name, result->refused,
                        plural(result->refused, "query", "queries"),
                        d->config->queries->queries[result->refusals[0].text].id,
                        result->refusals[0].reason);
}

bool dossier_embedded(struct dossier *d, struct embed_result *result, usec_t now)
{
        struct collection_view *v;
        bool more = false;

        log_embedder(d, result);
        if (!result->failure)
                more = take_fresh(d, result);
        v = dossier_next_view(d);
        if (!v)
                return more;
        free(v->embedder.error);
        v->embedder.error = result->failure ? take_ptr(result->error.message) : NULL;
        if (!result->failure) {
                v->embedder.at = now;
                v->embedder.failing_since = 0;
                note_refusals(d, result, &v->embedder);
                dossier_note_embedder(d, v->epoch.space, &v->embedder);
        } else if (v->embedder.failing_since == 0)
                v->embedder.failing_since = now;
        dossier_show(d, v);
        if (!result->failure && v->replayed && !v->last_error)
                (void)dossier_consider(d, true, false, now);
        dossier_conclude(d, now);
        return more;
}

void dossier_replayed_fresh(struct dossier *d, const struct replay_result *result)
{
        struct collection_view *v = dossier_same_view(d);

        if (!v)
                return;
        memset(v->embedder.outcomes, 0, sizeof(v->embedder.outcomes));
        v->embedder.replayed = !result->failure;
        for (size_t i = 0; i < result->count; i++) {
                const struct results_row *got = &result->answers[i];
                struct band_state state;
                struct judgement judgement;
                const struct query *q = &d->config->queries->queries[i];

                band_state_init(&state);
                if (judge_answer(q, reference_of(d, q), got->answer, got->unmeasured, &d->bands,
                            &state, &judgement) < 0)
                        continue;
                v->embedder.outcomes[judgement.outcome]++;
                judgement_done(&judgement);
        }
        dossier_show(d, v);
}
