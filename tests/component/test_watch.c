/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"
#include "../unit/vectors.h"
#include "../unit/wall.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "ask/embedding.h"
#include "clock.h"
#include "fake_server.h"
#include "judge/embedder.h"
#include "judge/investigation.h"
#include "show/metrics/metrics.h"
#include "watch/dossier.h"
#include "watch/pace.h"
#include "watch/succession.h"
#include "watch/waiters.h"
#include "watch/watch.h"

/* A collection that is watched, and requests that wait for it, against a server that answers every
 * query with one record at a distance that the test sets. */

#define COLLECTION \
        "{\"id\":\"aaaaaaaa-0000-4000-8000-00000000000%u\",\"name\":\"c\",\"dimension\":1," \
        "\"configuration_json\":{\"hnsw\":{\"space\":\"%s\"}}}"
#define QUERIES \
        "queries: [{id: a, text: a, expect: {distance: {max: 9}}}," \
        " {id: b, text: b, expect: {distance: {max: 9}}}]"
#define FEWER_QUERIES \
        "queries: [{id: b, text: b, expect: {distance: {max: 9}}}, {id: new, text: n}]"
#define NOT_FOUND "{\"error\":\"NotFoundError\",\"message\":\"no such collection\"}"
#define VECTORS "{\"dimension\":1,\"vectors\":{\"a\":[1],\"b\":[1],\"new\":[1]}}"

struct world {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct server_config server_config;
        struct collection_config config, changed;
        struct watch_owner owner;
        struct watch *watch, *other;
        struct waiters waiters;
        float distance;
        const char *space; /* of the collection; NULL: "l2" */
        const char *best; /* id of the record that is answered with */
        unsigned generation; /* of the collection's id */
        bool broken;
        bool gone; /* there is no such collection */
        const char *refusal; /* of queries: a 500 with these words of Chroma's; NULL: none */
        bool writing; /* a record is added before each look */
        unsigned looks;
        unsigned replayed, changed_views, exchanged;
        bool apart; /* replays are judged by another thread */
        /* The last completed command. */
        unsigned completed, status;
        char *body;
        struct view *answered; /* what its answer is to be made of */
};

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        _cleanup_text_ struct text body = {0};

        if (w->broken) {
                fake_answer(out, 500, NULL, "", 0);
                return;
        }
        if (w->gone) {
                w->looks += strstr(request->path, "/collections/c") != NULL;
                fake_answer(out, 404, NULL, NOT_FOUND, strlen(NOT_FOUND));
                return;
        }
        if (strstr(request->path, "/query") && w->refusal) {
                fake_answer(out, 500, NULL, w->refusal, strlen(w->refusal));
                return;
        }
        if (strstr(request->path, "/query"))
                text_appendf(&body, "{\"ids\":[[\"%s\"],[\"%s\"]],\"distances\":[[%g],[%g]]}",
                        w->best, w->best, (double)w->distance, (double)w->distance);
        else if (strstr(request->path, "/count"))
                text_appendf(&body, "%u", 7 + (w->writing ? w->looks : 0));
        else if (strstr(request->path, "/get"))
                text_append(&body, "{\"ids\":[\"x\"],\"embeddings\":[[1]]}");
        else {
                w->looks++;
                text_appendf(&body, COLLECTION, w->generation, w->space ? w->space : "l2");
        }
        fake_answer(out, 200, NULL, body.data, body.size);
}

static const struct fake_step serve[] = {
        {.action = FAKE_READ}, {.action = FAKE_CALL, .call = answer}, {.action = FAKE_AGAIN}};

static void on_replayed(struct watch *watch, void *userdata)
{
        struct world *w = userdata;

        w->replayed++;
        if (waiters_replayed(&w->waiters, watch_view(watch)))
                watch_replay(watch);
}

static void on_changed(struct watch *watch, void *userdata)
{
        ((struct world *)userdata)->changed_views++;
}

static void on_exchanged(struct watch *watch, const struct http_response *response, void *userdata)
{
        ((struct world *)userdata)->exchanged++;
}

static bool on_ended(struct watch *watch, size_t queries, void *userdata)
{
        return ((struct world *)userdata)->apart;
}

static struct collection_config make_config(struct world *w, const char *queries)
{
        struct errors errors = {0};
        struct collection_config c = {
                .references = 1,
                .name = (char *)"c",
                .label = (char *)"agents",
                .server = &w->server_config,
                .peer = {.url = (char *)fake_server_url(w->server),
                        .timeout_usec = 5 * USEC_PER_SEC},
                .replay = {.interval = USEC_PER_MINUTE,
                        .history = USEC_PER_DAY,
                        .results = 1,
                        .batch = 10},
        };

        assert_int_equal(bands_default(NULL, &c.bands), 0);
        assert_int_equal(query_set_parse("q", queries, strlen(queries), &c.queries, &errors), 0);
        assert_int_equal(vector_set_parse("v", VECTORS, strlen(VECTORS), &c.vectors, &errors), 0);
        return c;
}

static void config_done(struct collection_config *c)
{
        bands_done(&c->bands);
        query_set_unref(c->queries);
        vector_set_unref(c->vectors);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        w->distance = .9f;
        w->best = "x";
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(http_client_new(w->event, "test", &w->client), 0);
        w->server = fake_server_new(w->event, w);
        fake_server_script(w->server, serve);
        w->server_config = (struct server_config){
                .name = (char *)"main", .tenant = (char *)"t", .database = (char *)"d"};
        w->config = make_config(w, QUERIES);
        w->changed = make_config(w, FEWER_QUERIES);
        w->owner = (struct watch_owner){on_replayed, on_changed, on_exchanged, w, NULL, on_ended};
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        wall_ahead = 0;
        while (clock_jump() != 0)
                ;

        waiters_done(&w->waiters);
        watch_free(w->other);
        watch_free(w->watch);
        http_client_free(w->client);
        fake_server_free(w->server);
        sd_event_unref(w->event);
        config_done(&w->config);
        config_done(&w->changed);
        free(w->body);
        view_unref(w->answered);
        free(w);
        return 0;
}

static bool idle(void *userdata)
{
        return !watch_running(((struct world *)userdata)->watch);
}

static const struct collection_view *replay(struct world *w)
{
        watch_replay(w->watch);
        assert_true(watch_running(w->watch));
        assert_int_equal(watch_due(w->watch), USEC_INFINITY);
        assert_true(fake_run_until(w->event, idle, w));
        return watch_view(w->watch);
}

static void a_replay_makes_a_new_view(void **state)
{
        struct world *w = *state;
        _cleanup_(collection_view_unrefp) struct collection_view *before =
                collection_view_ref(watch_view(w->watch));
        const struct collection_view *after;

        assert_int_equal(watch_due(w->watch), 0); /* at once */
        assert_false(before->replayed);
        w->config.policy.limits[RULE_DISTANCE_DRIFT] = 0.3;
        after = replay(w);
        assert_ptr_not_equal(before, after);
        assert_false(before->replayed);
        assert_true(after->replayed && after->up);
        assert_null(after->last_error);
        assert_int_equal(after->replays, 1);
        assert_true(after->limits[RULE_DISTANCE_DRIFT] == 0.3);
        assert_int_equal(after->epoch.records, 7);
        assert_int_equal(after->canonical_total, 2);
        assert_int_equal(after->canonical_good_total, 2);
        assert_string_equal(after->epoch.space, "l2");
        assert_int_equal(after->queries[0].judgement.outcome, OUTCOME_PASS);
        assert_int_equal(w->exchanged, 5);
        assert_true(watch_due(w->watch) > clock_usec(CLOCK_BOOTTIME));
}

static bool thrice(void *userdata)
{
        return ((struct world *)userdata)->replayed >= 3;
}

static void it_keeps_its_own_time(void **state)
{
        struct world *w = *state;
        usec_t begun = clock_usec(CLOCK_BOOTTIME);

        w->config.replay.interval = 100 * USEC_PER_MSEC;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->other), 0);
        watch_keep_time(w->other);
        assert_true(fake_run_until(w->event, thrice, w));
        /* At once, then half an interval later at least. */
        assert_true(clock_usec(CLOCK_BOOTTIME) - begun >= 100 * USEC_PER_MSEC);
        assert_true(watch_view(w->other)->replays >= 3);
        assert_int_equal(watch_view(w->watch)->replays, 0); /* nobody told it to */
}

static void it_knows_that_it_recovered(void **state)
{
        struct world *w = *state;

        (void)replay(w);
        assert_false(watch_recovered(w->watch));
        w->gone = true;
        assert_non_null(replay(w)->last_error);
        assert_false(watch_recovered(w->watch));
        w->gone = false;
        assert_null(replay(w)->last_error);
        assert_true(watch_recovered(w->watch));
        (void)replay(w);
        assert_false(watch_recovered(w->watch));
}

static void identical_answers_are_one_object(void **state)
{
        struct world *w = *state;
        const struct answer *first = replay(w)->queries[0].answer;

        assert_ptr_equal(replay(w)->queries[0].answer, first);
        w->distance = .91f;
        assert_ptr_not_equal(replay(w)->queries[0].answer, first);
        assert_int_equal(history_snapshot_runs(watch_view(w->watch)->queries[0].history), 2);
}

static void a_failed_replay_keeps_what_was_known(void **state)
{
        struct world *w = *state;
        const struct collection_view *v;

        (void)replay(w);
        w->broken = true;
        v = replay(w);
        assert_int_equal(v->failed_replays, 1);
        assert_string_equal(v->failures[0].reason, "server_error");
        assert_non_null(v->last_error);
        assert_true(v->up);
        assert_int_equal(v->queries[0].judgement.outcome, OUTCOME_UNMEASURED);
        assert_non_null(v->queries[0].answer);
        assert_int_equal(v->canonical_total, 2);
        w->broken = false;
        v = replay(w);
        assert_null(v->last_error);
        assert_int_equal(v->queries[0].judgement.outcome, OUTCOME_PASS);
        assert_int_equal(v->replays, 3);
}

static bool calm(void *userdata)
{
        return !watch_busy(((struct world *)userdata)->watch);
}

static void an_index_error_is_the_index_s_and_the_server_is_asked_on(void **state)
{
        struct world *w = *state;
        const struct collection_view *v;
        _cleanup_text_ struct text text = {0};
        usec_t now;

        watch_free(w->watch);
        w->config.probes.interval = USEC_PER_HOUR;
        w->config.probes.records_max = 1000;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
        w->refusal = "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}";
        for (unsigned i = 0; i < 4; i++) {
                assert_true(fake_run_until(w->event, calm, w));
                v = replay(w);
                assert_string_equal(v->failures[0].reason, "index");
        }
        assert_int_equal(v->attribution.cause, CAUSE_INDEX_LOSS);
        attribution_describe(&v->attribution, &text);
        assert_string_equal(text_string(&text), "2 of 2 queries got an error instead of an answer");
        assert_int_equal(v->refused, 2);
        assert_true(v->up);
        assert_non_null(strstr(v->last_error, "HTTP 500: Error finding id"));
        assert_non_null(strstr(v->queries[0].judgement.reason, "query \"a\" was refused"));
        /* No later than its interval, the fourth time, too. */
        now = clock_usec(CLOCK_REALTIME);
        assert_true(v->next_due <= now + 3 * w->config.replay.interval / 2);
        /* It was probed, and this is what it came to. */
        assert_true(fake_run_until(w->event, calm, w));
        assert_non_null(strstr(watch_view(w->watch)->health.error, "Error finding id"));
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        watch_run(((struct world *)userdata)->watch);
        assert_true(sd_event_source_set_time_relative(source, USEC_PER_MSEC) >= 0);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static bool looked_often(void *userdata)
{
        struct world *w = userdata;

        return w->looks >= 20 && calm(w);
}

static void a_collection_that_never_stands_still_is_replayed_at_its_interval(void **state)
{
        struct world *w = *state;
        sd_event_source *tick = NULL;

        watch_free(w->watch);
        w->config.replay.interval = USEC_PER_HOUR;
        w->config.replay.survey_interval = USEC_PER_MSEC;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
        assert_true(sd_event_add_time_relative(
                            w->event, &tick, CLOCK_MONOTONIC, USEC_PER_MSEC, 0, on_tick, w) >= 0);
        w->writing = true;
        assert_true(fake_run_until(w->event, looked_often, w));
        assert_int_equal(watch_view(w->watch)->replays, 1 + PACE_CHANGES_MAX);
        /* Replayed, seen standing still, and replayed once more for that: the next change is news
         * again. */
        w->writing = false;
        watch_replay(w->watch);
        w->looks = 0;
        assert_true(fake_run_until(w->event, looked_often, w));
        assert_int_equal(watch_view(w->watch)->replays, 3 + PACE_CHANGES_MAX);
        w->writing = true;
        w->looks = 0;
        assert_true(fake_run_until(w->event, looked_often, w));
        assert_int_equal(watch_view(w->watch)->replays, 3 + 2 * PACE_CHANGES_MAX);
        (void)sd_event_source_disable_unref(tick);
}

static bool missed_often(void *userdata)
{
        return ((struct world *)userdata)->looks >= 10;
}

/* Not later and later, as for a server that is away: it is being created again. */
static void a_collection_that_is_away_is_looked_for_as_often_as_before(void **state)
{
        struct world *w = *state;
        sd_event_source *tick = NULL;
        usec_t start;

        watch_free(w->watch);
        w->config.replay.interval = USEC_PER_HOUR;
        w->config.replay.survey_interval = 50 * USEC_PER_MSEC;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
        assert_true(sd_event_add_time_relative(
                            w->event, &tick, CLOCK_MONOTONIC, USEC_PER_MSEC, 1, on_tick, w) >= 0);
        (void)replay(w);
        w->gone = true;
        w->looks = 0;
        start = clock_usec(CLOCK_MONOTONIC);
        assert_true(fake_run_until(w->event, missed_often, w));
        /* With doubled waits it would take more than 3 s. */
        assert_true(clock_usec(CLOCK_MONOTONIC) - start < 2 * USEC_PER_SEC);
        assert_int_equal(watch_view(w->watch)->replays, 1);
        (void)sd_event_source_disable_unref(tick);
}

static void another_id_is_a_replaced_collection(void **state)
{
        struct world *w = *state;

        assert_int_equal(replay(w)->replaced, 0);
        w->generation = 2;
        assert_int_equal(replay(w)->replaced, 1);
        assert_int_equal(replay(w)->replaced, 1);
}

#define YEARS (20 * 365 * (int64_t)USEC_PER_DAY)

/* The wall clock is set while a replay is under way. */
static void a_replay_began_by_the_clock_of_its_end(void **state)
{
        struct world *w = *state;
        const struct collection_view *v;

        watch_replay(w->watch);
        wall_ahead = -YEARS;
        dossier_jump(watch_dossier(w->watch), clock_jump());
        assert_true(fake_run_until(w->event, idle, w));
        v = watch_view(w->watch);
        assert_true(v->replayed);
        assert_in_range(v->last_started, clock_wall() - USEC_PER_MINUTE, clock_wall());
        assert_int_equal(v->last_finished, v->last_started + v->last_duration);
        assert_in_range(v->next_due, clock_wall(), clock_wall() + 2 * w->config.replay.interval);
}

/* All that is known of a collection is known as before, by another clock; nothing was judged anew.
 */
static void a_clock_that_is_set_moves_what_is_known(void **state)
{
        struct world *w = *state;
        _cleanup_(collection_view_unrefp) struct collection_view *before = NULL;
        const struct collection_view *after;
        struct history_run old, new;

        (void)replay(w);
        w->generation = 2;
        w->distance = 1.3f;
        before = collection_view_ref((struct collection_view *)replay(w));
        assert_true(before->findings->count > 0 && before->incident_since > 0);
        /* As a finding would have it. */
        before->queries[1].judgement.outcome = OUTCOME_DRIFT;
        assert_int_equal(strdup_to(&before->queries[1].judgement.reason, "moved"), 0);
        dossier_jump(watch_dossier(w->watch), -YEARS);
        after = watch_view(w->watch);
        assert_ptr_not_equal(before, after);
        assert_int_equal(after->last_started, before->last_started - (usec_t)YEARS);
        assert_int_equal(after->replaced_at, before->replaced_at - (usec_t)YEARS);
        assert_int_equal(after->incident_since, before->incident_since - (usec_t)YEARS);
        assert_int_equal(after->judged, before->judged - (usec_t)YEARS);
        assert_int_equal(after->findings->count, before->findings->count);
        assert_int_equal(after->findings->findings[0].since,
                before->findings->findings[0].since - (usec_t)YEARS);
        assert_int_equal(after->verdict, before->verdict);
        assert_int_equal(after->queries[1].judgement.outcome, OUTCOME_DRIFT);
        assert_string_equal(after->queries[1].judgement.reason, "moved");
        assert_int_equal(after->replays, before->replays);
        old = history_snapshot_run(before->queries[0].history, 0);
        new = history_snapshot_run(after->queries[0].history, 0);
        assert_int_equal(new.first, old.first - (usec_t)YEARS);
        assert_true(new.distance == old.distance);
}

/* Of what the server answers now. */
static struct baseline *baseline_as_answered(const struct world *w)
{
        const struct query_set *set = w->config.queries;
        struct baseline *b = baseline_new(set->count);

        b->results = 1;
        assert_int_equal(strdup_to(&b->epoch.space, "l2"), 0);
        for (size_t i = 0; i < set->count; i++) {
                assert_int_equal(strdup_to(&b->queries[i].id, set->queries[i].id), 0);
                assert_int_equal(strdup_to(&b->queries[i].text, set->queries[i].text), 0);
                b->queries[i].answer =
                        answer_new(1, (const char *const[]){"x"}, &w->distance, NULL);
                for (size_t s = 0; s < LEVEL_COUNT; s++)
                        b->queries[i].levels[s].location = (double)w->distance;
        }
        baseline_sort(b);
        return b;
}

static usec_t until_due(const struct world *w)
{
        usec_t now = clock_usec(CLOCK_BOOTTIME), due = watch_due(w->watch);
        usec_t shown = watch_view(w->watch)->next_due;
        usec_t wait = due > now ? due - now : 0;

        assert_in_range(shown, clock_usec(CLOCK_REALTIME) + wait - USEC_PER_SEC,
                clock_usec(CLOCK_REALTIME) + wait + USEC_PER_SEC);
        return wait;
}

static void replays_far_apart_are_confirmed_soon(void **state)
{
        static const struct {
                float distance;
                bool soon;
        } steps[] = {
                {.9f, false},
                {.95f, true},
                {.95f, true},
                {.95f, false}, /* the regular one has the last word */
                {.95f, false}, /* confirmed */
                {.9f, false},
                {.95f, false},
        };
        struct world *w = *state;
        struct baseline *b = baseline_as_answered(w);

        watch_free(w->watch);
        w->config.replay.interval = WATCH_CONFIRM_INTERVAL;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
        watch_set_baseline(w->watch, b, 1);
        baseline_unref(b);
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                w->distance = steps[i].distance;
                (void)replay(w);
                if ((until_due(w) <= WATCH_CONFIRM_PAUSE) != steps[i].soon)
                        fail_msg("step %zu: due in %llu s", i,
                                (unsigned long long)(until_due(w) / USEC_PER_SEC));
        }
        assert_int_equal(watch_view(w->watch)->drift.moved_up, 2);
}

static void replays_close_together_are_left_alone(void **state)
{
        struct world *w = *state;
        struct baseline *b = baseline_as_answered(w);

        watch_free(w->watch);
        w->config.replay.interval = WATCH_CONFIRM_INTERVAL - 1;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
        watch_set_baseline(w->watch, b, 1);
        baseline_unref(b);
        w->distance = .95f;
        (void)replay(w);
        assert_true(watch_view(w->watch)->drift.pending);
        assert_true(until_due(w) > WATCH_CONFIRM_PAUSE);
}

#define READ_AND_ANSWER \
        {.action = FAKE_READ}, \
        { \
                .action = FAKE_CALL, .call = answer \
        }

/* The first replay's five requests, then what a lookup asks first. */
static const struct fake_step serve_lookup_late[] = {READ_AND_ANSWER, READ_AND_ANSWER,
        READ_AND_ANSWER, READ_AND_ANSWER, READ_AND_ANSWER, {.action = FAKE_READ},
        {.action = FAKE_WAIT}, {.action = FAKE_CALL, .call = answer}, {.action = FAKE_AGAIN}};

static const struct fake_step embed_late[] = {{.action = FAKE_READ}, {.action = FAKE_WAIT},
        FAKE_JSON(200,
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1]}]}"),
        {.action = FAKE_END}};

/* Configures an embedder that answers late, of a watch that asked nothing yet. */
static void watch_with_embedder(
        struct world *w, struct fake_server *embedder, struct embedder_config *config)
{
        *config = (struct embedder_config){.name = (char *)"local",
                .dialect = embedding_dialect_find("openai"),
                .peer = {.url = (char *)fake_server_url(embedder),
                        .timeout_usec = 5 * USEC_PER_SEC},
                .model = (char *)"m",
                .limit = EMBEDDER_EPSILON,
                .batch = 10};
        fake_server_script(embedder, embed_late);
        watch_free(w->watch);
        w->config.embedder = config;
        assert_int_equal(watch_new(w->event, &w->config, w->client, &w->owner, &w->watch), 0);
}

struct two_servers {
        struct world *world;
        struct fake_server *embedder;
};

static bool both_wait(void *userdata)
{
        const struct two_servers *two = userdata;

        return fake_server_waiting(two->world->server) + fake_server_waiting(two->embedder) == 2;
}

static bool embedder_answered(void *userdata)
{
        return ((const struct two_servers *)userdata)->world->changed_views > 0;
}

/* Its answer makes another view, and the lookup goes on. */
static void an_embedder_may_answer_during_a_lookup(void **state)
{
        struct world *w = *state;
        _cleanup_(fake_server_freep) struct fake_server *embedder = fake_server_new(w->event, w);
        struct two_servers two = {w, embedder};
        struct embedder_config config;
        struct baseline *b = baseline_as_answered(w);

        b->vectors = vector_set_ref(w->config.vectors);
        fake_server_free(w->server);
        w->server = fake_server_new(w->event, w);
        w->config.peer.url = (char *)fake_server_url(w->server);
        fake_server_script(w->server, serve_lookup_late);
        watch_with_embedder(w, embedder, &config);
        watch_set_baseline(w->watch, b, 1);
        baseline_unref(b);
        w->best = "y";
        w->distance = 1.2f;
        watch_replay(w->watch);
        assert_true(fake_run_until(w->event, both_wait, &two));
        assert_int_equal(w->replayed, 0);
        assert_int_equal(fake_server_release(embedder), 1);
        assert_true(fake_run_until(w->event, embedder_answered, &two));
        assert_int_equal(w->replayed, 0);
        assert_int_equal(fake_server_release(w->server), 1);
        assert_true(fake_run_until(w->event, idle, w));
        assert_int_equal(w->replayed, 1);
        assert_int_equal(watch_view(w->watch)->attribution.evidence.sampled, 1);
        w->watch = watch_free(w->watch);
}

static bool waits(void *userdata)
{
        return watch_waits(((struct world *)userdata)->watch);
}

static void replay_unjudged(struct world *w)
{
        w->apart = true;
        watch_replay(w->watch);
        assert_true(fake_run_until(w->event, waits, w));
        assert_true(watch_at_rest(w->watch) && watch_running(w->watch));
}

/* The loop goes on while another thread works. */
struct neighbour {
        bool replayed;
        struct fake_server *server;
        struct collection_config config;
        struct watch_owner owner;
        struct watch *watch;
};

static void on_neighbour_replayed(struct watch *watch, void *userdata)
{
        ((struct neighbour *)userdata)->replayed = true;
}

static void on_neighbour_changed(struct watch *watch, void *userdata)
{
}

static void on_neighbour_exchanged(
        struct watch *watch, const struct http_response *response, void *userdata)
{
}

static bool neighbour_is_replayed(void *userdata)
{
        return ((const struct neighbour *)userdata)->replayed;
}

/* Watches another collection of the same queries and vectors. */
static void watch_neighbour(struct world *w)
{
        struct world calm = {.distance = .9f, .best = "x"};
        struct neighbour n = {.config = w->config,
                .owner = {on_neighbour_replayed, on_neighbour_changed, on_neighbour_exchanged, &n}};

        n.server = fake_server_new(w->event, &calm);
        fake_server_script(n.server, serve);
        n.config.references = 1;
        n.config.peer.url = (char *)fake_server_url(n.server);
        assert_int_equal(watch_new(w->event, &n.config, w->client, &n.owner, &n.watch), 0);
        watch_replay(n.watch);
        assert_true(fake_run_until(w->event, neighbour_is_replayed, &n));
        assert_null(watch_view(n.watch)->last_error);
        watch_free(n.watch);
        fake_server_free(n.server);
}

/* Reads all that is known of it. */
static void scrape(struct watch *watch)
{
        _cleanup_text_ struct text text = {0};
        _cleanup_(collection_view_unrefp) struct collection_view *view =
                collection_view_ref(watch_view(watch));

        for (size_t i = 0; i < metric_count; i++)
                metrics_render_collection(&text, &metrics[i], view, 10);
        assert_non_null(strstr(text_string(&text), "agents"));
}

struct errand {
        void (*work)(void *with);
        void *with;
};

static void *run(void *userdata)
{
        const struct errand *errand = userdata;

        errand->work(errand->with);
        return NULL;
}

/* Both threads run without any order between them: the thread sanitizer sees what they share. */
static void work_apart(struct world *w, void (*work)(void *with), void *with)
{
        struct errand errand = {work, with};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, run, &errand), 0);
        watch_neighbour(w);
        scrape(w->watch);
        assert_int_equal(pthread_join(thread, NULL), 0);
}

static void another_thread_may_judge(void **state)
{
        struct world *w = *state;
        const struct collection_view *before = replay(w);

        w->distance = 1.1f;
        replay_unjudged(w);
        watch_begin_judging(w->watch);
        assert_false(watch_waits(w->watch) || watch_at_rest(w->watch));
        /* Whoever wants something meanwhile is heard, but nothing begins. */
        watch_run(w->watch);
        watch_set_baseline(w->watch, NULL, 3);
        work_apart(w, watch_judge, w->watch);
        assert_ptr_equal(watch_view(w->watch), before);
        assert_int_equal(before->replays, 1);
        assert_int_equal(w->replayed, 1);
        w->apart = false;
        watch_judged(w->watch);
        assert_true(watch_at_rest(w->watch));
        assert_int_equal(watch_view(w->watch)->replays, 2);
        assert_true(watch_view(w->watch)->queries[0].judgement.distance == 1.1f);
        assert_int_equal(w->replayed, 2);
        assert_true(
                fake_run_until(w->event, idle, w)); /* with the baseline that there is none of */
        assert_int_equal(watch_view(w->watch)->replays, 3);
}

/* A reload comes between the end of a replay and its judgement. */
static void what_is_not_judged_yet_is_asked_again(void **state)
{
        struct world *w = *state;

        replay_unjudged(w);
        (void)watch_lend(w->watch);
        assert_false(watch_waits(w->watch) || watch_at_rest(w->watch));
        w->apart = false;
        watch_resume(w->watch);
        watch_run(w->watch);
        assert_true(fake_run_until(w->event, idle, w));
        assert_int_equal(watch_view(w->watch)->replays, 1);
        replay_unjudged(w);
        w->watch = watch_free(w->watch);
}

static bool embedder_is_heard(void *userdata)
{
        return ((struct world *)userdata)->exchanged > 5;
}

/* What it said belongs to what the other thread has. */
static void an_embedder_may_answer_during_a_judgement(void **state)
{
        struct world *w = *state;
        _cleanup_(fake_server_freep) struct fake_server *embedder = fake_server_new(w->event, w);
        struct embedder_config config;

        watch_with_embedder(w, embedder, &config);
        replay_unjudged(w);
        watch_begin_judging(w->watch);
        assert_int_equal(w->exchanged, 5);
        assert_int_equal(fake_server_release(embedder), 1);
        assert_true(fake_run_until(w->event, embedder_is_heard, w));
        assert_int_equal(w->changed_views, 0);
        work_apart(w, watch_judge, w->watch);
        w->apart = false;
        watch_judged(w->watch);
        assert_int_equal(w->replayed, 1);
        assert_int_equal(w->changed_views, 1);
        assert_true(watch_view(w->watch)->embedder.at > 0);
        w->watch = watch_free(w->watch);
}

/* A replay is under way, whose answers belong to what is lent. */
static struct dossier *lend(struct world *w)
{
        struct dossier *lent;

        (void)replay(w);
        watch_replay(w->watch);
        assert_true(watch_running(w->watch));
        lent = watch_lend(w->watch);
        assert_ptr_equal(lent, watch_dossier(w->watch));
        assert_false(watch_running(w->watch));
        /* Whoever wants something meanwhile is heard, but nothing begins. */
        watch_ingested(w->watch, false);
        watch_run(w->watch);
        assert_false(watch_running(w->watch));
        assert_int_equal(watch_due(w->watch), USEC_INFINITY);
        return lent;
}

static void who_lends_asks_nothing_and_goes_on(void **state)
{
        struct world *w = *state;

        (void)lend(w);
        watch_resume(w->watch);
        assert_int_equal(watch_due(w->watch), 0);
        watch_run(w->watch);
        assert_true(fake_run_until(w->event, idle, w));
        assert_int_equal(watch_view(w->watch)->replays, 2);
        assert_int_equal(w->replayed, 2);
}

static struct dossier *succeed_apart(struct world *w, struct heir *heir)
{
        struct succession s = {.heirs = heir, .heir_count = 1};

        work_apart(w, succession_work, &s);
        assert_int_equal(s.result, 0);
        assert_return_code(heir->adopted, 0);
        return heir->dossier;
}

/* As for a baseline that was approved. */
static void another_dossier_may_come_back(void **state)
{
        struct world *w = *state;
        struct dossier *lent = lend(w);
        struct baseline *b = baseline_as_answered(w);
        struct approval approval = {.baseline = b};
        struct heir heir = {
                .watch = w->watch, .old = w->watch, .from = lent, .approval = &approval};

        assert_ptr_equal(watch_exchange(w->watch, succeed_apart(w, &heir)), lent);
        assert_int_equal(heir.adopted, 0);
        assert_true(approval.taken);
        baseline_unref(b);
        dossier_free(lent);
        watch_note_baseline(w->watch, 7);
        assert_int_equal(watch_baseline_signature(w->watch), 7);
        assert_ptr_equal(watch_view(w->watch)->baseline, b);
        assert_int_equal(watch_view(w->watch)->replays, 1);
        assert_int_equal(watch_due(w->watch), 0);
        watch_run(w->watch);
        assert_true(fake_run_until(w->event, idle, w));
        assert_int_equal(watch_view(w->watch)->replays, 2);
        assert_ptr_equal(watch_view(w->watch)->baseline, b);
}

static struct watch *succeed(struct world *w, struct collection_config *config)
{
        struct heir heir = {.old = w->watch, .from = watch_lend(w->watch)};
        struct dossier *next;

        assert_int_equal(watch_due(w->watch), USEC_INFINITY);
        assert_int_equal(watch_prepare(w->event, config, w->client, &w->owner, &heir.watch), 0);
        next = succeed_apart(w, &heir);
        dossier_free(watch_inherit(heir.watch, w->watch, next, heir.adopted > 0));
        w->watch = watch_free(w->watch);
        return heir.watch;
}

static void a_successor_carries_on_by_query_id(void **state)
{
        struct world *w = *state;
        const struct collection_view *v;
        usec_t due;

        for (int i = 0; i < 4; i++)
                (void)replay(w);
        due = watch_due(w->watch);
        w->watch = succeed(w, &w->changed);
        v = watch_view(w->watch);
        assert_int_equal(watch_due(w->watch), due);
        assert_int_equal(v->replays, 4);
        assert_string_equal(v->query_set->queries[0].id, "b");
        assert_int_equal(v->queries[0].judgement.home_band, 1);
        assert_int_equal(history_snapshot_run(v->queries[0].history, 0).samples, 4);
        assert_int_equal(v->queries[1].judgement.outcome, OUTCOME_UNMEASURED); /* "new" is new */
        assert_int_equal(history_snapshot_runs(v->queries[1].history), 0);
        v = replay(w);
        assert_int_equal(history_snapshot_run(v->queries[0].history, 0).samples, 5);
}

/* Who said that an ingest is over waits for a replay that ends. */
static void the_end_of_an_ingest_is_remembered(void **state)
{
        struct world *w = *state;

        w->config.policy.grace = w->changed.policy.grace = USEC_PER_HOUR;
        w->watch = succeed(w, &w->changed);
        w->writing = true;
        (void)replay(w);
        (void)replay(w);
        w->writing = false;
        (void)replay(w);
        assert_true(watch_view(w->watch)->ingest_under_way);
        w->watch = succeed(w, &w->config);
        assert_true(replay(w)->ingest_under_way);
        watch_ingested(w->watch, false);
        assert_true(watch_running(w->watch));
        w->watch = succeed(w, &w->changed);
        assert_false(replay(w)->ingest_under_way);
}

static void changed_bands_are_confirmed_anew(void **state)
{
        struct world *w = *state;

        for (int i = 0; i < 4; i++)
                (void)replay(w);
        w->changed.bands.bands[1].below = .85f;
        w->watch = succeed(w, &w->changed);
        assert_int_equal(replay(w)->queries[0].judgement.home_band, -1);
}

static void a_change_without_an_ingest_is_remembered(void **state)
{
        struct world *w = *state;
        usec_t at;

        for (int i = 0; i < 4; i++)
                assert_int_equal(replay(w)->unprovoked_at, 0);
        w->distance = .91f;
        at = replay(w)->unprovoked_at;
        assert_true(at > 0);
        assert_int_equal(replay(w)->unprovoked_at, at);
        w->watch = succeed(w, &w->changed);
        assert_int_equal(watch_view(w->watch)->unprovoked_at, at);
}

/* Of both queries, at this distance. */
static struct baseline *make_baseline(const struct world *w, double location)
{
        struct baseline *b = baseline_new(2);

        for (size_t i = 0; i < 2; i++) {
                b->queries[i].id = strdup(w->config.queries->queries[i].id);
                b->queries[i].text = strdup(w->config.queries->queries[i].text);
                b->queries[i].levels[LEVEL_TOP1].location = location;
        }
        b->results = 1;
        b->epoch.space = strdup("l2");
        return b;
}

static void approve(struct world *w, double location)
{
        _cleanup_(baseline_unrefp) struct baseline *b = make_baseline(w, location);

        watch_set_baseline(w->watch, b, 1);
}

/* The worse band of today does not become home by a reload. */
static void the_baseline_s_home_outlives_other_bands(void **state)
{
        struct world *w = *state;

        approve(w, .9);
        w->distance = 1.1f;
        w->changed.bands.bands[1].below = .95f;
        w->watch = succeed(w, &w->changed);
        assert_int_equal(watch_view(w->watch)->queries[0].judgement.home_band, 1);
        for (int i = 0; i < 4; i++)
                (void)replay(w);
        assert_true(watch_view(w->watch)->queries[0].judgement.crossed);
        assert_int_equal(watch_view(w->watch)->queries[1].judgement.home_band, 2); /* "new" */
}

/* Approving what is new leaves the crossing of a query whose home stays the same. */
static void another_baseline_with_the_same_home_ends_no_crossing(void **state)
{
        struct world *w = *state;

        approve(w, .9);
        w->distance = 1.1f;
        for (int i = 0; i < 4; i++)
                (void)replay(w);
        assert_true(watch_view(w->watch)->queries[0].judgement.crossed);
        approve(w, .91);
        assert_true(replay(w)->queries[0].judgement.crossed);
        approve(w, 1.1);
        assert_false(replay(w)->queries[0].judgement.crossed);
}

/* Takes what an embedder gave for the texts. */
static void embed(struct dossier *d, const char *vectors)
{
        struct embed_result result = {0};
        struct errors errors = {0};

        assert_int_equal(
                vector_set_parse("e", vectors, strlen(vectors), &result.vectors, &errors), 0);
        (void)dossier_embedded(d, &result, 1);
}

#define OTHER_VECTORS "{\"dimension\":1,\"vectors\":{\"a\":[-1],\"b\":[-1]}}"
#define LONGER_VECTORS "{\"dimension\":2,\"vectors\":{\"a\":[1,0],\"b\":[1,0]}}"

static void another_embedder_is_approved_or_goes(void **state)
{
        struct world *w = *state;
        struct embedder_config minilm = {.name = (char *)"minilm", .limit = EMBEDDER_EPSILON};
        _cleanup_(baseline_unrefp) struct baseline *b = make_baseline(w, .9);
        _cleanup_(dossier_freep) struct dossier *d = NULL, *without = NULL;
        const struct embedder_view *e;
        struct errors errors = {0};

        w->config.embedder = &minilm;
        assert_int_equal(dossier_new(&w->config, &d), 0);
        embed(d, LONGER_VECTORS);
        e = &dossier_view(d)->embedder;
        assert_true(e->changed && isinf(e->median));
        assert_int_equal(e->moved, 2);
        embed(d, OTHER_VECTORS);
        e = &dossier_view(d)->embedder;
        assert_true(e->changed);
        assert_true(e->median == 2);
        /* They are the reference now. */
        assert_int_equal(
                vector_set_parse("b", OTHER_VECTORS, strlen(OTHER_VECTORS), &b->vectors, &errors),
                0);
        assert_int_equal(dossier_set_baseline(d, b), 0);
        e = &dossier_view(d)->embedder;
        assert_false(e->changed || e->partial);
        assert_int_equal(e->compared, 2);
        assert_true(dossier_view(d)->queries[0].embedder_distance == 0);
        /* Whom nobody asks any more says nothing. */
        embed(d, VECTORS);
        assert_true(dossier_view(d)->embedder.changed);
        assert_int_equal(dossier_new(&w->changed, &without), 0);
        assert_int_equal(dossier_adopt(without, d), 0);
        e = &dossier_view(without)->embedder;
        assert_false(e->name || e->changed || e->at > 0);
        assert_null(dossier_fresh_vectors(without));
        assert_true(isnan(dossier_view(without)->queries[0].embedder_distance));
}

/* A replay of one query, whose answer is `best`, of a collection with so many records. */
static const char *replay_of(struct dossier *d, usec_t now, int64_t records, const char *best,
        float distance, struct suspects **ret_suspects)
{
        struct results_row got = {
                .answer = answer_new(1, (const char *const[]){best}, &distance, NULL)};
        struct replay_result result = {
                .started = now, .reached = true, .answers = &got, .count = 1};

        epoch_init(&result.epoch);
        result.epoch.id = strdup("1");
        result.epoch.records = records;
        dossier_replayed(d, &result, ret_suspects);
        epoch_done(&result.epoch);
        answer_unref(got.answer);
        return dossier_view(d)->queries[0].judgement.reason;
}

static const char *replay_at(
        struct dossier *d, usec_t now, int64_t records, struct suspects **ret_suspects)
{
        return replay_of(d, now, records, "x", .9f, ret_suspects);
}

/* A collection of three dimensions refused vectors of one. */
static enum cause refuse_dimension(struct dossier *d)
{
        struct results_row got = {.unmeasured = "the pinned vector's dimension is another"};
        struct replay_result result = {.started = USEC_PER_DAY,
                .failure = "dimension",
                .reached = true,
                .answers = &got,
                .count = 1};
        struct suspects *suspects;

        epoch_init(&result.epoch);
        result.epoch.id = strdup("1");
        result.epoch.dimension = 3;
        dossier_replayed(d, &result, &suspects);
        assert_null(suspects);
        epoch_done(&result.epoch);
        assert_int_equal(dossier_view(d)->queries[0].cause, dossier_view(d)->attribution.cause);
        return dossier_view(d)->attribution.cause;
}

/* Of a collection that nobody approved only the vectors can be wrong; one that was approved with
 * their dimension has another now. */
static void another_dimension_is_held_against_the_baseline_only(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c =
                make_config(w, "queries: [{id: a, text: a}]");
        _cleanup_(dossier_freep) struct dossier *d = NULL;
        _cleanup_(baseline_unrefp) struct baseline *same = baseline_as_answered(w);
        _cleanup_(baseline_unrefp) struct baseline *other = baseline_as_answered(w);

        same->epoch.dimension = 3;
        other->epoch.dimension = 1;
        assert_int_equal(dossier_new(&c, &d), 0);
        assert_int_equal(refuse_dimension(d), CAUSE_UNKNOWN);
        assert_int_equal(dossier_set_baseline(d, same), 0);
        assert_int_equal(refuse_dimension(d), CAUSE_UNKNOWN);
        assert_int_equal(dossier_set_baseline(d, other), 0);
        assert_int_equal(refuse_dimension(d), CAUSE_METRIC);
        assert_true(dossier_view(d)->attribution.evidence.other_space);
}

static const char *look_up(struct dossier *d, struct suspects *suspects, bool exists, usec_t now)
{
        assert_non_null(suspects);
        assert_int_equal(suspects->missing_count, 1);
        suspects->missing[0].looked_up = true;
        suspects->missing[0].exists = exists;
        dossier_looked_up(d, NULL, now);
        return dossier_view(d)->queries[0].judgement.reason;
}

/* Deleted, then added again to an index that does not find it. */
static void what_became_of_an_expected_record_is_told_anew_after_an_ingest(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c =
                make_config(w, "queries: [{id: a, text: a, expect: {ids: [y]}}]");
        _cleanup_(dossier_freep) struct dossier *d = NULL, *successor = NULL;
        struct suspects *suspects;
        usec_t now = USEC_PER_DAY;
        const char *reason;

        assert_int_equal(dossier_new(&c, &d), 0);
        (void)replay_at(d, now, 6, &suspects);
        reason = look_up(d, suspects, false, now);
        assert_non_null(strstr(reason, "; no such record exists any more: it was deleted, or"));
        now += INVESTIGATION_INTERVAL;
        reason = replay_at(d, now, 6, &suspects);
        assert_null(suspects); /* nothing happened */
        assert_non_null(strstr(reason, "; no such record exists"));
        (void)replay_at(d, now, 7, &suspects);
        reason = look_up(d, suspects, true, now);
        assert_non_null(strstr(reason, "; the collection holds such a record: others are nearer"));
        assert_null(strstr(reason, "no such record"));
        /* After a reload, another record may be expected. */
        assert_int_equal(dossier_new(&c, &successor), 0);
        assert_int_equal(dossier_adopt(successor, d), 0);
        reason = replay_at(successor, now, 7, &suspects);
        assert_null(strstr(reason, "the collection holds"));
        reason = look_up(successor, suspects, false, now);
        assert_non_null(strstr(reason, "no such record exists any more"));
}

#define TAGGED(id, value) "{id: " id ", text: " id ", tags: {t: " value "}}, "

/* Topics are told by their place in the set, and findings may be judged before the next replay. */
static void topics_keep_their_tags_over_a_reload(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config before =
                make_config(w, "queries: [" TAGGED("a", "x") TAGGED("b", "x") TAGGED("c", "x") "]");
        _cleanup_(config_done) struct collection_config after = make_config(w,
                "queries: [" TAGGED("a", "x") TAGGED("b", "x") TAGGED("c", "x") TAGGED("d", "w")
                        TAGGED("e", "w") TAGGED("f", "w") "]");
        _cleanup_(dossier_freep) struct dossier *d = NULL, *next = NULL, *without = NULL;
        const struct topic_list *l;

        assert_int_equal(dossier_new(&before, &d), 0);
        for (enum topic_look look = 0; look < TOPIC_LOOKS; look++)
                dossier_view(d)->drift.topics[look].list =
                        (struct topic_list){.count = 1, .told = {{.topic = 0}}};
        assert_int_equal(dossier_new(&after, &next), 0);
        assert_int_equal(dossier_adopt(next, d), 0);
        for (enum topic_look look = 0; look < TOPIC_LOOKS; look++) {
                l = &dossier_view(next)->drift.topics[look].list;
                assert_int_equal(l->count, 1);
                assert_string_equal(after.queries->topics.topics[l->told[0].topic].tag->value, "x");
        }
        assert_int_equal(dossier_new(&w->config, &without), 0);
        assert_int_equal(dossier_adopt(without, next), 0);
        assert_int_equal(dossier_view(without)->drift.topics[TOPIC_CONFIRMED].list.count, 0);
}

#define EXPECTS_X "queries: [{id: a, text: a, expect: {ids: [x]}}]"
/* A collection that is looked at every 30 s and replayed every 5 m; its one query expects "x". */
#define LOOK (30 * USEC_PER_SEC)
#define GRACE (5 * USEC_PER_MINUTE)

static struct dossier *watched_dossier(struct collection_config *c)
{
        struct dossier *d = NULL;

        c->replay.interval = 5 * USEC_PER_MINUTE;
        c->replay.survey_interval = LOOK;
        c->policy.grace = GRACE;
        assert_int_equal(dossier_new(c, &d), 0);
        return d;
}

/* Whether the collection changed since the last look; `*ret_replay` as dossier_surveyed(). */
static bool survey_at(struct dossier *d, usec_t now, int64_t records, bool *ret_replay)
{
        struct survey_result result = {.reached = true};
        bool changed;

        epoch_init(&result.epoch);
        result.epoch.id = strdup("1");
        result.epoch.records = records;
        changed = dossier_surveyed(d, &result, now, ret_replay);
        epoch_done(&result.epoch);
        return changed;
}

static bool is_quiet(struct dossier *d, usec_t now, int64_t records)
{
        bool replay;

        return !survey_at(d, now, records, &replay) && !replay;
}

/* Replays while the record is there or not, and looks it up; whether anybody is told. */
static bool told_at(struct dossier *d, usec_t now, int64_t records, bool there)
{
        struct suspects *suspects;
        const struct findings *f;

        (void)replay_of(d, now, records, there ? "x" : "other", .9f, &suspects);
        if (suspects)
                (void)look_up(d, suspects, false, now);
        f = dossier_view(d)->findings;
        assert_int_equal(f->count, !there);
        return f->count > 0 && finding_told(&f->findings[0]);
}

/* Everything is deleted, embedded for two minutes, and written again. */
static void a_pause_is_not_the_end_of_an_ingest(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c = make_config(w, EXPECTS_X);
        _cleanup_(dossier_freep) struct dossier *d = watched_dossier(&c);
        usec_t now = USEC_PER_DAY;
        bool replay;

        assert_false(told_at(d, now, 7, true));
        assert_true(survey_at(d, now += LOOK, 0, &replay));
        assert_false(told_at(d, now, 0, false));
        for (unsigned i = 0; i < 4; i++)
                assert_true(is_quiet(d, now += LOOK, 0));
        assert_true(survey_at(d, now += LOOK, 7, &replay));
        assert_false(told_at(d, now, 7, true));
        /* Its end is judged once. */
        assert_true(is_quiet(d, now += LOOK, 7));
        assert_false(survey_at(d, now += LOOK, 7, &replay));
        assert_true(replay);
        assert_false(told_at(d, now, 7, true));
        assert_true(is_quiet(d, now += LOOK, 7));
}

static void a_loss_is_told_when_the_grace_is_over(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c = make_config(w, EXPECTS_X);
        _cleanup_(dossier_freep) struct dossier *d = watched_dossier(&c);
        usec_t now = USEC_PER_DAY, lost = now + LOOK;
        bool replay;

        (void)told_at(d, now, 7, true);
        (void)survey_at(d, lost, 6, &replay);
        assert_false(told_at(d, lost, 6, false));
        for (now = lost + LOOK; now < lost + GRACE; now += LOOK)
                assert_true(is_quiet(d, now, 6));
        assert_true(dossier_excuse_ends(d) == lost + GRACE);
        assert_true(told_at(d, now, 6, false));
        assert_true(dossier_excuse_ends(d) == USEC_INFINITY);
        assert_true(is_quiet(d, now += LOOK, 6));
}

/* It is written to on and on: the grace is over all the same. */
static void an_ingest_without_an_end_hides_no_loss(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c = make_config(w, EXPECTS_X);
        _cleanup_(dossier_freep) struct dossier *d = watched_dossier(&c);
        usec_t now = USEC_PER_DAY, end = now + LOOK + GRACE;
        int64_t records = 7;
        bool replay;

        (void)told_at(d, now, records, true);
        assert_true(survey_at(d, now += LOOK, ++records, &replay));
        assert_false(told_at(d, now, records, false));
        for (now += LOOK; now < end; now += LOOK) {
                assert_true(survey_at(d, now, ++records, &replay));
                assert_false(replay);
        }
        assert_true(dossier_excuse_ends(d) == end);
        assert_true(told_at(d, end, ++records, false));
}

static void who_says_that_an_ingest_is_over_is_told_at_once(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c = make_config(w, EXPECTS_X);
        _cleanup_(dossier_freep) struct dossier *d = watched_dossier(&c);
        usec_t now = USEC_PER_DAY;
        bool replay;

        (void)told_at(d, now, 7, true);
        (void)survey_at(d, now += LOOK, 3, &replay);
        assert_false(told_at(d, now, 3, false));
        dossier_ingested(d);
        assert_true(told_at(d, now + LOOK / 2, 5, false));
}

/* Of a collection that changed too often to be replayed each time, the last replay is of its
 * middle. */
static void what_stands_still_as_no_replay_saw_it_is_replayed(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c = make_config(w, EXPECTS_X);
        _cleanup_(dossier_freep) struct dossier *d = watched_dossier(&c);
        usec_t now = USEC_PER_DAY;
        bool replay;

        (void)told_at(d, now, 7, true);
        assert_true(survey_at(d, now += LOOK, 8, &replay));
        assert_true(survey_at(d, now += LOOK, 9, &replay));
        assert_false(replay);
        assert_false(survey_at(d, now += LOOK, 9, &replay));
        assert_true(replay);
}

/* A band is confirmed by replays of a collection, not of what an ingest makes of it by and by. */
static void replays_in_the_middle_of_an_ingest_are_no_samples(void **state)
{
        struct world *w = *state;
        _cleanup_(config_done) struct collection_config c = make_config(w, EXPECTS_X);
        _cleanup_(dossier_freep) struct dossier *d = watched_dossier(&c);
        const struct judgement *j;
        struct suspects *suspects;
        usec_t now = USEC_PER_DAY;

        for (unsigned i = 0; i < 5; i++)
                (void)replay_of(d, now += LOOK, 7, "x", .9f, &suspects);
        for (int64_t records = 3; records < 7; records++)
                (void)replay_of(d, now += LOOK, records, "x", 1.3f, &suspects);
        j = &dossier_view(d)->queries[0].judgement;
        assert_int_equal(j->band, 3);
        assert_int_equal(j->confirmed_band, 1);
        dossier_ingested(d);
        for (unsigned i = 0; i < 4; i++)
                (void)replay_of(d, now += LOOK, 7, "x", 1.3f, &suspects);
        j = &dossier_view(d)->queries[0].judgement;
        assert_int_equal(j->confirmed_band, 3);
        assert_true(j->crossed);
}

static void a_home_of_an_earlier_life_is_known_at_once(void **state)
{
        struct world *w = *state;

        dossier_restore_home(watch_dossier(w->watch), "a", "excellent", .5f);
        dossier_restore_home(watch_dossier(w->watch), "b", "no such band", .5f);
        dossier_restore_home(watch_dossier(w->watch), "nobody", "good", .5f);
        assert_int_equal(watch_view(w->watch)->queries[0].judgement.home_band, 0);
        assert_int_equal(watch_view(w->watch)->queries[1].judgement.home_band, -1);
        for (int i = 0; i < 4; i++)
                (void)replay(w);
        assert_true(watch_view(w->watch)->queries[0].judgement.crossed);
        assert_false(watch_view(w->watch)->queries[1].judgement.crossed);
}

/* Bands that nobody configured are known with the first answer, and a home keeps its name. */
static void default_bands_are_those_of_the_space(void **state)
{
        struct world *w = *state;
        const struct collection_view *v;

        w->changed.bands_source = BANDS_OF_SPACE;
        assert_int_equal(watch_new(w->event, &w->changed, w->client, &w->owner, &w->other), 0);
        dossier_restore_home(watch_dossier(w->other), "b", "excellent", .35f);
        assert_true(watch_view(w->other)->bands.bands[0].below == .8f);
        w->space = "cosine";
        w->distance = .45f;
        for (unsigned i = 0; i < 4; i++) {
                unsigned before = w->replayed;

                watch_replay(w->other);
                while (w->replayed == before)
                        assert_true(sd_event_run(w->event, 1000000) >= 0);
        }
        v = watch_view(w->other);
        assert_true(v->bands.bands[0].below == .4f);
        assert_string_equal(bands_name(&v->bands, v->queries[0].judgement.band), "good");
        assert_string_equal(bands_name(&v->bands, v->queries[0].judgement.home_band), "excellent");
        assert_true(v->queries[0].judgement.home_distance == .35f);
        assert_true(v->queries[0].judgement.crossed);
        /* What is configured is taken as it is. */
        for (int i = 0; i < 4; i++)
                (void)replay(w);
        assert_true(watch_view(w->watch)->bands.bands[0].below == .8f);
        assert_int_equal(watch_view(w->watch)->queries[0].judgement.band, 0);
}

static void on_completed(struct command *c, unsigned status, char *body, size_t size)
{
        struct world *w = c->userdata;

        w->completed++;
        w->status = status;
        free(w->body);
        w->body = body;
        view_unref(w->answered);
        w->answered = take_ptr(c->replayed);
}

static struct command *make_command(struct world *w, bool wait)
{
        struct command *c = command_new(COMMAND_REPLAY, "agents", wait);

        c->completed = on_completed;
        c->userdata = w;
        return c;
}

static bool completed(void *userdata)
{
        return ((struct world *)userdata)->completed > 0;
}

/* Ends at a later question than that for the records which search can reach, or before it. */
static void fail_probe(struct dossier *d, int64_t unreachable)
{
        struct probe_result result = {.failure = "server_error"};

        index_health_init(&result.health);
        result.health.records = 7;
        result.health.unreachable = unreachable;
        (void)error_set(&result.error, -EIO, "damaged");
        dossier_probed(d, &result, 5);
        error_done(&result.error);
        index_health_done(&result.health);
}

static void a_failed_probe_adds_what_it_found_and_takes_nothing(void **state)
{
        struct world *w = *state;
        struct dossier *d;

        assert_int_equal(dossier_new(&w->config, &d), 0);
        fail_probe(d, 3);
        assert_int_equal(dossier_view(d)->health.records, 7);
        assert_int_equal(dossier_view(d)->health.unreachable, 3);
        assert_string_equal(dossier_view(d)->health.error, "damaged");
        fail_probe(d, -1);
        assert_int_equal(dossier_view(d)->health.unreachable, 3);
        dossier_free(d);
}

static const struct finding *unreadable(const struct collection_view *v)
{
        return findings_find(v->findings, FINDING_BASELINE_UNREADABLE, FINDING_COLLECTION);
}

static void a_baseline_that_cannot_be_read_is_told_by_a_replay(void **state)
{
        struct world *w = *state;
        const struct collection_view *v = replay(w);
        _cleanup_(collection_view_unrefp) struct collection_view *shared =
                collection_view_ref(watch_view(w->watch));

        assert_int_equal(v->verdict, VERDICT_PASS);
        assert_int_equal(watch_refuse_baseline(w->watch, "c.json: damaged", 7), 0);
        assert_null(shared->baseline_error);
        assert_int_equal(watch_baseline_signature(w->watch), 7);
        assert_int_equal(watch_due(w->watch), 0);
        v = replay(w);
        assert_non_null(unreadable(v));
        assert_int_equal(v->verdict, VERDICT_UNMEASURED);
        w->watch = succeed(w, &w->changed);
        assert_string_equal(watch_view(w->watch)->baseline_error, "c.json: damaged");
        watch_set_baseline(w->watch, NULL, 8);
        v = replay(w);
        assert_null(unreadable(v));
}

/* While something is asked nothing is changed under it; then the last word counts. */
static void what_is_new_of_a_baseline_waits_for_the_replay(void **state)
{
        struct world *w = *state;
        struct baseline *b = baseline_as_answered(w);

        watch_replay(w->watch);
        watch_set_baseline(w->watch, b, 1);
        assert_int_equal(watch_refuse_baseline(w->watch, "c.json: damaged", 2), 0);
        assert_null(watch_view(w->watch)->baseline);
        assert_null(watch_view(w->watch)->baseline_error);
        assert_true(fake_run_until(w->event, idle, w));
        assert_ptr_equal(replay(w)->baseline, b);
        assert_string_equal(watch_view(w->watch)->baseline_error, "c.json: damaged");
        assert_non_null(strstr(unreadable(watch_view(w->watch))->sentence, "only until a restart"));
        watch_replay(w->watch);
        assert_int_equal(watch_refuse_baseline(w->watch, "c.json: worse", 3), 0);
        watch_set_baseline(w->watch, b, 4);
        assert_true(fake_run_until(w->event, idle, w));
        assert_null(unreadable(replay(w)));
        baseline_unref(b);
}

static void who_waits_is_answered_with_the_verdict(void **state)
{
        struct world *w = *state;

        waiters_add(&w->waiters, make_command(w, true), &w->watch, 1);
        assert_int_equal(w->completed, 0);
        watch_replay(w->watch);
        assert_true(fake_run_until(w->event, completed, w));
        assert_int_equal(w->status, 200);
        /* The view, not a text: writing it is not the loop's work. */
        assert_null(w->body);
        assert_int_equal(w->answered->collection_count, 1);
        assert_ptr_equal(w->answered->collections[0], watch_view(w->watch));
        assert_int_equal(w->replayed, 1);
}

/* An ingest that ended while a replay was under way wants one that began afterwards. */
static void a_replay_under_way_does_not_count(void **state)
{
        struct world *w = *state;

        watch_replay(w->watch);
        waiters_add(&w->waiters, make_command(w, true), &w->watch, 1);
        assert_true(fake_run_until(w->event, completed, w));
        assert_int_equal(w->replayed, 2);
        assert_int_equal(w->completed, 1);
}

static void who_does_not_wait_is_answered_at_once(void **state)
{
        struct world *w = *state;

        waiters_add(&w->waiters, make_command(w, false), &w->watch, 1);
        assert_int_equal(w->status, 202);
        waiters_add(&w->waiters, make_command(w, true), NULL, 0);
        assert_int_equal(w->status, 404);
}

/* Somebody's hook is called in a loop while the server hangs. */
static void however_many_ask_without_waiting_are_one_request(void **state)
{
        struct world *w = *state;

        watch_replay(w->watch);
        for (unsigned i = 0; i < 1000; i++) {
                waiters_add(&w->waiters, make_command(w, false), &w->watch, 1);
                watch_ingested(w->watch, false);
        }
        assert_int_equal(w->completed, 1000);
        assert_null(w->waiters.first);
        assert_true(fake_run_until(w->event, idle, w));
        assert_int_equal(w->replayed, 2); /* the one under way, and one that began after them */
}

static void waiting_ends_with_the_collection_or_the_daemon(void **state)
{
        struct world *w = *state;

        waiters_add(&w->waiters, make_command(w, true), &w->watch, 1);
        waiters_forget(&w->waiters, "another");
        assert_int_equal(w->completed, 0);
        waiters_forget(&w->waiters, "agents");
        assert_int_equal(w->completed, 1);
        assert_int_equal(w->answered->collection_count, 0);
        waiters_add(&w->waiters, make_command(w, true), &w->watch, 1);
        waiters_done(&w->waiters);
        assert_int_equal(w->status, 503);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(a_replay_makes_a_new_view),
                world_test(it_keeps_its_own_time),
                world_test(it_knows_that_it_recovered),
                world_test(identical_answers_are_one_object),
                world_test(a_failed_replay_keeps_what_was_known),
                world_test(another_id_is_a_replaced_collection),
                world_test(an_index_error_is_the_index_s_and_the_server_is_asked_on),
                world_test(a_collection_that_never_stands_still_is_replayed_at_its_interval),
                world_test(a_collection_that_is_away_is_looked_for_as_often_as_before),
                world_test(a_replay_began_by_the_clock_of_its_end),
                world_test(a_clock_that_is_set_moves_what_is_known),
                world_test(replays_far_apart_are_confirmed_soon),
                world_test(replays_close_together_are_left_alone),
                world_test(an_embedder_may_answer_during_a_lookup),
                world_test(another_thread_may_judge),
                world_test(what_is_not_judged_yet_is_asked_again),
                world_test(an_embedder_may_answer_during_a_judgement),
                world_test(who_lends_asks_nothing_and_goes_on),
                world_test(another_dossier_may_come_back),
                world_test(a_successor_carries_on_by_query_id),
                world_test(the_end_of_an_ingest_is_remembered),
                world_test(changed_bands_are_confirmed_anew),
                world_test(a_change_without_an_ingest_is_remembered),
                world_test(the_baseline_s_home_outlives_other_bands),
                world_test(another_baseline_with_the_same_home_ends_no_crossing),
                world_test(another_embedder_is_approved_or_goes),
                world_test(another_dimension_is_held_against_the_baseline_only),
                world_test(what_became_of_an_expected_record_is_told_anew_after_an_ingest),
                world_test(topics_keep_their_tags_over_a_reload),
                world_test(a_pause_is_not_the_end_of_an_ingest),
                world_test(a_loss_is_told_when_the_grace_is_over),
                world_test(an_ingest_without_an_end_hides_no_loss),
                world_test(who_says_that_an_ingest_is_over_is_told_at_once),
                world_test(what_stands_still_as_no_replay_saw_it_is_replayed),
                world_test(replays_in_the_middle_of_an_ingest_are_no_samples),
                world_test(a_home_of_an_earlier_life_is_known_at_once),
                world_test(default_bands_are_those_of_the_space),
                world_test(a_failed_probe_adds_what_it_found_and_takes_nothing),
                world_test(a_baseline_that_cannot_be_read_is_told_by_a_replay),
                world_test(what_is_new_of_a_baseline_waits_for_the_replay),
                world_test(who_waits_is_answered_with_the_verdict),
                world_test(a_replay_under_way_does_not_count),
                world_test(who_does_not_wait_is_answered_at_once),
                world_test(however_many_ask_without_waiting_are_one_request),
                world_test(waiting_ends_with_the_collection_or_the_daemon),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
