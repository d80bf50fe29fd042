/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <errno.h>
#include <math.h>

#include "ask/replay.h"
#include "ask/schedule.h"
#include "clock.h"
#include "judge/judge.h"
#include "log.h"

struct query_state {
        struct band_state band;
        struct history *history;
        struct answer *answer; /* the last valid one */
        struct verdict verdict;
};

struct watch {
        const struct collection_config *config;
        struct http_client *client;
        const struct watch_owner *owner;
        struct replay_target target;
        struct replay *replay; /* under way, or NULL */
        struct schedule schedule;
        usec_t due; /* CLOCK_BOOTTIME */
        struct query_state *queries;
        struct collection_view *view;
};

static size_t query_count(const struct watch *w)
{
        return w->config->queries->count;
}

static int state_init(struct query_state *s)
{
        band_state_init(&s->band);
        verdict_init(&s->verdict);
        s->history = history_new();
        return s->history ? 0 : -ENOMEM;
}

static void state_done(struct query_state *s)
{
        history_free(s->history);
        answer_unref(s->answer);
        verdict_done(&s->verdict);
}

/* The part of a view that does not change between replays. */
static int view_describe(const struct watch *w, struct collection_view *v)
{
        const struct collection_config *c = w->config;
        int r = strdup_to(&v->label, c->label);

        v->query_set = query_set_ref(c->queries);
        v->interval_usec = c->replay.interval;
        v->results = c->replay.results;
        if (r >= 0)
                r = strdup_to(&v->name, c->name);
        if (r >= 0)
                r = strdup_to(&v->server, c->server->name);
        if (r >= 0)
                r = strdup_to(&v->url, c->peer.url);
        if (r >= 0)
                r = bands_copy(&c->bands, &v->bands);
        return r;
}

/* Counters and facts that go on from one view to the next. */
static int view_continue(const struct collection_view *old, struct collection_view *v)
{
        int r = epoch_copy(&old->epoch, &v->epoch);

        if (r >= 0)
                r = strdup_to(&v->last_error, old->last_error);
        v->replays = old->replays;
        v->failed_replays = old->failed_replays;
        memcpy(v->failures, old->failures, sizeof(v->failures));
        v->replayed = old->replayed;
        v->up = old->up;
        v->last_started = old->last_started;
        v->last_finished = old->last_finished;
        v->last_success = old->last_success;
        v->last_duration = old->last_duration;
        v->next_due = old->next_due;
        v->canonical_total = old->canonical_total;
        v->canonical_good_total = old->canonical_good_total;
        v->replaced = old->replaced;
        v->replaced_at = old->replaced_at;
        return r;
}

static int view_queries(const struct watch *w, struct collection_view *v)
{
        for (size_t i = 0; i < query_count(w); i++) {
                struct query_state *s = &w->queries[i];
                int r = verdict_copy(&s->verdict, &v->queries[i].verdict);

                if (r < 0)
                        return r;
                v->queries[i].answer = answer_ref(s->answer);
                v->queries[i].history = history_snapshot(s->history);
                if (!v->queries[i].history)
                        return -ENOMEM;
        }
        return 0;
}

/* A new view of the watch as it is, with the counters of `old` (NULL: none yet). */
static int view_build(
        const struct watch *w, const struct collection_view *old, struct collection_view **ret)
{
        _cleanup_(collection_view_unrefp) struct collection_view *v =
                collection_view_new(query_count(w));
        int r = v ? view_describe(w, v) : -ENOMEM;

        if (r >= 0 && old)
                r = view_continue(old, v);
        if (r >= 0)
                r = view_queries(w, v);
        if (r >= 0)
                *ret = take_ptr(v);
        return r;
}

int watch_new(const struct collection_config *config, struct http_client *client,
        const struct watch_owner *owner, struct watch **ret)
{
        _cleanup_(watch_freep) struct watch *w = calloc(1, sizeof(*w));
        int r = 0;

        if (!w)
                return -ENOMEM;
        w->config = config;
        w->client = client;
        w->owner = owner;
        w->target = (struct replay_target){
                .label = config->label,
                .collection = config->name,
                .tenant = config->server->tenant,
                .database = config->server->database,
                .peer = &config->peer,
                .queries = config->queries,
                .vectors = config->vectors,
                .results = config->replay.results,
                .batch = config->replay.batch,
        };
        schedule_init(&w->schedule, config->label, config->replay.interval);
        w->queries = calloc(query_count(w) + 1, sizeof(*w->queries));
        if (!w->queries)
                return -ENOMEM;
        for (size_t i = 0; i < query_count(w) && r >= 0; i++)
                r = state_init(&w->queries[i]);
        if (r >= 0)
                r = view_build(w, NULL, &w->view);
        if (r >= 0)
                *ret = take_ptr(w);
        return r;
}

struct watch *watch_free(struct watch *w)
{
        if (!w)
                return NULL;
        replay_free(w->replay);
        for (size_t i = 0; w->queries && i < query_count(w); i++)
                state_done(&w->queries[i]);
        free(w->queries);
        collection_view_unref(w->view);
        free(w);
        return NULL;
}

/* Query ids of a set, sorted, so that carrying state over stays cheap with many queries. */
struct id_index {
        const char *id;
        size_t i;
};

static int compare_ids(const void *a, const void *b)
{
        return strcmp(((const struct id_index *)a)->id, ((const struct id_index *)b)->id);
}

static struct id_index *index_ids(const struct query_set *set)
{
        struct id_index *index = calloc(set->count + 1, sizeof(*index));

        for (size_t i = 0; index && i < set->count; i++)
                index[i] = (struct id_index){set->queries[i].id, i};
        if (index)
                qsort(index, set->count, sizeof(*index), compare_ids);
        return index;
}

static void adopt_state(struct query_state *to, struct query_state *from, bool same_bands)
{
        struct query_state swap = *to;

        *to = *from;
        *from = swap;
        if (!same_bands)
                band_state_init(&to->band);
}

int watch_adopt(struct watch *w, struct watch *old)
{
        const struct query_set *old_set = old->config->queries;
        _cleanup_free_ struct id_index *index = index_ids(old_set);
        struct collection_view *view;
        bool same_bands = bands_equal(&w->config->bands, &old->config->bands);
        int r;

        if (!index)
                return -ENOMEM;
        for (size_t i = 0; i < query_count(w); i++) {
                struct id_index key = {w->config->queries->queries[i].id, 0};
                struct id_index *found =
                        bsearch(&key, index, old_set->count, sizeof(key), compare_ids);

                if (found)
                        adopt_state(&w->queries[i], &old->queries[found->i], same_bands);
        }
        if (!old->replay && old->view->replayed &&
                w->config->replay.interval == old->config->replay.interval) {
                w->due = old->due;
                w->schedule.failures = old->schedule.failures;
        }
        r = view_build(w, old->view, &view);
        if (r < 0)
                return r;
        collection_view_unref(w->view);
        w->view = view;
        return 0;
}

static int judge_query(struct watch *w, size_t i, struct chroma_answer *got, usec_t now)
{
        struct query_state *s = &w->queries[i];
        const struct query *q = &w->config->queries->queries[i];
        bool same = got->answer ? answer_equal(got->answer, s->answer)
                                : s->verdict.outcome == OUTCOME_UNMEASURED;
        struct verdict v;
        int r = judge_answer(q, got->answer, got->unmeasured, &w->config->bands, &s->band, &v);

        if (r < 0)
                return r;
        verdict_done(&s->verdict);
        s->verdict = v;
        if (got->answer && !same) {
                answer_drop_metadata(got->answer);
                answer_unref(s->answer);
                s->answer = take_ptr(got->answer);
        }
        return history_add(s->history, now, &s->verdict, same, w->config->replay.history);
}

static void judge_all(struct watch *w, struct replay_result *result)
{
        usec_t now = result->started;
        int r = 0;

        for (size_t i = 0; i < result->count && r >= 0; i++)
                r = judge_query(w, i, &result->answers[i], now);
        if (r < 0)
                log_error(
                        "%s: cannot judge a replay: %s; its remaining queries keep their last verdict",
                        w->config->label, strerror(-r));
}

static void note_collection(
        struct watch *w, struct collection_view *v, struct replay_result *result)
{
        struct chroma_collection *c = &result->collection;

        if (!c->id)
                return;
        if (v->epoch.id && !streq(v->epoch.id, c->id)) {
                v->replaced++;
                v->replaced_at = result->started;
                log_event(LOG_WARNING, LOG_ID_COLLECTION_REPLACED,
                        log_fields({"DRIFTWATCH_COLLECTION", w->config->label},
                                {"DRIFTWATCH_COLLECTION_ID", c->id}),
                        "%s: the collection was replaced: its id was %s and is now %s",
                        w->config->label, v->epoch.id, c->id);
        }
        free(v->epoch.id);
        free(v->epoch.space);
        v->epoch.id = take_ptr(c->id);
        v->epoch.space = take_ptr(c->space);
        v->epoch.dimension = c->dimension;
}

/* On changes only: the first failure, another kind of failure, the recovery. */
static void log_outcome(const struct watch *w, const struct replay_result *result)
{
        const struct collection_view *old = w->view;
        const struct log_field *fields = log_fields({"DRIFTWATCH_COLLECTION", w->config->label},
                {"DRIFTWATCH_SERVER", w->config->server->name},
                {"DRIFTWATCH_REASON", result->failure});

        if (result->failure && !streq(old->last_error, result->error.message))
                log_event(LOG_WARNING, LOG_ID_REPLAY_FAILED, fields, "replay failed: %s",
                        error_text(&result->error, -EIO));
        else if (!result->failure && old->last_error)
                log_event(LOG_NOTICE, LOG_ID_REPLAY_RECOVERED, fields,
                        "%s: replays succeed again, %zu queries", w->config->label, result->count);
}

static void note_result(struct watch *w, struct collection_view *v, struct replay_result *result)
{
        v->replayed = true;
        v->replays++;
        v->up = result->reached;
        v->last_started = result->started;
        v->last_finished = result->started + result->duration;
        v->last_duration = result->duration;
        v->epoch.records = result->records;
        free(v->last_error);
        v->last_error = take_ptr(result->error.message);
        if (result->failure) {
                v->failed_replays++;
                reason_count_add(v->failures, result->failure);
        } else
                v->last_success = v->last_finished;
        for (size_t i = 0; i < query_count(w); i++) {
                enum outcome o = w->queries[i].verdict.outcome;

                v->canonical_total += o != OUTCOME_UNMEASURED;
                v->canonical_good_total += o == OUTCOME_PASS;
        }
}

static void on_replayed(struct replay_result *result, void *userdata)
{
        struct watch *w = userdata;
        struct collection_view *view;
        usec_t now = clock_usec(CLOCK_BOOTTIME);

        w->due = schedule_next(&w->schedule, now, !result->failure);
        judge_all(w, result);
        log_outcome(w, result);
        if (view_build(w, w->view, &view) >= 0) {
                note_collection(w, view, result);
                note_result(w, view, result);
                view->next_due = view->last_finished + (w->due - now);
                collection_view_unref(w->view);
                w->view = view;
        } else
                log_error("%s: out of memory: the last replay is not shown", w->config->label);
        w->replay = replay_free(w->replay);
        w->owner->replayed(w, w->owner->userdata);
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        struct watch *w = userdata;

        w->owner->exchanged(w, response, w->owner->userdata);
}

void watch_restore_home(
        struct watch *w, const char *query_id, const char *band, float home_distance)
{
        const struct bands *bands = &w->config->bands;
        const struct query *q = query_set_find(w->config->queries, query_id);

        size_t k = q ? (size_t)(q - w->config->queries->queries) : 0;

        for (size_t i = 0; q && i < bands->count; i++)
                if (streq(bands->bands[i].name, band)) {
                        band_state_restore(&w->queries[k].band, (int)i, home_distance);
                        w->queries[k].verdict.home_band = (int)i;
                        w->queries[k].verdict.home_distance = home_distance;
                        w->view->queries[k].verdict.home_band = (int)i;
                        w->view->queries[k].verdict.home_distance = home_distance;
                }
}

usec_t watch_due(const struct watch *w)
{
        return w->replay ? USEC_INFINITY : w->due;
}

void watch_replay(struct watch *w)
{
        int r;

        if (w->replay)
                return;
        r = replay_start(w->client, &w->target, on_replayed, on_exchanged, w, &w->replay);
        if (r >= 0)
                return;
        log_warning("%s: cannot start a replay: %s; trying again later", w->config->label,
                strerror(-r));
        w->due = schedule_next(&w->schedule, clock_usec(CLOCK_BOOTTIME), false);
}

bool watch_running(const struct watch *w)
{
        return w->replay != NULL;
}

struct collection_view *watch_view(const struct watch *w)
{
        return w->view;
}

const struct collection_config *watch_config(const struct watch *w)
{
        return w->config;
}
